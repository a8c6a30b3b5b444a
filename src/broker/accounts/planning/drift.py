"""What of a host differs from what the list of people asks for; pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..records.host import Observed, Presence
from ..records.model import Person
from ..records.node import Node
from ..records.paths import HostPaths
from .goal import impostor
from .wanted import SUDO_FILE, SUDO_RULE

__all__ = ["home_drift", "is_ours", "sudo_drift"]


def home_drift(presence: Presence, wanted: Presence) -> tuple[dict[str, Node], tuple[str, ...]]:
    """What is missing or wrong in a home, and which links in it must go."""
    wrong = {
        path: node
        for path, node in wanted.home.items()
        if not node.accepts(presence.home.get(path))
    }
    if "user" in wrong:  # what was found in it is not what will stand in its place
        wrong |= {path: node for path, node in wanted.home.items() if path.startswith("user/")}
    ours = "server" in wanted.home  # an operator's home is all their own
    extra = presence.home.keys() - wanted.home.keys() if ours else ()
    return wrong, tuple(sorted(extra))


def sudo_drift(stays: Iterable[Person], observed: Observed, paths: HostPaths) -> bool | None:
    """Whether the rule of sudo is to be written, for an operator who may become root, or to go,
    where none may; None where it is as it should be."""
    found = observed.places.get(paths.sudoers.as_posix())
    stands = SUDO_FILE.accepts(found) and observed.sudo_rule == SUDO_RULE
    allowed = (observed.has_sudo and observed.reads_rules) and any(
        entry.sudo for entry in stays if entry.state == "present" and is_ours(entry, observed)
    )
    return None if (stands if allowed else found is None) else allowed


def is_ours(entry: Person, observed: Observed) -> bool:
    """An account that was re-made by hand is left alone, and its key file is removed."""
    return impostor(entry, observed.presence(entry.name)) is None
