"""``broker replay``: a later version of a table from an earlier one and its change files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from ..errors import PublishError
from ..manifest import Manifest, TableEntry, changes_since
from ..tables.model import DataFile, Limits
from ..tables.replay import replay as replay_changes
from .options import as_json
from .terminal import say, say_json

__all__ = ["replay"]

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
@click.argument("table")
@click.option("--out", type=FOLDER, help="Keep the files here; else they are only compared.")
@as_json
def replay(before: Path, after: Path, table: str, out: Path | None, as_json: bool) -> int:
    """Write a table's files anew from its change files.

    TABLE of the generation AFTER, from its files in BEFORE and its change files since. BEFORE and
    AFTER are folders of generations, or of views of them; of AFTER only the manifest and the change
    files are read. Ends with 1 unless every file has the hash that the manifest of AFTER says.
    """
    old, new = _entry(before, table), _entry(after, table)
    changes = changes_since(new, old.files)
    if not changes:
        raise PublishError(
            "there is no change file from the one version of this table to the other",
            where=f"{after}, {table}",
            remedy="It did not change, or was loaded as a whole: fetch its files instead.",
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        target = out or folder / "out"
        target.mkdir(exist_ok=True)
        work = folder / "work"
        work.mkdir()
        places = [after / change.file.path for change in changes]
        files = replay_changes(before, old.files, places, out=target, work=work, limits=Limits())
    wrong = _wrong(files, new)
    facts: dict[str, Any] = {
        "table": new.id,
        "written": [file.path for file in files if file.is_new],
        "kept": [file.path for file in files if not file.is_new],
        "wrong": wrong,
    }
    if as_json:
        say_json(facts)
    else:
        written, kept = len(facts["written"]), len(facts["kept"])
        outcome = f"{len(wrong)} differ" if wrong else "all as published"
        say(f"{new.id}: {written} file(s) written, {kept} kept, {outcome}")
    return 1 if wrong else 0


def _wrong(files: tuple[DataFile, ...], published: TableEntry) -> list[str]:
    """The paths at which replay and manifest do not agree."""
    made = {file.path: file.sha256 for file in files}
    listed = {file.path: file.sha256 for file in published.files}
    return sorted(
        path for path in made.keys() | listed.keys() if made.get(path) != listed.get(path)
    )


def _entry(folder: Path, table: str) -> TableEntry:
    path = folder / "manifest.json"
    try:
        manifest = Manifest.from_json(path.read_bytes(), where=str(path))
    except OSError as error:
        raise PublishError(
            "this is not a generation", where=str(path), found=error.strerror
        ) from error
    for entry in manifest.tables:
        if table in (entry.id, entry.path):
            return entry
    raise PublishError("no such table in this generation", where=str(folder), found=table)
