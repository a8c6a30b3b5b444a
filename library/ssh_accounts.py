#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: accounts that log in now, and could not with a key and a list of groups."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssh_accounts
short_description: Find accounts that could log in by ssh, and could not any more
version_added: "0.2.0"
description:
  - Asks sshd for every account with a login shell what it does today (C(sshd -T -C user=NAME)).
  - An account is shut out if it can log in now, by a public key that is there, by a command that
    looks for keys or by a password that is set, and has no key or is in none of the groups.
  - A member of one of the O(keyed) groups is shut out unless the broker keeps a key of theirs.
  - A member of one of the O(unkeyed) groups is shut out unless a key is in their home.
  - Asks sshd, too, what it would do with O(drop_ins) beside all else that it reads, for those whom
    the broker keeps, or where there are none for a made-up member of each of the O(keyed) groups.
  - Changes nothing.
options:
  groups:
    description: Groups whose members alone may log in from now on. Left out, all may.
    type: list
    elements: str
  keyed:
    description:
      - Groups whose members enter with the keys in C(/etc/data-broker/authorized_keys) alone from
        now on.
    type: list
    elements: str
    default: []
  unkeyed:
    description:
      - Groups whose members enter with the keys in C(/etc/data-broker/authorized_keys) no more.
    type: list
    elements: str
    default: []
  drop_ins:
    description: Text of files in C(/etc/ssh/sshd_config.d) by name, as they will be; '' for none.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Changes nothing, so a check is a run.
    support: full
  diff_mode:
    description: Nothing differs.
    support: none
requirements:
  - root
  - sshd
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Determine which accounts a new configuration of sshd would shut out
  ssh_accounts:
    groups: [root, sudo, adm]
  register: ssh_accounts
"""

RETURN = r"""
shut_out:
  description: Names of the accounts that have no key, or are in none of O(groups), sorted.
  returned: success
  type: list
  elements: str
  sample: [deploy, monitoring]
strangers:
  description: Names of those in one of the O(keyed) groups whom the broker does not keep, sorted.
  returned: success
  type: list
  elements: str
  sample: [anna]
keyless:
  description: Names of those in one of the O(unkeyed) groups who have no other key, sorted.
  returned: success
  type: list
  elements: str
  sample: [olga]
problems:
  description: What keeps sshd from doing what O(drop_ins) say, a clause each.
  returned: success
  type: list
  elements: str
  sample: ["AllowUsers root does not let in a member of dataread"]
"""

import pwd
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.hostpaths import KEYS
from ansible.module_utils.broker.logins.drop_ins import problems
from ansible.module_utils.broker.logins.entrants import (
    can_enter,
    has_shell,
    keyless,
    passwords,
    shut_out,
    strangers,
)
from ansible.module_utils.broker.logins.options import Options, parse_options

ARGUMENT_SPEC: dict[str, Any] = {
    "groups": {"type": "list", "elements": "str"},
    "keyed": {"type": "list", "elements": "str", "default": []},
    "unkeyed": {"type": "list", "elements": "str", "default": []},
    "drop_ins": {"type": "dict", "default": {}},
}
_SSHD = Path("/etc/ssh")


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def ask(name: str) -> Options:
        command = ["sshd", "-T", "-C", f"user={name},host=localhost,addr=127.0.0.1"]
        code, output, error = module.run_command(command)
        if code:
            module.fail_json(msg=f"sshd does not report its options: {error.strip()}")
        return parse_options(output)

    people = [account for account in pwd.getpwall() if has_shell(account)]
    enter = can_enter(people, ask, passwords())
    groups, keyed = module.params["groups"], module.params["keyed"]
    module.exit_json(
        changed=False,
        shut_out=[] if groups is None else shut_out(enter, set(groups)),
        strangers=strangers(enter, {*keyed}, KEYS),
        keyless=keyless(enter, {*module.params["unkeyed"]}),
        problems=[
            *problems(module.run_command, module.params["drop_ins"], keyed, folder=_SSHD, keys=KEYS)
        ],
    )


if __name__ == "__main__":
    main()
