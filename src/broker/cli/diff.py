"""``broker diff``: what differs between two generations, down to the row."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..config import Instance, find_config_dir, load_instance
from ..errors import PublishError
from ..publish import Generation, Store, TableDiff
from ..publish import diff as diff_manifests
from ..tables.compare import common_key, compare, differences
from ..tables.files.apply import Previous
from ..tables.model import Limits
from .options import as_json, config_dir, data_dir
from .store import open_store, table_of
from .terminal import say, say_json

__all__ = ["diff"]


@click.command()
@config_dir
@data_dir
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--table", help="Show the rows of this table (id or folder/name), not only counts.")
@as_json
def diff(
    config_option: Path | None,
    data: Path,
    before: str | None,
    after: str | None,
    table: str | None,
    as_json: bool,
) -> None:
    """Compare two generations.

    By default the current one with the one before it. Lists tables and partitions, and counts rows
    that were added, removed or changed by key. With --table, each such row is a line of JSON: its
    key, or the whole row where the table has no key.
    """
    instance = load_instance(find_config_dir(config_option), secrets=False)
    store = open_store(instance, data)
    new = store.generation(after)
    old = store.generation(before or _before(store, new))
    if table is not None:
        _print_rows(old, new, table, _limits(instance))
        return
    found = [
        _facts(one, old, new, instance) for one in diff_manifests(old.manifest, new.manifest).tables
    ]
    if as_json:
        say_json({"before": old.id, "after": new.id, "tables": found})
        return
    say(f"{old.id} -> {new.id}: {len(found) or 'no'} table(s) differ")
    for facts in found:
        say(_line(facts))


def _facts(one: TableDiff, old: Generation, new: Generation, instance: Instance) -> dict[str, Any]:
    before, after = old.manifest.table(one.id), new.manifest.table(one.id)
    if before is None or after is None:
        rows = {"added": one.rows_after, "removed": one.rows_before, "changed": 0}
    else:
        with tempfile.TemporaryDirectory() as work:
            counts = compare(
                Previous(old.path, before.files),
                Previous(new.path, after.files),
                common_key(before.key, after.key),
                work=Path(work),
                limits=_limits(instance),
            )
        rows = asdict(counts)
    return {**asdict(one), "rows": rows}


def _line(facts: dict[str, Any]) -> str:
    rows = facts["rows"]
    line = f"{facts['change']:8} {facts['id']}: "
    line += ", ".join(f"{rows[kind]:,} {kind}" for kind in ("added", "removed", "changed"))
    if facts["partitions_touched"]:
        line += f"; partitions {', '.join(facts['partitions_touched'])}"
    line += "; columns changed" if facts["schema_changed"] else ""
    return line + ("; other readers" if facts["access_changed"] else "")


def _print_rows(old: Generation, new: Generation, table: str, limits: Limits) -> None:
    before, after = table_of(old, table), table_of(new, table)
    with tempfile.TemporaryDirectory() as work:
        for change, row in differences(
            Previous(old.path, before.files),
            Previous(new.path, after.files),
            common_key(before.key, after.key),
            work=Path(work),
            limits=limits,
        ):
            say_json({"change": change, "row": row})


def _before(store: Store, generation: Generation) -> str:
    before = store.before(generation)
    if before is None:
        raise PublishError("there is no older generation to compare with", where=generation.id)
    return before.id


def _limits(instance: Instance) -> Limits:
    return Limits(int(instance.sync.memory_limit), instance.sync.threads)
