"""What an analyst may do to which path. Pure: no disk, no clock, no user database.

A store's paths say for themselves whom they are for (``views/finance/hr/tree`` for holders of
both classes), so the policy is a handful of rules and no list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Flag
from pathlib import Path
from typing import Literal

from ..accounts.records.paths import TEMPORARY
from ..classes import CATALOG, PUBLIC, TREE, VIEWS
from ..hostpaths import (
    ACCOUNTS_SOCKET,
    CLASSES,
    CONFIG,
    DATA,
    DEPLOYED,
    HOMES,
    KEYS,
    PROOF,
    PUBLISHING_SOCKET,
    RELEASES,
    SERVED,
    STATE,
    STORE,
    STORE_RECORD,
    SYNCS,
    VALID_CERTIFICATES,
)
from .proof import begun_file

__all__ = ["EVERYTHING", "NOTHING", "Areas", "Permission", "Reader", "ReaderKind", "Rule", "rule"]

ReaderKind = Literal["service", "portal", "operator"]

_LINKS = ("current", "parquet", "metadata")
_PUBLIC = {path.name for path in (CLASSES, DEPLOYED, VALID_CERTIFICATES)}
_SETTINGS = ("instance.yaml", "data_description.md")
_METRICS = "metrics"
_PORTAL = "portal"  # a folder with the settings of the portal, and with its secrets beside them
# What leads to what root runs: folders that any account may list on any Debian.
_LISTED = ("", "etc", "opt", "usr", "usr/local", "var", "var/lib")
_SHARED = (
    "/etc/passwd",
    "/etc/group",
    "/etc/ssh",
    "/etc/systemd",
    "/etc/logrotate.d",
    "/etc/tmpfiles.d",
    "/usr",
)


class Permission(Flag):
    """What an account can try: see that a path exists, read or list it, write or connect to it."""

    SEE = 1
    READ = 2
    WRITE = 4


NOTHING = Permission(0)
EVERYTHING = Permission.SEE | Permission.READ | Permission.WRITE


@dataclass(frozen=True, slots=True)
class Rule:
    """``must`` has to work, ``may`` is left open, everything else has to be refused.

    ``may`` is for what tells nothing: that a folder of the product exists, code, public keys.
    """

    must: Permission = NOTHING
    may: Permission = NOTHING

    def wrong(self, able: Permission) -> tuple[Permission, Permission]:
        """The rights that an account has and must not have, and those it must have and does not."""
        return able & ~(self.must | self.may), self.must & ~able


@dataclass(frozen=True, slots=True)
class Reader:
    """An account. ``groups`` are those that a login has on this host, whatever the registry says.

    ``classes`` are what the registry grants; None for an account that is not an analyst's, which
    has a ``kind`` where it works for the broker, or looks after it. ``shell`` is a normal login:
    the home is its own. ``sudo`` is whether the registry lets it become root.
    """

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    classes: frozenset[str] | None
    home: str = "/nonexistent"
    kind: ReaderKind | None = None
    shell: bool = False
    sudo: bool = False

    def holds(self, classes: Iterable[str]) -> bool:
        """Whether the registry grants all of these. An operator reads what is public."""
        granted = frozenset() if self.kind == "operator" else self.classes
        return granted is not None and {*classes} - {PUBLIC} <= granted


@dataclass(frozen=True, slots=True)
class Areas:
    """The folders that the policy speaks of, as the host names them."""

    root: Path = Path("/")
    store: Path = STORE
    data: Path = DATA
    config: Path = CONFIG
    keys: Path = KEYS
    homes: Path = HOMES
    temporary: tuple[Path, ...] = TEMPORARY
    code: Path = RELEASES
    readable: frozenset[str] = field(default_factory=lambda: frozenset(SERVED))


_RECORDS = {PROOF, begun_file(PROOF), STORE_RECORD, SYNCS}
_UNKNOWN = Rule()
_SEEN = Rule(may=Permission.SEE)
_OPEN = Rule(may=Permission.SEE | Permission.READ)
_FREE = Rule(may=EVERYTHING)
_REQUESTABLE = Rule(must=Permission.SEE | Permission.WRITE)
_SHOWN = Rule(must=Permission.SEE)
_READ = Rule(must=Permission.SEE | Permission.READ)


def rule(reader: Reader, path: str, areas: Areas) -> Rule:
    """The rule for one path, which is absolute and not a link's target."""
    place = Path(path)
    if place.is_relative_to(areas.store):
        return _store(reader, place.relative_to(areas.store).parts)
    if place.is_relative_to(areas.homes):
        return _home(reader, place.relative_to(areas.homes).parts)
    if place.is_relative_to(areas.config):
        return _config(reader, place, areas)
    if place.is_relative_to(areas.data):
        return _data(reader, place.relative_to(areas.data).parts, areas)
    return _host(reader, place, areas)


