"""Which views a generation needs: two built-in audiences, and those that were asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..beneath import read_file
from ..classes import BUILT_IN_VIEWS, PUBLIC
from ..errors import PublishError
from ..files import write_atomic
from ..foreign.strict_json import parse_json
from ..manifest import Audience
from .store_layout import StoreLayout
from .tree import Rights

__all__ = ["record", "wanted"]


def wanted(layout: StoreLayout, rights: Rights) -> list[Audience]:
    """The audiences whose classes all have a group; a class that was given up needs no view."""
    needed = {*map(Audience.of, BUILT_IN_VIEWS), *_recorded(layout.audiences)}
    known = rights.groups
    return sorted(a for a in needed if known is None or all(name in known for name in a.classes))


def record(layout: StoreLayout, rights: Rights, audiences: Iterable[Audience]) -> None:
    """Ask for more views, from the next generation on. The caller holds the publish lock."""
    more = set(audiences)
    for audience in more:
        for name in audience.classes:
            rights.gid(name)
    known = _recorded(layout.audiences)
    if more - known:
        lists = [list(audience.classes) for audience in sorted(known | more)]
        text = json.dumps(lists, indent=1) + "\n"
        # the root of a store may give its own group, that of every analyst, to what is made in it
        write_atomic(layout.audiences, text, mode=0o640, gid=rights.operators)


def _recorded(path: Path) -> set[Audience]:
    """Raises ``PublishError`` rather than forget an analyst's view."""
    try:
        lists = parse_json(read_file(path.parent, path.name))
        return {Audience.of([str(name) for name in names] + [PUBLIC]) for names in lists}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, TypeError) as error:
        raise PublishError(
            "the list of audiences cannot be read",
            where=str(path),
            expected='lists of classes, such as [["private"], ["finance", "hr"]]',
            remedy="Fix it or remove it, then expose the audiences again.",
        ) from error
