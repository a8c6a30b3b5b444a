#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: the store of another host, given to the accounts of this one."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: store_accounts
short_description: Ensure that the store of a data broker belongs to the accounts of this host
version_added: "0.2.0"
description:
  - A disk that comes from another host has the numbers of the accounts over there. Gives what was
    published there to the service, operators and classes of this host, and its input files to the
    service's group.
  - On a host that published into the store itself, looks only at who owns its generations.
extends_documentation_fragment: turn
options:
  path:
    description: The folder of the store.
    type: str
    required: true
  inputs:
    description: The folder with files that the service reads.
    type: str
    required: true
  access_classes:
    description:
      - The access classes, with the groups that they have on this host, as
        C(broker_access_classes).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Tells whether a run would change owners, and leaves the disk as it is.
    support: full
  diff_mode:
    description: Shows whose the store is, before and after.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - Root on the host. Where its accounts are to come, nothing is done.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that a store of another host belongs to the accounts of this one
  store_accounts:
    path: /data/src_data
    inputs: /data/input
"""

RETURN = r"""
adopted:
  description: Whether owners and groups were, or would be, changed.
  returned: success
  type: bool
  sample: false
"""

import grp
import pwd
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts.records.classes import class_groups
from ansible.module_utils.broker.adoption import StoreIds, adopt, is_foreign
from ansible.module_utils.broker.classes import CATALOG_GROUP, OPERATOR_GROUP, PUBLIC, SERVICE
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.hostpaths import STORE_OWNERS, STORE_RECORD
from ansible.module_utils.broker.mark import find_store
from ansible.module_utils.broker.turn import mine

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "inputs": {"type": "str", "required": True},
    "access_classes": {"type": "dict", "default": {}},
    "turn": {"type": "str", "default": ""},
}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    store, inputs = Path(module.params["path"]), Path(module.params["inputs"])
    accounts = _accounts(module.params["access_classes"])
    try:
        seen = find_store(store, STORE_RECORD)
        known = seen.found is None or (seen.mark is not None and seen.mark.id == seen.found)
        foreign = accounts is not None and is_foreign(store, accounts, STORE_OWNERS, known=known)
        if accounts is not None and foreign and not module.check_mode:
            with mine(module.params["turn"]):
                adopt(store, inputs, accounts, STORE_OWNERS)
    except (BrokerError, OSError) as error:
        module.fail_json(msg=str(error))
    before = "another host's" if foreign else "this host's"
    diff = {"before": f"accounts: {before}\n", "after": "accounts: this host's\n"}
    module.exit_json(changed=foreign, adopted=foreign, diff=diff)


def _accounts(declared: dict[str, Any]) -> StoreIds | None:
    """None where accounts of the broker are to come. A class without readers may have no group."""
    numbers = {name: _gid(group) for name, group in class_groups(declared).items()}
    classes = {name: gid for name, gid in numbers.items() if gid is not None}
    operators = _gid(OPERATOR_GROUP)
    try:
        service = pwd.getpwnam(SERVICE)
    except KeyError:
        return None
    if operators is None or PUBLIC not in classes:
        return None
    return StoreIds(service.pw_uid, service.pw_gid, operators, classes, _gid(CATALOG_GROUP))


def _gid(group: str) -> int | None:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


if __name__ == "__main__":
    main()
