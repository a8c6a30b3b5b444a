"""What the host should show of an analyst: the one place that says what an analyst *is*."""

from __future__ import annotations

from collections.abc import Mapping

from .classes import SHELL_GROUP, Classes
from .host import KeyFile, Node, Presence, User
from .keyfile import render_keys
from .layout import Layout
from .model import Analyst

__all__ = [
    "CLASSES_FILE",
    "MARK",
    "REGISTRY_FILE",
    "USER_FOLDERS",
    "wanted_places",
    "wanted_presence",
    "wanted_user",
]

MARK = "Data broker analyst"
REGISTRY_FILE = Node("file", 0o600, 0, 0)  # it holds e-mail addresses
CLASSES_FILE = Node("file", 0o644, 0, 0)
SHELL = "/bin/bash"
USER_FOLDERS = ("artifacts", "duckdb", "notifications", "parquet", "scripts", "sessions")
_VIEW_PARTS = ("docs", "metadata", "parquet")


def wanted_user(analyst: Analyst, layout: Layout, classes: Classes) -> User:
    """The account of a present analyst."""
    groups = classes.groups_of(analyst.classes) | ({SHELL_GROUP} if analyst.shell else set())
    return User(
        name=analyst.name,
        uid=analyst.uid,
        gid=analyst.uid,
        gecos=MARK,
        home=str(layout.home(analyst.name)),
        shell=SHELL if analyst.shell else str(layout.transport),
        groups=groups,
    )


def wanted_presence(analyst: Analyst, layout: Layout, classes: Classes) -> Presence:
    """All that should stand of a present analyst, but for what runs."""
    return Presence(
        user=wanted_user(analyst, layout, classes),
        group=analyst.uid,
        keys=KeyFile(render_keys(analyst.keys), 0o644, 0),
        home=_home(analyst, layout, classes),
        limited=True,
        masked=not analyst.shell,
    )


def wanted_places(layout: Layout) -> Mapping[str, Node]:
    """The product's own folders, parents first; the mode of two belongs to who deploys them."""
    return {
        str(layout.config): Node("folder"),
        str(layout.keys): Node("folder", 0o755, 0, 0),
        str(layout.state): Node("folder"),
        str(layout.archive): Node("folder", 0o700, 0, 0),
    }


def _home(analyst: Analyst, layout: Layout, classes: Classes) -> dict[str, Node]:
    """Without a shell only ``user/`` is the analyst's: nothing else in it can be planted."""
    own = analyst.uid
    tree = {
        "": Node("folder", 0o750, own if analyst.shell else 0, own),
        "server": Node("folder", 0o755, 0, 0),
        "user": Node("folder", None, own, None),
    }
    for name, target in _links(classes.held(analyst.classes), layout).items():
        tree[f"server/{name}"] = Node("link", target=target)
    return tree | {f"user/{name}": Node(None) for name in USER_FOLDERS}


def _links(held: tuple[str, ...], layout: Layout) -> dict[str, str]:
    data = str(layout.data)
    tree = "/".join([f"{data}/src_data/current/views", *held, "tree"])
    links = {name: f"{tree}/{name}" for name in _VIEW_PARTS}
    return links | {
        "generation": tree,
        "scripts": f"{data}/scripts",
        "examples": f"{data}/examples",
    }
