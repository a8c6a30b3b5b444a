#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: what is known of the analysts of a broker host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: analyst_info
short_description: List the analysts and the operators of a data broker
version_added: "0.2.0"
description:
  - Returns every account that the broker keeps, with what they may read, their keys and where each
    entry came from. Changes nothing.
options:
  names:
    description: Only these analysts. An unknown name is an error.
    type: list
    elements: str
attributes:
  check_mode:
    description: It only looks.
    support: full
  diff_mode:
    description: There is never a difference.
    support: none
  idempotent:
    description: It changes nothing.
    support: full
requirements:
  - A Debian host, root on it.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Determine who is an analyst
  analyst_info:
  register: __analysts
"""

RETURN = r"""
analysts:
  description:
    - All of them, or those requested, as M(analyst) returns them.
    - Beside that C(host), the state on the host, which is V(ok), V(drift), V(leaving) or V(taken);
      C(problem), why a home cannot be read, or null;
      C(last_login) and C(last_sync), moments in UTC or null, as far as the journal reaches back;
      C(certificates), those that have not ended, with C(serial), C(fingerprint) of the key,
      C(since) and C(until); C(space), the C(bytes) and C(files) of C(user/), or null where it
      cannot be measured.
  returned: success
  type: list
  elements: dict
operators:
  description:
    - Every operator, or those requested, as M(analyst) returns them, with C(host) and
      C(problem) as above.
  returned: success
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts.debian.host import Host
from ansible.module_utils.broker.accounts.manage import list_analysts, list_operators
from ansible.module_utils.broker.accounts.records.names import unknown_person
from ansible.module_utils.broker.errors import BrokerError

ARGUMENT_SPEC: dict[str, Any] = {"names": {"type": "list", "elements": "str"}}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names = module.params["names"]
    try:
        host = Host()
        analysts, operators = list_analysts(host), list_operators(host)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    known = [row["name"] for row in (*analysts, *operators)]
    for name in names or ():
        if name not in known:
            module.fail_json(msg=str(unknown_person(name, known)))
    module.exit_json(
        changed=False,
        analysts=[row for row in analysts if names is None or row["name"] in names],
        operators=[row for row in operators if names is None or row["name"] in names],
    )


if __name__ == "__main__":
    main()
