"""``broker approve``: a person says that what is gone is rightly gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from ..config import find_config_dir, load_description, load_instance
from ..errors import ConfigError, PublishError
from ..publish import Status
from ..sync.approvals import Approvals
from ..sync.held import lost_keys
from .options import config_dir, data_dir
from .store import open_store
from .terminal import say

__all__ = ["approve", "told"]


@click.command()
@config_dir
@data_dir
@click.argument("table")
def approve(config_option: Path | None, data: Path, table: str) -> None:
    """Let a table shrink by more than it usually may.

    The next sync publishes TABLE although so many of its rows are gone. TABLE is an id, or
    folder/name. The approval is for the rows that were found to be gone, not for more, and is used
    up by the sync that publishes the table.
    """
    folder = find_config_dir(config_option)
    instance = load_instance(folder, secrets=False)
    described = load_description(folder, instance).table(table)
    if described is None:
        raise ConfigError(
            "no such table is described",
            where=str(folder / "data_description.md"),
            found=table,
            remedy="`broker status` lists the tables.",
        )
    store = open_store(instance, data)
    generation = store.generation()
    entry = generation.manifest.table(described.id)
    if entry is None or entry.status is not Status.HELD:
        raise PublishError(
            "this table is not held back; there is nothing to approve",
            where=described.id,
            found=str(entry.status) if entry else "not published yet",
        )
    Approvals(store).give(described.id, entry.losses)
    say(f"{described.id}: {entry.losses:,} rows may go with the next sync")
    if keys := lost_keys(generation, entry):
        say(told(keys))


def told(keys: Iterable[Mapping[str, Any]]) -> str:
    """Some of the keys that are gone, for a person who may read the table."""
    rows = (", ".join(f"{name} {value}" for name, value in key.items()) for key in keys)
    return f"gone are, for example: {'; '.join(rows)}"
