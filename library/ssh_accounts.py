#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: accounts that log in now, and could not with a key and a list of groups."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssh_accounts
short_description: Find accounts that keys alone, and a list of groups, would shut out of ssh
version_added: "0.2.0"
description:
  - Asks sshd for every account with a login shell what it does today (C(sshd -T -C user=NAME)).
  - An account is shut out if it can log in now, by a public key that is there, by a command that
    looks for keys or by a password that is set, and has no key or is in none of the groups.
  - Changes nothing.
options:
  groups:
    description: Groups whose members may log in from now on.
    type: list
    elements: str
    required: true
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
- name: Determine who could not log in any more
  ssh_accounts:
    groups: [root, sudo, adm]
  register: ssh_accounts
"""

RETURN = r"""
shut_out:
  description: Names of the accounts, sorted.
  returned: success
  type: list
  elements: str
  sample: [deploy, monitoring]
"""

import grp
import os
import pwd
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC: dict[str, Any] = {
    "groups": {"type": "list", "elements": "str", "required": True},
}
_NO_SHELLS = ("nologin", "false", "sync", "shutdown", "halt", "broker-transport")
Told = Mapping[str, list[str]]


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def ask(name: str) -> Told:
        asked = ["sshd", "-T", "-C", f"user={name},host=localhost,addr=127.0.0.1"]
        code, output, error = module.run_command(asked)
        if code:
            module.fail_json(msg=f"sshd does not say what it would do: {error.strip()}")
        return told(output)

    others = [account for account in pwd.getpwall() if _has_shell(account)]
    names = shut_out(others, set(module.params["groups"]), ask, passwords())
    module.exit_json(changed=False, shut_out=names)


def shut_out(
    accounts: Iterable[pwd.struct_passwd],
    groups: set[str],
    ask: Callable[[str], Told],
    have_passwords: set[str],
) -> list[str]:
    """Names of those who can log in now, and could not by a key as a member of the groups."""
    found = set()
    for account in accounts:
        name, mine, said = account.pw_name, groups_of(account), ask(account.pw_name)
        if not is_allowed(name, mine, said):
            continue
        by_key = has_key(account, said)
        by_password = name in have_passwords and takes_password(name, said)
        if (by_key or by_password) and not (by_key and mine & groups):
            found.add(name)
    return sorted(found)


def told(output: str) -> Told:
    """What ``sshd -T`` prints, by option; an option may have several lines and several words."""
    options: dict[str, list[str]] = {}
    for line in filter(None, map(str.split, output.splitlines())):
        name, *words = line
        options.setdefault(name.lower(), []).extend(words)
    return options


def groups_of(account: pwd.struct_passwd) -> set[str]:
    """Names of all groups that a login would have; a gid without a group has none."""
    names = set()
    for gid in os.getgrouplist(account.pw_name, account.pw_gid):
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return names


def is_allowed(name: str, groups: set[str], said: Told) -> bool:
    """sshd_config(5): a Deny that matches wins, and where there is an Allow, one must match."""
    users = [pattern.partition("@")[0] for pattern in said.get("allowusers", [])]
    refused = [pattern.partition("@")[0] for pattern in said.get("denyusers", [])]
    if _matches([name], refused) or _matches(groups, said.get("denygroups", [])):
        return False
    if name == "root" and said.get("permitrootlogin") == ["no"]:
        return False
    if users and not _matches([name], users):
        return False
    allowed = said.get("allowgroups", [])
    return not allowed or _matches(groups, allowed)


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def has_key(account: pwd.struct_passwd, said: Told) -> bool:
    """Whether a key is there, or a command may know one."""
    if said.get("pubkeyauthentication") == ["no"]:
        return False
    command = said.get("authorizedkeyscommand", ["none"])
    return command != ["none"] or any(_has_text(path) for path in key_files(account, said))


def takes_password(name: str, said: Told) -> bool:
    """Whether sshd takes a password of this account at all."""
    if name == "root" and said.get("permitrootlogin") != ["yes"]:
        return False
    ways = ("passwordauthentication", "kbdinteractiveauthentication")
    return any(said.get(way) == ["yes"] for way in ways)


def key_files(account: pwd.struct_passwd, said: Told) -> list[Path]:
    """Where sshd looks for keys of an account, as it expands the names: AuthorizedKeysFile."""
    tokens = {"%%": "%", "%h": account.pw_dir, "%u": account.pw_name, "%U": str(account.pw_uid)}
    return [
        Path(account.pw_dir, re.sub("%[%huU]", lambda token: tokens[token[0]], pattern))
        for pattern in said.get("authorizedkeysfile", [])
    ]


def _has_text(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def passwords() -> set[str]:
    """Accounts with a password that opens something."""
    lines = [line.split(":") for line in Path("/etc/shadow").read_text().splitlines()]
    return {line[0] for line in lines if len(line) > 1 and line[1].startswith(("$", "_"))}


def _has_shell(account: pwd.struct_passwd) -> bool:
    return Path(account.pw_shell or "/bin/sh").name not in _NO_SHELLS


if __name__ == "__main__":
    main()
