"""Access classes as accounts know them: each is a Linux group. Which tables belong to a class
stands in ``instance.yaml``; the same inventory variable makes both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...classes import (
    BUILT_IN_CLASSES,
    CLASS_NAME,
    CLASS_NAME_WORDS,
    PUBLIC,
    group_of,
    is_free,
    refused_group,
)
from ...errors import AccountsError, BrokerError, nearest

__all__ = [
    "Classes",
    "check_class",
    "class_groups",
    "parse_classes",
    "read_classes",
    "render_classes",
]

_BUILT_IN = {name: group_of(name) for name in BUILT_IN_CLASSES}


@dataclass(frozen=True, slots=True)
class Classes:
    """Every class of the host with its group; ``public`` and ``private`` always exist."""

    groups: Mapping[str, str] = field(default_factory=lambda: dict(_BUILT_IN))

    @property
    def public_group(self) -> str:
        """The group of all analysts."""
        return self.groups[PUBLIC]

    def declared(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are declared, sorted, without ``public``."""
        return tuple(sorted((set(names) & self.groups.keys()) - {PUBLIC}))

    def groups_of(self, names: Iterable[str]) -> frozenset[str]:
        """The groups that reading these classes takes, that of ``public`` among them."""
        return frozenset({self.public_group, *(self.groups[name] for name in self.declared(names))})

    def check(self, names: Iterable[str], *, where: str) -> tuple[str, ...]:
        """The classes beyond public, when all are declared. Raises ``AccountsError``."""
        unknown = sorted(set(names) - self.groups.keys())
        if unknown:
            near = nearest(unknown[0], self.groups)
            raise AccountsError(
                "there is no such access class",
                where=where,
                expected=", ".join(sorted(self.groups)),
                found=repr(unknown[0][:40]),
                remedy=f"Did you mean {near}?"
                if near
                else "Declare it in broker_access_classes and run site.yml.",
            )
        return self.declared(names)


def parse_classes(declared: Mapping[str, Any], *, where: str) -> Classes:
    """Classes by name, each as ``class_groups`` reads it. Raises ``AccountsError``."""
    for name in declared:
        check_class(name, where=where)
    groups = class_groups(declared)
    for name in groups:
        _check_group(name, groups, where)
    return Classes(dict(sorted(groups.items())))


def class_groups(declared: Mapping[str, Any]) -> dict[str, str]:
    """The group of every class by its name; nothing is refused.

    An entry is the group alone or what ``broker_access_classes`` says of it; none means
    ``data-NAME``.
    """
    groups = dict(_BUILT_IN)
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
            expected=CLASS_NAME_WORDS,
            found=repr(name[:40]),
        )
    return name


def _check_group(name: str, groups: Mapping[str, str], where: str) -> None:
    refusal = refused_group(name, groups)
    if refusal is not None:
        raise AccountsError(
            refusal.message,
            where=where,
            expected=refusal.expected,
            found=repr(groups[name][:40]),
            remedy=refusal.remedy,
        )


def render_classes(classes: Classes) -> str:
    """The classes as the text of their file."""
    return json.dumps(dict(sorted(classes.groups.items())), indent=2) + "\n"


def read_classes(text: str, *, where: str) -> Classes:
    """The classes that a file says. Raises ``BrokerError``: unreadable is not the default."""
    try:
        document = json.loads(text)
        others = {name: group for name, group in document.items() if name != PUBLIC}
        groups = {
            **parse_classes(others, where=where).groups,
            # Earlier releases took another group for public; the next deploy puts it right.
            PUBLIC: class_groups({PUBLIC: document.get(PUBLIC)})[PUBLIC],
        }
        if not is_free(groups[PUBLIC]):
            raise ValueError(f"public has the group {groups[PUBLIC][:40]!r}")
        return Classes(groups)
    except (AccountsError, AttributeError, ValueError) as error:
        raise BrokerError(
            "the list of access classes cannot be read, so nothing was changed",
            where=where,
            found=f"{type(error).__name__}: {error}",
            remedy="Run site.yml, which writes it anew.",
        ) from error
