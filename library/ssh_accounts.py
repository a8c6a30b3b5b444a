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
- name: Determine who could not log in any more
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

import grp
import os
import pwd
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.hostpaths import KEYS

ARGUMENT_SPEC: dict[str, Any] = {
    "groups": {"type": "list", "elements": "str"},
    "keyed": {"type": "list", "elements": "str", "default": []},
    "unkeyed": {"type": "list", "elements": "str", "default": []},
    "drop_ins": {"type": "dict", "default": {}},
}
_NO_SHELLS = ("nologin", "false", "sync", "shutdown", "halt", "broker-transport")
_SSHD = Path("/etc/ssh")
_MADE_UP = "made-up-member"
# Several lines of these add up, and more of them does no harm.
_ADDING = ("allowgroups", "denyusers", "hostkey", "setenv")
# An operator may have chosen other numbers before: no door opens by them.
_NUMBERS = ("logingracetime", "maxstartups", "clientalive", "persource")
# Each of them can keep out an account that the others let in.
_LISTS = ("AllowUsers", "AllowGroups", "DenyGroups")
_GROUP = re.compile(r"^[ \t]*Match[ \t]+Group[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ERROR = "(error)"
Options = Mapping[str, list[str]]
Run = Callable[..., tuple[int, str, str]]


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def ask(name: str) -> Options:
        command = ["sshd", "-T", "-C", f"user={name},host=localhost,addr=127.0.0.1"]
        code, output, error = module.run_command(command)
        if code:
            module.fail_json(msg=f"sshd does not report its options: {error.strip()}")
        return parse_options(output)

    people = [account for account in pwd.getpwall() if _has_shell(account)]
    enter = can_enter(people, ask, passwords())
    groups, keyed = module.params["groups"], set(module.params["keyed"])
    module.exit_json(
        changed=False,
        shut_out=[] if groups is None else shut_out(enter, set(groups)),
        strangers=strangers(enter, keyed, KEYS),
        keyless=keyless(enter, set(module.params["unkeyed"])),
        problems=[*problems(module, _SSHD, KEYS)],
    )


@dataclass(frozen=True)
class Entrant:
    """An account that can log in now, with the groups of its login; ``by_key`` or by password.

    ``own_key`` tells whether a key is in the home, where sshd looks by default.
    """

    name: str
    groups: set[str]
    by_key: bool
    own_key: bool


def can_enter(
    accounts: Iterable[pwd.struct_passwd], ask: Callable[[str], Options], have_passwords: set[str]
) -> list[Entrant]:
    """Those who can log in now."""
    found = []
    for account in accounts:
        name, mine, options = account.pw_name, groups_of(account), ask(account.pw_name)
        by_key = has_key(account, options)
        by_password = name in have_passwords and takes_password(name, options)
        if is_allowed(name, mine, options) and (by_key or by_password):
            home = Path(account.pw_dir, ".ssh")
            own = any(_has_text(home / f) for f in ("authorized_keys", "authorized_keys2"))
            found.append(Entrant(name, mine, by_key, own))
    return found


def shut_out(enter: Iterable[Entrant], groups: set[str]) -> list[str]:
    """Names of those who could not log in any more by a key as a member of the groups."""
    return sorted(one.name for one in enter if not (one.by_key and one.groups & groups))


def strangers(enter: Iterable[Entrant], keyed: set[str], keys: Path) -> list[str]:
    """Names of those whose keys would not count any more, as the broker's alone do."""
    members = (one.name for one in enter if one.groups & keyed)
    return sorted(name for name in members if not (keys / name).exists())


def keyless(enter: Iterable[Entrant], unkeyed: set[str]) -> list[str]:
    """Names of those who had no key any more, once those that the broker keeps do not count."""
    return sorted(one.name for one in enter if one.groups & unkeyed and not one.own_key)


@dataclass(frozen=True)
class Probe:
    """An account for which sshd is asked, or a made-up member of one group.

    ``alike`` are all accounts in the same groups: hundreds need not be asked for one by one.
    """

    name: str
    groups: set[str]
    words: str
    alike: tuple[str, ...] = ()


def problems(module: AnsibleModule, folder: Path, keys: Path) -> Iterator[str]:
    """What keeps sshd from doing what the drop-ins say, a clause each."""
    drop_ins = {name: text for name, text in module.params["drop_ins"].items() if text}
    config = folder / "sshd_config"
    if drop_ins and not reads(config.read_text(errors="replace"), folder, [*drop_ins]):
        yield (
            f"{config} reads no {folder}/sshd_config.d/*.conf before its first Match; expected the "
            f"line Include {folder}/sshd_config.d/*.conf at its beginning"
        )
    elif drop_ins:
        seen = dict[str, str]()
        for probe in probes(module.params["keyed"], keys):
            for clause in differences(module.run_command, probe, drop_ins, folder):
                seen.setdefault(clause.partition(" for ")[0], clause)
        yield from seen.values()


def reads(config: str, folder: Path, names: Iterable[str]) -> bool:
    """Whether an ``Include`` outside of any ``Match`` has these files of ``sshd_config.d``."""
    found: set[str] = set()
    in_match = False
    for keyword, *words in filter(None, map(str.split, config.splitlines())):
        if keyword.lower() == "match":
            in_match = [word.lower() for word in words] != ["all"]
        elif keyword.lower() == "include" and not in_match:
            found |= {str(folder / pattern.strip('"')) for pattern in words}
    paths = [str(folder / "sshd_config.d" / name) for name in names]
    return all(any(fnmatchcase(path, pattern) for pattern in found) for path in paths)


def probes(keyed: list[str], keys: Path) -> list[Probe]:
    """The accounts of the broker, a made-up one for a group without any, and any other."""
    kept = dict[frozenset[str], list[str]]()
    for one in pwd.getpwall():
        groups = groups_of(one) - {one.pw_name}
        if (keys / one.pw_name).exists() and groups & {*keyed}:  # else it is drift, to be mended
            kept.setdefault(frozenset(groups), []).append(one.pw_name)
    real = [
        Probe(names[0], {*groups, names[0]}, names[0], tuple(names))
        for groups, names in kept.items()
    ]
    empty = [group for group in keyed if not any(group in one.groups for one in real)]
    made_up = [Probe(_MADE_UP, {group}, f"a member of {group}") for group in empty]
    return [*real, *made_up, Probe(_MADE_UP, set(), "other accounts")]


def differences(run: Run, probe: Probe, drop_ins: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Where sshd would do other things for an account than the drop-ins say."""
    text = "\n".join(drop_ins[name] for name in sorted(drop_ins))
    with tempfile.TemporaryDirectory() as place:
        alone = Path(place, "alone")
        alone.write_text(_made_for(text, probe))
        wanted = _answer(run, alone, probe)
        found = _answer(run, _copied(folder, drop_ins, probe, Path(place)), probe)
    if errors := [*wanted.get(_ERROR, []), *found.get(_ERROR, [])]:
        yield errors[0]
        return
    needed = ["PubkeyAuthentication"] if probe.groups else []
    for keyword in sorted({*_keywords(text, probe), *needed}):
        values, expected = (of.get(keyword.lower(), []) for of in (found, wanted))
        if not _satisfies(keyword.lower(), values, expected):
            words = (" ".join(one) or "not set" for one in (values, expected))
            yield f"{keyword} is {next(words)} for {probe.words}; expected {next(words)}"
    for option in _LISTS if probe.groups else ():
        patterns = found.get(option.lower(), [])
        alone = {option.lower(): patterns} if patterns else {}
        out = [name for name in probe.alike or [""] if not is_allowed(name, probe.groups, alone)]
        if out:
            yield f"{option} {' '.join(patterns)} does not let in {', '.join(out) or probe.words}"


def _satisfies(keyword: str, found: list[str], wanted: list[str]) -> bool:
    """Whether it is as wanted, or stricter."""
    if keyword.startswith(_NUMBERS) or found == wanted:
        return True
    if keyword in _ADDING:
        return {*wanted} <= {*found}
    if keyword == "permitrootlogin":
        return found == ["no"]
    chosen, offered = ({*" ".join(values).split(",")} for values in (found, wanted))
    return len(offered) > 1 and chosen <= offered


def _keywords(text: str, probe: Probe) -> Iterator[str]:
    """The keywords of drop-ins that count for an account."""
    counts = True
    for line in filter(None, map(str.strip, text.splitlines())):
        if match := _GROUP.match(line):
            counts = _is_matched(match[1], probe)
        elif counts and not line.startswith("#"):
            yield line.split()[0]


def _is_matched(patterns: str, probe: Probe) -> bool:
    names = patterns.split(",")
    refused = [name[1:] for name in names if name.startswith("!")]
    return _matches(probe.groups, names) and not _matches(probe.groups, refused)


def _made_for(text: str, probe: Probe) -> str:
    """A configuration as it counts for the probe: a made-up one is in no group of the host."""
    if probe.name != _MADE_UP:
        return text
    names = {True: _MADE_UP, False: "nobody-at-all"}
    return _GROUP.sub(lambda line: f"Match User {names[_is_matched(line[1], probe)]}", text)


def _copied(folder: Path, drop_ins: Mapping[str, str], probe: Probe, place: Path) -> Path:
    """The configuration of sshd in another folder, with our files in it."""
    parts = {
        path.name: path.read_text(errors="replace")
        for path in (folder / "sshd_config.d").glob("*")
        if path.is_file() and not re.fullmatch(r"\d+-data-broker.*", path.name)
    }
    (place / "sshd_config.d").mkdir()
    for name, text in {**parts, **drop_ins}.items():
        (place / "sshd_config.d" / name).write_text(_made_for(text, probe))
    text = (folder / "sshd_config").read_text(errors="replace")
    here = rf"^(\s*include\s.*?)(?:{re.escape(str(folder))}/)?(?=sshd_config\.d/)"
    moved = re.sub(here, rf"\g<1>{place}/", text, flags=re.IGNORECASE | re.MULTILINE)
    config = place / "sshd_config"
    config.write_text(_made_for(moved, probe))
    return config


def _answer(run: Run, config: Path, probe: Probe) -> Options:
    condition = f"user={probe.name},host=localhost,addr=127.0.0.1"
    code, output, error = run(["sshd", "-T", "-f", str(config), "-C", condition])
    if code == 0:
        return parse_options(output)
    return {_ERROR: [(error.strip().splitlines() or ["sshd -T fails"])[-1]]}


def parse_options(output: str) -> Options:
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


def is_allowed(name: str, groups: set[str], options: Options) -> bool:
    """sshd_config(5): a Deny that matches wins, and where there is an Allow, one must match."""
    users = [pattern.partition("@")[0] for pattern in options.get("allowusers", [])]
    refused = [pattern.partition("@")[0] for pattern in options.get("denyusers", [])]
    if _matches([name], refused) or _matches(groups, options.get("denygroups", [])):
        return False
    if name == "root" and options.get("permitrootlogin") == ["no"]:
        return False
    if users and not _matches([name], users):
        return False
    allowed = options.get("allowgroups", [])
    return not allowed or _matches(groups, allowed)


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def has_key(account: pwd.struct_passwd, options: Options) -> bool:
    """Whether a key is there, or a command may know one."""
    if options.get("pubkeyauthentication") == ["no"]:
        return False
    command = options.get("authorizedkeyscommand", ["none"])
    return command != ["none"] or any(_has_text(path) for path in key_files(account, options))


def takes_password(name: str, options: Options) -> bool:
    """Whether sshd takes a password of this account at all."""
    if name == "root" and options.get("permitrootlogin") != ["yes"]:
        return False
    ways = ("passwordauthentication", "kbdinteractiveauthentication")
    return any(options.get(way) == ["yes"] for way in ways)


def key_files(account: pwd.struct_passwd, options: Options) -> list[Path]:
    """Where sshd looks for keys of an account, as it expands the names: AuthorizedKeysFile."""
    tokens = {"%%": "%", "%h": account.pw_dir, "%u": account.pw_name, "%U": str(account.pw_uid)}
    return [
        Path(account.pw_dir, re.sub("%[%huU]", lambda token: tokens[token[0]], pattern))
        for pattern in options.get("authorizedkeysfile", [])
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
