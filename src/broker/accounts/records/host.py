"""A host as it was found: accounts, key files, homes and the registry, all plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...classes import FIRST_PERSON_UID
from .certificates import Authority, Certificate
from .classes import Classes
from .node import Node
from .registry import Registry

__all__ = ["Accounts", "HostUser", "KeyFile", "Observed", "Presence"]


@dataclass(frozen=True, slots=True)
class HostUser:
    """A line of passwd with what shadow and group say of it.

    ``groups`` are the supplementary ones, and those that the account could join by itself.
    ``shadow`` tells that the line in shadow exists.
    """

    name: str
    uid: int
    gid: int
    gecos: str
    home: str
    shell: str
    groups: frozenset[str] = frozenset()
    expired: bool = False
    password: bool = False
    shadow: bool = True


@dataclass(frozen=True, slots=True)
class Accounts:
    """The whole user database. ``uid_range`` is what login.defs gives to people, both included.

    ``named`` are all names in the line of a group, also such as only a directory service knows.
    """

    users: Mapping[str, HostUser]
    groups: Mapping[str, int]
    uid_range: tuple[int, int] = (FIRST_PERSON_UID, 59_999)
    named: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def members(self, group: str) -> frozenset[str]:
        """Who is in a group, by its line or as their own; empty where the group does not exist."""
        gid = self.groups.get(group)
        own = {user.name for user in self.users.values() if user.gid == gid}
        return self.named.get(group, frozenset()) | own


@dataclass(frozen=True, slots=True)
class KeyFile:
    """An authorized_keys file; ``text`` is None for anything but a plain, readable file."""

    text: str | None
    mode: int
    uid: int


@dataclass(frozen=True, slots=True)
class Presence:
    """All that stands on the host of one person.

    ``group`` is the gid of the group with the same name. ``home`` maps a path below the home
    ('' is the home) to what stands there. ``running`` holds the groups of the processes that
    run under the uid, and is None when none does. ``limited`` tells that their slice has the
    limits of analysts, ``masked`` that they get no manager of user units. ``foreign`` are some
    names in the home that the broker did not make, ``broken`` is why the home cannot be read.
    ``other`` is the name of another account that has the uid.
    """

    user: HostUser | None = None
    group: int | None = None
    keys: KeyFile | None = None
    home: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    running: frozenset[str] | None = None
    limited: bool = False
    masked: bool = False
    foreign: tuple[str, ...] = ()
    broken: str | None = None
    other: str | None = None


_EMPTY = Presence()


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at a host. ``places`` maps the product's own folders to what stands there.

    ``audiences`` are the sets of classes that have a view; None where nothing publishes.
    ``authority`` is None on a host that issues no certificates.
    ``limited`` are the uids whose slices have the limits of analysts, whosever they are, and
    ``masked`` those without a manager of user units. ``remains`` are uids that own something on
    the host; they are looked for only where a new account may be made. ``has_classes`` tells that
    ``classes`` were declared here before. ``has_sudo`` tells that sudo is installed,
    ``reads_rules`` that it reads the folder of our rule, and ``sudo_rule`` is the text of ours.
    """

    accounts: Accounts
    registry: Registry
    presences: Mapping[str, Presence]
    places: Mapping[str, Node]
    classes: Classes = field(default_factory=Classes)
    key_files: frozenset[str] = frozenset()
    audiences: frozenset[tuple[str, ...]] | None = None
    limited: frozenset[int] = frozenset()
    masked: frozenset[int] = frozenset()
    remains: frozenset[int] = frozenset()
    free_bytes: int | None = None
    has_classes: bool = False
    has_sudo: bool = False
    reads_rules: bool = False
    sudo_rule: str | None = None
    authority: Authority | None = None

    @property
    def issued(self) -> tuple[Certificate, ...]:
        """The certificates that the host issued and remembers."""
        return self.authority.issued if self.authority else ()

    def presence(self, name: str) -> Presence:
        """What stands of one person, or nothing."""
        return self.presences.get(name, _EMPTY)
