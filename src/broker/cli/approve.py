"""``broker approve``: approve a held table, which lost rows or would have more readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from ..config import Instance, TableDescription, find_config_dir, load_description, load_instance
from ..errors import PublishError
from ..manifest import Status, TableEntry
from ..publish import Deletion, Generation, Readers, Store, Widening, deletion_of
from ..sync.held import widening_of
from .described import table_named
from .options import config_dir, data_dir
from .store import open_store
from .terminal import say

__all__ = ["approve", "example_keys"]

_SHORTEST = 12  # digits of a digest that name what a person saw


@click.command()
@config_dir
@data_dir
@click.option(
    "--generation",
    metavar="ID",
    help="Let `broker rollback ID` show the table to more people than now.",
)
@click.option(
    "--if-found",
    metavar="WHAT",
    help="Refuse, unless rows, or a change of readers, of this digest wait; 12 digits are enough.",
)
@click.argument("table")
def approve(
    config_option: Path | None, data: Path, table: str, generation: str | None, if_found: str | None
) -> None:
    """Approve a held table: lost rows or more readers.

    The next sync publishes TABLE although so many of its rows are gone, or although more people
    could read it than before. TABLE is an id, or folder/name. The approval is for what was found:
    exactly these rows, or this change of readers. It is used up by the sync that publishes the
    table.
    """
    folder = find_config_dir(config_option)
    instance = load_instance(folder, secrets=False)
    store = open_store(instance, data)
    if generation is not None:
        _approve_rollback(store, table, generation, if_found)
        return
    described = table_named(load_description(folder, instance), table, folder)
    _approve_held(store, described, instance, if_found)


def _approve_held(
    store: Store, described: TableDescription, instance: Instance, if_found: str | None
) -> None:
    generation = store.generation()
    entry = generation.manifest.table(described.id)
    if entry is None or entry.status is not Status.HELD:
        raise PublishError(
            "this table is not held back; there is nothing to approve",
            where=described.id,
            found=str(entry.status) if entry else "not published yet",
        )
    if widening := widening_of(generation, entry):
        _refuse_another(described.id, widening.digest, if_found)
        _refuse_other_readers(widening, described, instance)
        _approve_readers(store, widening, "for the next sync")
        return
    deletion = _known(generation, entry)
    _refuse_another(described.id, deletion.digest, if_found)
    store.approvals.give(described.id, deletion)
    say(f"{described.id}: {deletion.words}", f"{described.id}: approved, for the next sync")
    if deletion.keys:
        say(example_keys(deletion.keys))


def _known(generation: Generation, entry: TableEntry) -> Deletion:
    deletion = deletion_of(generation, entry)
    if deletion is None or not deletion.digest:
        raise PublishError(
            "it is not known which rows of this table would go",
            where=entry.id,
            expected="a table that this release of the broker held",
            found=f"{entry.losses:,} rows in {generation.id}",
            remedy="Run `broker sync`, and approve what it then holds.",
        )
    return deletion


def _refuse_another(table_id: str, found: str, expected: str | None) -> None:
    """A sync may have held the table for something else since a person looked."""
    if expected is not None and not (found.startswith(expected) and len(expected) >= _SHORTEST):
        raise PublishError(
            "the table is held for something else than what is approved",
            where=table_id,
            expected=expected,
            found=found,
            remedy="Look at it again, and approve what you find.",
        )


def _refuse_other_readers(
    widening: Widening, described: TableDescription, instance: Instance
) -> None:
    """The configuration may have changed since the sync that found the table to be held."""
    access = instance.access_of(described)
    readers = Readers(access, instance.group_of(access))
    if readers != widening.after:
        raise PublishError(
            "the configuration names other readers than the last sync found",
            where=described.id,
            expected=str(widening.after),
            found=str(readers),
            remedy="Run `broker sync`, and approve what it then holds.",
        )


def _approve_rollback(store: Store, table: str, generation: str, if_found: str | None) -> None:
    target = store.generation(generation)
    ids = {entry.id for entry in target.manifest.tables if table in (entry.id, entry.path)}
    found = next((one for one in store.widenings(target) if one.id in ids), None)
    if found is None:
        raise PublishError(
            "this table would not be read by more people than now; there is nothing to approve"
            if ids
            else "no such table in this generation",
            where=target.id,
            found=table,
        )
    _refuse_another(found.id, found.digest, if_found)
    _approve_readers(store, found, f"for `broker rollback {target.id}`")


def _approve_readers(store: Store, widening: Widening, when: str) -> None:
    store.approvals.give_readers(widening)
    say(f"{widening.id}: {widening.words}", f"{widening.id}: approved, {when}")


def example_keys(keys: Iterable[Mapping[str, Any]]) -> str:
    """Some of the keys that are gone, for a person who may read the table."""
    rows = (", ".join(f"{name} {value}" for name, value in key.items()) for key in keys)
    return f"gone are, for example: {'; '.join(rows)}"
