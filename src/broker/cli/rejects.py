"""``broker rejects``: the rows that were left out of a table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..config import find_config_dir, load_instance
from ..foreign.text import readable_json
from ..manifest import TableEntry
from ..publish import Generation
from ..tables.issues import Issue
from ..tables.model import Limits
from ..tables.rejected import RejectedRow, rejected
from .options import as_json, config_dir, data_dir
from .store import open_store, table_of
from .terminal import counted, say, say_json

__all__ = ["rejects"]


@click.command()
@config_dir
@data_dir
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Show so many rows of each column and reason.",
)
@click.argument("table")
@as_json
def rejects(config_option: Path | None, data: Path, limit: int, table: str, as_json: bool) -> None:
    """Show the rows that were left out of TABLE.

    TABLE is an id, or folder/name. Rows of the published generation, those that earlier syncs
    left out included, by column and reason, each with its place in the source.
    """
    instance = load_instance(find_config_dir(config_option), secrets=False)
    generation = open_store(instance, data).generation()
    entry = table_of(generation, table)
    limits = Limits(int(instance.sync.memory_limit), instance.sync.threads)
    found = _rejected(generation, entry, limit, limits)
    if as_json:
        say_json(_facts(generation, entry, found))
        return
    _print(generation, entry, found)


def _rejected(
    generation: Generation, entry: TableEntry, most: int, limits: Limits
) -> list[tuple[Issue, Sequence[RejectedRow]]]:
    if entry.reject_file is None:
        return []
    file = generation.readable(entry.reject_file.path)
    with tempfile.TemporaryDirectory() as work:
        return rejected(file, entry.partitioning, most, work=Path(work), limits=limits)


def _facts(
    generation: Generation,
    entry: TableEntry,
    found: list[tuple[Issue, Sequence[RejectedRow]]],
) -> dict[str, Any]:
    return {
        "generation": generation.id,
        "id": entry.id,
        "table": entry.path,
        "status": str(entry.status),
        "rejects": entry.rejects,
        "duplicates": entry.duplicates,
        "issues": [{**asdict(issue), "rows": list(map(_row, rows))} for issue, rows in found],
    }


def _row(row: RejectedRow) -> dict[str, Any]:
    record = None if row.record is None else json.loads(row.record)
    return {**asdict(row.place), "value": row.value, "record": record}


def _print(
    generation: Generation,
    entry: TableEntry,
    found: list[tuple[Issue, Sequence[RejectedRow]]],
) -> None:
    counts = f"{counted(entry.rejects, 'row')} rejected"
    counts += f", {counted(entry.duplicates, 'duplicate key')}"
    say(f"{entry.path}, generation {generation.id}: {counts}")
    if entry.error:
        before = "The rows are those of the last good load. Since then" if entry.loaded_at else ""
        say(f"{before or 'It was never loaded'}: {entry.error}")
    for issue, rows in found:
        say("", issue)
        for row in rows:
            record = row.value if row.record is None else readable_json(json.loads(row.record))
            say(f"  {row.place}: {record}")
        if issue.count > len(rows):
            say(f"  … and {issue.count - len(rows):,} more (--limit)")
