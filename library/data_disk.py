#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: whether the disk with the store of a broker is the one that the host knows."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: data_disk
short_description: Mark the store of a data broker, and refuse when it is missing
version_added: "0.2.0"
description:
  - Writes an id into the store, and the same into C(/var/lib/data-broker/store.json), which is on
    another disk where the data have one of their own.
  - Fails, before anything changes, where the host knows a store that is not there, and where
    C(/etc/fstab) mounts a disk on the way to the store and it is not mounted.
  - A store that has an id is taken over by a host that knows none.
extends_documentation_fragment: turn
options:
  path:
    description: The folder of the store.
    type: str
    required: true
  group:
    description: The group that may read the id. Root's where the host has no such group.
    type: str
    default: data-ops
  accept:
    description: The word of a refusal, by which a new store takes the place of the old one.
    type: str
    default: ""
attributes:
  check_mode:
    description: Refuses what a run would refuse, and leaves the disk as it is.
    support: full
  diff_mode:
    description: Shows the id that the host knows, before and after.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - Root on the host.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that the host knows its store
  data_disk:
    path: /data/src_data
"""

RETURN = r"""
step:
  description: What was done or would be.
  returned: success
  type: str
  sample: keep
"""

import grp
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.classes import OPERATOR_GROUP
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.hostpaths import STORE_RECORD
from ansible.module_utils.broker.mark import MarkStep, apply, find_store, mark_step
from ansible.module_utils.broker.turn import mine

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "group": {"type": "str", "default": OPERATOR_GROUP},
    "accept": {"type": "str", "default": ""},
    "turn": {"type": "str", "default": ""},
}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    store, words = Path(module.params["path"]), module.params
    try:
        seen = find_store(store, STORE_RECORD)
        step = mark_step(seen, words["accept"])
        before = seen.mark.id if seen.mark else "none"
        after = "a new one" if step is MarkStep.MAKE else seen.found
        if not module.check_mode:
            with mine(words["turn"]):
                after = apply(step, seen, _gid(words["group"]), STORE_RECORD)
    except (BrokerError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=step is not MarkStep.KEEP,
        step=str(step),
        diff={"before": f"store {before}\n", "after": f"store {after}\n"},
    )


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return os.getegid()


if __name__ == "__main__":
    main()
