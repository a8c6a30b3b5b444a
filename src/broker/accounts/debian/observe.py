"""One look at a host. Reads, and changes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...beneath import read_file
from ...classes import BUILT_IN_VIEWS, SHELL_GROUP, SUDO_GROUP
from ...errors import AccountsError, BrokerError
from ...foreign.strict_json import parse_json
from ..planning.wanted import MARKS, wanted_places
from ..records.classes import Classes, read_classes
from ..records.host import Accounts, KeyFile, Observed, Presence
from ..records.keyfile import read_key_file
from ..records.model import Person
from ..records.node import Node
from ..records.paths import HostPaths
from ..records.registry import Registry, make_registry, parse_registry
from .authority import look_at_authority
from .homes import node_at, read_home
from .host import Host
from .remains import owners_left
from .user_units import LIMITS, MASK, UserLink

__all__ = ["observe", "root_needed"]

# Either mark begins one: with a space behind it, # begins a comment.
_INCLUDE = re.compile(
    r"^[ \t]*[@#](include|includedir)[ \t]+(\"[^\"\n]+\"|\S+)[ \t]*$", re.MULTILINE
)


def observe(host: Host, names: Iterable[str] = ()) -> Observed:
    """The state on the host of every account in the registry and of ``names``.

    Raises ``AccountsError`` when this is not Debian, ``BrokerError`` when something that must be
    read cannot be.
    """
    layout = host.layout
    _refuse_other_systems(layout)
    wanted = set(names)
    try:
        accounts = host.system.accounts(wanted)
        classes = _classes(layout)
        registry = _registry(host, accounts, classes)
        known = {person.name for person in registry.people}
        remains = owners_left(host, deep=False) if wanted - known else frozenset()
        linked = {link: link.read(layout.at(layout.units)) for link in (LIMITS, MASK)}
        wanted |= known
        return Observed(
            accounts=accounts,
            registry=registry,
            presences=_presences(wanted, accounts, registry, linked, host),
            places=_places(host),
            classes=classes,
            key_files=_key_files(layout),
            audiences=_audiences(layout),
            limited=linked[LIMITS],
            masked=linked[MASK],
            remains=remains,
            free_bytes=_free_bytes(layout),
            has_classes=layout.at(layout.classes).exists(),
            has_sudo=_has_sudo(layout),
            reads_rules=_reads_rules(layout),
            sudo_rule=_sudo_rule(layout),
            authority=look_at_authority(layout, host.system),
        )
    except PermissionError as error:
        raise root_needed(error) from error
    except OSError as error:
        raise BrokerError(
            "the accounts of the host cannot be read, so nothing was changed",
            where=str(error.filename),
            found=error.strerror,
            remedy="Fix that, then try again.",
        ) from error


def root_needed(error: PermissionError) -> BrokerError:
    """The error for a caller who may not manage accounts."""
    return BrokerError(
        "only root may manage accounts", where=error.filename, remedy="Run this as root."
    )


def _refuse_other_systems(layout: HostPaths) -> None:
    path = layout.at(layout.os_release)
    fields: dict[str, str] = {}
    if path.is_file():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        fields = dict(line.split("=", 1) for line in lines if "=" in line)
    if fields.get("ID", "").strip("\"'") != "debian":
        raise AccountsError(
            "the data broker runs only on Debian",
            where=str(layout.os_release),
            expected="Debian 12 or 13",
            found=fields.get("PRETTY_NAME", "no name of a system").strip("\"'"),
            remedy="Use a Debian host; nothing was changed.",
        )


def _classes(layout: HostPaths) -> Classes:
    try:
        text = layout.at(layout.classes).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return Classes()
    return read_classes(text, where=str(layout.classes))


def _registry(host: Host, accounts: Accounts, classes: Classes) -> Registry:
    """The registry's file; where there is none, what the marked accounts themselves say."""
    layout = host.layout
    path = layout.at(layout.registry)
    try:
        return parse_registry(path.read_text(encoding="utf-8"), where=str(layout.registry))
    except FileNotFoundError:
        marked = [user for user in accounts.users.values() if user.gecos in MARKS]
    except UnicodeDecodeError as error:
        raise BrokerError("this is not a text file", where=str(layout.registry)) from error
    entries = []
    for user in marked:
        file = _key_file(host, user.name)
        keys = read_key_file(file.text)[0] if file is not None and file.text else []
        readable = classes.declared(
            n for n, group in classes.groups.items() if group in user.groups
        )
        operates = MARKS[user.gecos] == "operator"
        entries.append(
            Person(
                user.name,
                user.uid,
                keys=tuple(keys),
                classes=() if operates else readable,
                shell=operates or SHELL_GROUP in user.groups,
                role=MARKS[user.gecos],
                sudo=operates and SUDO_GROUP in user.groups,
            )
        )
    low, high = accounts.uid_range
    left = [uid for uid in owners_left(host, deep=True) if low <= uid <= high]
    return make_registry(entries, max(left, default=0))


