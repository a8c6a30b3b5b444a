"""Who an analyst is, and what a caller asks about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..errors import AccountsError
from .keys import Key, parse_keys
from .names import check_email, check_name, place

__all__ = [
    "CLASS_GROUPS",
    "PUBLIC_GROUP",
    "Analyst",
    "HomePolicy",
    "Origin",
    "Request",
    "State",
    "parse_request",
]

State = Literal["present", "absent"]
Origin = Literal["declared", "registry"]
HomePolicy = Literal["archive", "delete"]

PUBLIC_GROUP = "dataread"
CLASS_GROUPS: Mapping[str, str] = MappingProxyType({"private": "data-private"})


@dataclass(frozen=True, slots=True)
class Analyst:
    """One entry of the registry. ``state`` absent means: on the way out, not all of it gone yet.

    ``classes`` are the access classes beyond public. ``origin`` says whether the inventory
    declares the person or somebody added them on the way. ``home`` is what leaving does to it.
    """

    name: str
    uid: int
    email: str | None = None
    keys: tuple[Key, ...] = ()
    classes: tuple[str, ...] = ()
    state: State = "present"
    origin: Origin = "registry"
    home: HomePolicy = "archive"

    @property
    def private(self) -> bool:
        """Whether this person reads private data."""
        return "private" in self.classes

    @property
    def groups(self) -> frozenset[str]:
        """The supplementary groups that the account has, exactly."""
        return frozenset({PUBLIC_GROUP, *(CLASS_GROUPS[name] for name in self.classes)})


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller wants of one analyst; None leaves a thing as it is on the host.

    For somebody new, ``keys`` must be given, and ``private`` None means no. A request of
    origin ``declared`` is the whole truth: there, too, ``private`` None means no.
    """

    name: str
    email: str | None = None
    keys: tuple[Key, ...] | None = None
    private: bool | None = None
    state: State = "present"
    origin: Origin = "registry"
    home: HomePolicy = "archive"


def parse_request(
    name: str,
    *,
    email: str | None = None,
    keys: Sequence[str] | None = None,
    private: bool | None = None,
    state: State = "present",
    origin: Origin = "registry",
    home: HomePolicy = "archive",
) -> Request:
    """A request from raw text, fully checked. Raises ``AccountsError`` and changes nothing."""
    where = place(check_name(name))
    if keys is not None and not keys and state == "present":
        raise AccountsError(
            "the list of keys is empty, so nobody could log in",
            where=where,
            remedy="Give at least one key, leave the list out to keep them, or remove the analyst.",
        )
    return Request(
        name=name,
        email=check_email(email, where=where) if email else None,
        keys=parse_keys(keys, where=where) if keys is not None else None,
        private=private,
        state=state,
        origin=origin,
        home=home,
    )