def _store(reader: Reader, parts: tuple[str, ...]) -> Rule:
    if reader.kind == "service":
        return _FREE
    if len(parts) < 2:
        return _top(reader, parts)
    if parts[0] == CATALOG:
        return _OPEN if reader.kind == "portal" else _UNKNOWN
    if parts[0] != "generations":
        return _UNKNOWN
    return _generation(reader, parts[2:]) if reader.holds(()) else _UNKNOWN


def _top(reader: Reader, parts: tuple[str, ...]) -> Rule:
    """The root of the store: its names are the same everywhere, so they tell nothing."""
    if not parts:
        return _SEEN
    if parts[0] in (*_LINKS, "generations"):
        return _SHOWN if reader.holds(()) else _SEEN
    if parts[0] == CATALOG:
        return _OPEN if reader.kind == "portal" else _SEEN
    return _OPEN if parts[0] == "allowed_signers" or reader.kind == "operator" else _SEEN


def _generation(reader: Reader, parts: tuple[str, ...]) -> Rule:
    """Below ``generations/ID``, for an analyst or an operator.

    What spans classes is the operators'. Which class a file of the whole trees has, a path does
    not say: ``prove`` asks for those of closed tables.
    """
    if not parts or parts == (VIEWS,):
        return _SHOWN
    if parts[0] != VIEWS and reader.kind == "operator":
        return _OPEN
    if parts[0] != VIEWS:
        return _SEEN if len(parts) == 1 else _UNKNOWN
    inside = parts[1:]
    if TREE not in inside:  # a folder on the way: entered by holders, seen from the one above
        return _SHOWN if reader.holds(inside[:-1]) else _UNKNOWN
    return _READ if reader.holds(inside[: inside.index(TREE)]) else _UNKNOWN


def _home(reader: Reader, parts: tuple[str, ...]) -> Rule:
    if not parts:
        return _OPEN
    if parts[0] == reader.name and (reader.classes is not None or reader.kind == "operator"):
        return _FREE if reader.shell or parts[1:2] == ("user",) else _OPEN
    return _SEEN if len(parts) == 1 else _UNKNOWN


def _config(reader: Reader, place: Path, areas: Areas) -> Rule:
    """Names of files here are those of every broker. Public halves of keys are not secret, and
    which group stands for which class is as open as the groups are, and so is which release runs;
    the list of certificates that open a session holds digests alone. The service reads what it is
    to do, and gets its secrets from systemd."""
    public = place.suffix == ".pub" or place.name in _PUBLIC
    if areas.keys in (place, place.parent) or public:
        return _OPEN
    metrics = areas.config / _METRICS
    if reader.kind in ("service", "operator") and (
        place.name in _SETTINGS or metrics in (place, place.parent)
    ):
        return _OPEN
    if reader.kind == "portal" and (areas.config / _PORTAL) in (place, place.parent):
        return _OPEN if place == areas.config / _PORTAL or place.name in _SETTINGS else _SEEN
    if reader.kind == "service" and (place == areas.config or place.name == "environment"):
        return _OPEN
    return _SEEN if len(place.relative_to(areas.config).parts) < 2 else _UNKNOWN


def _data(reader: Reader, parts: tuple[str, ...], areas: Areas) -> Rule:
    if not parts or reader.kind == "service":
        return _OPEN
    if parts[0] in areas.readable:
        return _READ if reader.holds(()) else _OPEN
    return _SEEN if len(parts) == 1 else _UNKNOWN


def _host(reader: Reader, place: Path, areas: Areas) -> Rule:
    """The rest of the host: root's to write, and only what Debian shows to everybody is read."""
    if place.is_relative_to(areas.code) or place in {areas.root / name for name in _LISTED}:
        return _OPEN
    if reader.kind == "portal" and place in (ACCOUNTS_SOCKET, PUBLISHING_SOCKET):
        return _REQUESTABLE
    if reader.kind in ("service", "operator") and place in _RECORDS:
        return _OPEN  # as each member of the operators' group
    private_key = place.name.startswith("ssh_host_") and place.suffix != ".pub"
    shared = any(place.is_relative_to(folder) for folder in _SHARED)
    if (shared and not private_key) or place == STATE:
        return _OPEN
    return _SEEN
