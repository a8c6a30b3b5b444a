"""What sshd does for an account, as ``sshd -T`` prints it, and what that lets in.

The rules are those of sshd_config(5).
"""

from __future__ import annotations

import pwd
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

__all__ = [
    "Options",
    "RunCommand",
    "has_key",
    "has_text",
    "is_allowed",
    "key_files",
    "matches",
    "parse_options",
    "takes_password",
]

Options = Mapping[str, list[str]]
RunCommand = Callable[..., tuple[int, str, str]]
"""Runs a command: its exit code, what it prints, and its errors."""


def parse_options(output: str) -> Options:
    """What ``sshd -T`` prints, by option; an option may have several lines and several words."""
    options: dict[str, list[str]] = {}
    for line in filter(None, map(str.split, output.splitlines())):
        name, *words = line
        options.setdefault(name.lower(), []).extend(words)
    return options


def is_allowed(name: str, groups: set[str], options: Options) -> bool:
    """sshd_config(5): a Deny that matches wins, and where there is an Allow, one must match."""
    users = [pattern.partition("@")[0] for pattern in options.get("allowusers", [])]
    refused = [pattern.partition("@")[0] for pattern in options.get("denyusers", [])]
    if matches([name], refused) or matches(groups, options.get("denygroups", [])):
        return False
    if name == "root" and options.get("permitrootlogin") == ["no"]:
        return False
    if users and not matches([name], users):
        return False
    allowed = options.get("allowgroups", [])
    return not allowed or matches(groups, allowed)


def matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    """Whether a pattern of sshd has any of the names."""
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def has_key(account: pwd.struct_passwd, options: Options) -> bool:
    """Whether a key is there, or a command may know one."""
    if options.get("pubkeyauthentication") == ["no"]:
        return False
    command = options.get("authorizedkeyscommand", ["none"])
    return command != ["none"] or any(has_text(path) for path in key_files(account, options))


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


def has_text(path: Path) -> bool:
    """Whether a file is there and not empty."""
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
