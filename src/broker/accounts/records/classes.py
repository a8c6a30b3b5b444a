"""Access classes as accounts know them: each is a Linux group. Which tables belong to a class
stands in ``instance.yaml``; the same inventory variable makes both."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...classes import CLASS_NAME, GROUP_NAME, PUBLIC, STANDING_CLASSES, group_of
from ...errors import AccountsError, BrokerError
from .names import RESERVED_NAMES

__all__ = [
    "OPERATOR_GROUP",
    "SHELL_GROUP",
    "SUDO_GROUP",
    "Classes",
    "check_class",
    "class_groups",
    "parse_classes",
    "read_classes",
    "render_classes",
]

SHELL_GROUP = "data-shell"
OPERATOR_GROUP = "data-ops"
SUDO_GROUP = "data-sudo"
_OWN_GROUPS = frozenset({"broker", OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP})
_RESERVED_STARTS = ("broker-", "systemd-")
_STANDING = {name: group_of(name) for name in STANDING_CLASSES}


@dataclass(frozen=True, slots=True)
class Classes:
    """Every class of the host with its group; ``public`` and ``private`` always exist."""

    groups: Mapping[str, str] = field(default_factory=lambda: dict(_STANDING))

    @property
    def public_group(self) -> str:
        """The group of all analysts."""
        return self.groups[PUBLIC]

    def held(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are declared, sorted, without ``public``."""
        return tuple(sorted((set(names) & self.groups.keys()) - {PUBLIC}))

    def groups_of(self, names: Iterable[str]) -> frozenset[str]:
        """The groups that reading these classes takes, that of ``public`` among them."""
        return frozenset({self.public_group, *(self.groups[name] for name in self.held(names))})

    def check(self, names: Iterable[str], *, where: str) -> tuple[str, ...]:
        """The classes beyond public, when all are declared. Raises ``AccountsError``."""
        unknown = sorted(set(names) - self.groups.keys())
        if unknown:
            near = difflib.get_close_matches(unknown[0], self.groups, n=1)
            raise AccountsError(
                "there is no such access class",
                where=where,
                expected=", ".join(sorted(self.groups)),
                found=repr(unknown[0][:40]),
                remedy=f"Did you mean {near[0]}?"
                if near
                else "Declare it in broker_access_classes and run site.yml.",
            )
        return self.held(names)


def parse_classes(declared: Mapping[str, Any], *, where: str) -> Classes:
    """Classes by name, each as ``class_groups`` reads it. Raises ``AccountsError``."""
    for name in declared:
        check_class(name, where=where)
    groups = class_groups(declared)
    for name, group in groups.items():
        _check_group(name, group, groups, where)
    return Classes(dict(sorted(groups.items())))


def class_groups(declared: Mapping[str, Any]) -> dict[str, str]:
    """The group of every class by its name; nothing is refused.

    An entry is the group alone or what ``broker_access_classes`` says of it; none means
    ``data-NAME``.
    """
    groups = dict(_STANDING)
    for name, entry in declared.items():
        group = entry.get("group") if isinstance(entry, Mapping) else entry
        groups[name] = group_of(name, str(group) if group else None)
    return groups


def check_class(name: str, *, where: str) -> str:
    """The name itself, when it may be a class's: it becomes a folder. Raises ``AccountsError``."""
    if not re.fullmatch(CLASS_NAME, name):
        raise AccountsError(
            "this is not a name for an access class",
            where=where,
            expected="1 to 31 of a-z, 0-9 and '-', beginning with a letter, and not 'tree'",
            found=repr(name[:40]),
        )
    return name


def _check_group(name: str, group: str, groups: Mapping[str, str], where: str) -> None:
    others = [other for other, taken in groups.items() if taken == group and other != name]
    if others:
        raise AccountsError(
            f"the classes {name} and {others[0]} have the same group",
            where=where,
            found=group,
            remedy="Give each class a group of its own.",
        )
    is_reserved = group in _OWN_GROUPS | RESERVED_NAMES or group.startswith(_RESERVED_STARTS)
    if not re.fullmatch(GROUP_NAME, group) or is_reserved:
        raise AccountsError(
            f"this cannot be the group of the class {name}",
            where=where,
            expected="a group that is neither the system's nor the broker's own",
            found=repr(group[:40]),
        )


def render_classes(classes: Classes) -> str:
    """The classes as the text of their file."""
    return json.dumps(dict(sorted(classes.groups.items())), indent=2) + "\n"


def read_classes(text: str, *, where: str) -> Classes:
    """The classes that a file says. Raises ``BrokerError``: unreadable is not the default."""
    try:
        document = json.loads(text)
        return parse_classes(document, where=where)
    except (AccountsError, AttributeError, ValueError) as error:
        raise BrokerError(
            "the list of access classes cannot be read, so nothing was changed",
            where=where,
            found=f"{type(error).__name__}: {error}",
            remedy="Run site.yml, which writes it anew.",
        ) from error
