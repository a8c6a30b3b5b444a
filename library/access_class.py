#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: the access classes that analysts of a broker host can hold."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: access_class
short_description: Declare the access classes of a data broker
version_added: "0.2.0"
description:
  - Writes C(/etc/data-broker/access_classes.json), which tells which Linux group stands for which
    class, and makes the groups.
  - C(public) (C(dataread)) and C(private) (C(data-private)) always exist.
  - Which tables belong to a class stands in C(instance.yaml), made from the same variable.
  - A class that an analyst holds cannot be taken away.
options:
  classes:
    description:
      - Every class by its name. Each is a dictionary as in C(broker_access_classes), of which only
        C(group) counts here; the name of the group alone; or nothing, which means C(data-NAME).
    type: dict
    required: true
attributes:
  check_mode:
    description: Tells what would be done and leaves the disk as it is, byte for byte.
    support: full
  diff_mode:
    description: Shows the classes before and after.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - A Debian host, root on it.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that finance and hr are classes of their own
  access_class:
    classes:
      finance:
      hr:
        group: people
        folders: [salaries]
"""

RETURN = r"""
classes:
  description: The group of every class, as they are now or would be.
  returned: success
  type: dict
  sample: {"public": "dataread", "private": "data-private", "finance": "data-finance"}
actions:
  description: What was done or would be, one sentence each; empty when everything is as asked.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts import DebianSystem, Layout, converge, parse_classes
from ansible.module_utils.broker.errors import BrokerError

ARGUMENT_SPEC: dict[str, Any] = {"classes": {"type": "dict", "required": True}}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        classes = parse_classes(module.params["classes"], where="classes")
        outcome = converge((), Layout(), DebianSystem(), check=module.check_mode, classes=classes)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(
        changed=outcome.changed,
        actions=list(outcome.actions),
        classes=dict(classes.groups),
        diff={"before": outcome.before, "after": outcome.after},
    )


if __name__ == "__main__":
    main()