def _presences(
    names: Iterable[str],
    accounts: Accounts,
    registry: Registry,
    linked: Mapping[UserLink, frozenset[int]],
    host: Host,
) -> dict[str, Presence]:
    uids = {person.name: person.uid for person in registry.people}
    running = host.system.running(uids.values())
    group_names = {gid: name for name, gid in accounts.groups.items()}
    owners = {user.uid: user.name for user in accounts.users.values()}
    found = {}
    for name in names:
        uid = uids.get(name)
        other = owners.get(uid) if uid is not None else None
        groups = running.get(uids.get(name, -1))
        home = read_home(host.layout.at(host.layout.homes), name, host.system)
        found[name] = Presence(
            user=accounts.users.get(name),
            group=accounts.groups.get(name),
            keys=_key_file(host, name),
            home=home.nodes,
            running=groups
            if groups is None
            else frozenset(group_names[gid] for gid in groups if gid in group_names),
            limited=uids.get(name) in linked[LIMITS],
            masked=uids.get(name) in linked[MASK],
            foreign=home.foreign,
            broken=home.broken,
            other=other if other != name else None,
        )
    return found


def _key_file(host: Host, name: str) -> KeyFile | None:
    path = host.layout.at(host.layout.keys) / name
    node = node_at(path, host.system)
    if node is None:
        return None
    if node.kind != "file" or node.mode is None or node.uid is None:
        return KeyFile(None, -1, -1)
    return KeyFile(path.read_text(encoding="utf-8", errors="replace"), node.mode, node.uid)


def _has_sudo(layout: HostPaths) -> bool:
    """Its folder outlives the package, and other packages make it."""
    return layout.at(layout.sudo).exists() and layout.at(layout.sudoers).parent.is_dir()


def _reads_rules(layout: HostPaths) -> bool:
    """Whether sudo reads the folder of our rule: sudoers(5), "Including other files"."""
    return _includes(Path("/etc/sudoers"), layout, set())


def _includes(file: Path, layout: HostPaths, seen: set[Path]) -> bool:
    if file in seen or not layout.at(file).is_file():
        return False
    seen.add(file)
    for kind, name in _INCLUDE.findall(layout.at(file).read_text(errors="replace")):
        place = file.parent / name.strip('"')
        is_folder = kind == "includedir"
        if place == layout.sudoers.parent if is_folder else _includes(place, layout, seen):
            return True
    return False


def _sudo_rule(layout: HostPaths) -> str | None:
    try:
        return layout.at(layout.sudoers).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _audiences(layout: HostPaths) -> frozenset[tuple[str, ...]] | None:
    if not layout.at(layout.program).exists():
        return None
    try:
        path = layout.at(layout.audiences)  # the service's own: it may be anything
        lists = parse_json(read_file(path.parent, path.name))
        return frozenset({*BUILT_IN_VIEWS, *(tuple(map(str, names)) for names in lists)})
    except (OSError, TypeError, ValueError):
        return frozenset(BUILT_IN_VIEWS)  # the publisher itself tells what is wrong with it


def _key_files(layout: HostPaths) -> frozenset[str]:
    try:
        return frozenset(path.name for path in layout.at(layout.keys).iterdir())
    except FileNotFoundError:
        return frozenset()


def _places(host: Host) -> dict[str, Node]:
    layout, found = host.layout, {}
    for path in (
        *wanted_places(layout),
        *map(str, (layout.registry, layout.classes, layout.sudoers)),
    ):
        node = node_at(layout.at(Path(path)), host.system)
        if node is not None:
            found[path] = node
    return found


def _free_bytes(layout: HostPaths) -> int:
    """The least room on the file systems that a new account is written to."""
    rooms = []
    for path in (Path("/etc"), layout.homes, layout.state.parent):
        real = layout.at(path)
        if real.exists():
            numbers = os.statvfs(real)
            rooms.append(numbers.f_bavail * numbers.f_frsize)
    return min(rooms, default=0)
