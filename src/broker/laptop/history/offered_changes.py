"""What changed of a table since a moment of which no generation is kept here: from change files.

The generation in use lists the change files of a table's last versions. Those that are not here
are fetched from the broker, and taken only with the hash that the signed manifest has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ...errors import LaptopError
from ...manifest import ChangeFile, TableEntry
from ...tables.change_rows import rows_of_changes
from ...tables.compare import Counts
from ...tables.model import Limits
from ..generations import kept
from ..screen import warn
from ..shelf import Shelf
from ..transfer import Wanted, open_source, remembered_name
from ..turn import my_turn
from ..workspace import Workspace
from .difference import ChangesSince
from .kept_generations import KeptGeneration
from .moments import moment_of
from .thinning import begun_at

__all__ = ["changes_after", "difference_since"]


def changes_after(entry: TableEntry, words: str) -> tuple[ChangeFile, ...] | None:
    """The change files after a generation's id, a day or an instant; None if they begin later.

    Of the generations of change files no more is known than when they were begun, from their ids.
    The version before the first of them is known, and not since when it was there.
    """
    since = moment_of(words)
    if since is None and begun_at(words) is not None:  # ids sort as generations came
        known = tuple(change for change in entry.changes if change.generation > words)
        return known if len(known) < len(entry.changes) else None
    if since is None or not entry.changes or since < _moment(entry.changes[0]):
        return None
    return tuple(change for change in entry.changes if _moment(change) > since)


def _last_before(entry: TableEntry, changes: Sequence[ChangeFile]) -> str:
    """The generation of the change before these, which are the last ones of the table."""
    return entry.changes[len(entry.changes) - len(changes) - 1].generation


def difference_since(
    workspace: Workspace,
    current: KeptGeneration,
    entry: TableEntry,
    words: str,
    *,
    most: int,
) -> ChangesSince | None:
    """What ``changes_after`` names, counted; ``most`` rows are given. None where they are too few.

    Raises ``LaptopError`` where the broker does not have them any more.
    """
    changes = changes_after(entry, words)
    if changes is None:
        return None
    view, base = current.manifest.view_names[entry.path], _last_before(entry, changes)
    with tempfile.TemporaryDirectory(prefix="compare-", dir=workspace.state) as folder:
        places = _bring(workspace, changes, Path(folder) / "changes")
        if not places:
            return ChangesSince(view, words, base, current, entry.key, Counts(0, 0, 0), ())
        counts, rows = rows_of_changes(places, most=most, work=Path(folder), limits=Limits())
    return ChangesSince(view, words, base, current, entry.key, counts, tuple(rows))


def _bring(workspace: Workspace, changes: Sequence[ChangeFile], folder: Path) -> list[Path]:
    """Where each of them is; those that are nowhere here are fetched."""
    folder.mkdir()
    shelf = Shelf([*kept(workspace), folder])
    files = [change.file for change in changes]
    missing = {file.path for file in files if shelf.find(file.path, file.sha256) is None}
    if missing:
        with my_turn(workspace) as lock:
            most = max(file.bytes for file in files)
            wanted = Wanted("generation", missing, missing, most_bytes=most)
            name = remembered_name(workspace)
            with closing(open_source(name, workspace, lock, lambda _: None, warn)) as source:
                source.fetch([wanted], folder)
        for path in missing:
            shelf.forget(path)
    found = [shelf.find(file.path, file.sha256) for file in files]
    places = [place for place in found if place is not None]
    if len(places) < len(files):
        raise LaptopError(
            "the broker has some of these change files no longer",
            remedy="Sync first: the newest generation lists those that it has.",
        )
    return places


def _moment(change: ChangeFile) -> datetime:
    found = begun_at(change.generation)
    return datetime.max.replace(tzinfo=UTC) if found is None else found
