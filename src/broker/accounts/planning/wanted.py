"""What the host should show of a person: the one place that says what an analyst, and what an
operator, *is*."""

from __future__ import annotations

from collections.abc import Mapping

from ...classes import OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP, view_path
from ...hostpaths import SERVED, VIEW_LINK, VIEW_PARTS
from ..records.classes import Classes
from ..records.host import HostUser, KeyFile, Presence
from ..records.keyfile import render_keys
from ..records.model import Person, Role
from ..records.node import Node
from ..records.paths import HostPaths

__all__ = [
    "CLASSES_FILE",
    "MARKS",
    "REGISTRY_FILE",
    "SUDO_FILE",
    "SUDO_RULE",
    "USER_FOLDERS",
    "wanted_places",
    "wanted_presence",
    "wanted_user",
]

MARKS: Mapping[str, Role] = {"Data broker analyst": "analyst", "Data broker operator": "operator"}
REGISTRY_FILE = Node("file", 0o600, 0, 0)  # it holds e-mail addresses
CLASSES_FILE = Node("file", 0o644, 0, 0)
SUDO_FILE = Node("file", 0o440, 0, 0)
# These accounts have no password to ask for: a key opened the session.
SUDO_RULE = f"""\
# Kept by the data broker and rendered whole: edits are lost. See docs/operators.md.
%{SUDO_GROUP} ALL=(ALL:ALL) NOPASSWD: ALL
"""
SHELL = "/bin/bash"
USER_FOLDERS = ("artifacts", "duckdb", "notifications", "parquet", "scripts", "sessions")


def wanted_user(person: Person, layout: HostPaths, classes: Classes) -> HostUser:
    """The account of a person who is present."""
    return HostUser(
        name=person.name,
        uid=person.uid,
        gid=person.uid,
        gecos=next(mark for mark, role in MARKS.items() if role == person.role),
        home=str(layout.home(person.name)),
        shell=SHELL if person.shell else str(layout.transport),
        groups=_groups(person, classes),
    )


def _groups(person: Person, classes: Classes) -> frozenset[str]:
    """What leads to the documents of a generation belongs to the class public: operators are in."""
    groups = classes.groups_of(person.classes)
    if person.is_operator:
        return groups | {OPERATOR_GROUP} | ({SUDO_GROUP} if person.sudo else set())
    return groups | ({SHELL_GROUP} if person.shell else set())


def wanted_presence(person: Person, layout: HostPaths, classes: Classes) -> Presence:
    """Everything that should exist for a person who is present, except processes."""
    return Presence(
        user=wanted_user(person, layout, classes),
        group=person.uid,
        keys=KeyFile(render_keys(person.keys), 0o644, 0),
        home=_home(person, layout, classes),
        limited=not person.is_operator,
        masked=not person.shell,
    )


def wanted_places(layout: HostPaths) -> Mapping[str, Node]:
    """The product's own folders, parents first; the mode of two belongs to who deploys them."""
    return {
        str(layout.config): Node("folder"),
        str(layout.keys): Node("folder", 0o755, 0, 0),
        str(layout.state): Node("folder"),
        str(layout.archive): Node("folder", 0o700, 0, 0),
    }


def _home(person: Person, layout: HostPaths, classes: Classes) -> dict[str, Node]:
    """An operator's is all their own. Without a shell only ``user/`` is the analyst's: nothing
    else in it can be planted."""
    own = person.uid
    home = {"": Node("folder", 0o750, own if person.shell else 0, own)}
    if person.is_operator:
        return home
    tree = home | {
        "server": Node("folder", 0o755, 0, 0),
        "user": Node("folder", None, own, None),
    }
    for name, target in _links(classes.declared(person.classes), layout).items():
        tree[f"server/{name}"] = Node("link", target=target)
    return tree | {f"user/{name}": Node(None) for name in USER_FOLDERS}


def _links(readable: tuple[str, ...], layout: HostPaths) -> dict[str, str]:
    tree = f"{layout.store}/current/{view_path(readable)}"
    parts = {name: f"{tree}/{name}" for name in VIEW_PARTS}
    return {VIEW_LINK: tree} | parts | {name: f"{layout.data}/{name}" for name in SERVED}
