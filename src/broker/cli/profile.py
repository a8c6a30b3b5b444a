"""``broker profile``: what the values of a table look like, as the catalog shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..config import find_config_dir, load_instance
from ..errors import PublishError
from ..foreign.shares import share
from ..manifest import TableEntry
from ..publish import Generation
from .options import as_json, config_dir, data_dir
from .screen import Screen
from .store import open_store, table_of
from .terminal import counted, say, say_json

__all__ = ["profile"]

_LEVELS = "▁▂▃▄▅▆▇█"
_VALUES = 3
_WIDEST = 200


@click.command()
@config_dir
@data_dir
@click.argument("table")
@as_json
def profile(config_option: Path | None, data: Path, table: str, as_json: bool) -> None:
    """Show what the values of a table look like to its readers.

    TABLE is an id, or folder/name. Each column with its NULL, its different values and where they
    lie, as far as the class of the table shows that; and what was pointed out.
    """
    instance = load_instance(find_config_dir(config_option), secrets=False)
    generation = open_store(instance, data).generation()
    entry = table_of(generation, table)
    found = _read(generation, entry)
    if as_json:
        say_json(found)
        return
    key = f", key {', '.join(found['key'])}" if found["key"] else ""
    say(f"{entry.path}, generation {generation.id}: {counted(found['rows'], 'row')}{key}")
    say(f"Class {entry.access}, whose profiles show {found['tier']}.")
    for alert in found["alerts"]:
        say(f"  ! {alert['column'] or 'table'}: {alert['message']}")
    Screen(width_of_a_pipe=_WIDEST).print(_table(found))


def _read(generation: Generation, entry: TableEntry) -> dict[str, Any]:
    path = f"docs/profiles/{entry.path}.json"
    content = generation.content(path)
    if content is None:
        raise PublishError(
            "the table has no profile in this generation",
            where=entry.path,
            remedy="See the warnings of the last sync (`broker runs`), profile_after_sync of the "
            "table, and profiles.enabled of the instance.",
        )
    found: dict[str, Any] = json.loads(content)
    return found


def _table(found: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title, justify in (("column", "left"), ("type", "left"), ("NULL", "right"),
                           ("different", "right"), ("values", "left")):  # fmt: skip
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for column in found["columns"]:
        about = "about " if column["distinct_error"] else ""
        table.add_row(
            column["name"],
            column["type"],
            share(column["nulls"], found["rows"]),
            f"{about}{column['distinct']:,}",
            _values(column, found["rows"]),
        )
    return table


def _values(column: dict[str, Any], rows: int) -> str:
    bars = column.get("bars")
    if bars:
        return f"{_plot([bar['count'] for bar in bars])}  {_range(column, bars)}"
    frequent = column.get("top", [])[:_VALUES]
    exact = "" if column.get("top_is_exact", True) else "at least "
    texts = (one["value"] or "''" for one in frequent)  # a text of no character has to be seen
    shares = (f"{exact}{share(one['count'], rows)}" for one in frequent)
    return ", ".join(f"{text} {share}" for text, share in zip(texts, shares, strict=True))


def _plot(counts: Sequence[int]) -> str:
    """A letter for each bar, of the height of its rows; a blank where there are none."""
    most = max(counts) or 1
    steps = len(_LEVELS) - 1
    return "".join(_LEVELS[round(count / most * steps)] if count else " " for count in counts)


def _range(column: dict[str, Any], bars: Sequence[dict[str, Any]]) -> str:
    if column.get("low") is not None:
        return f"{column['low']} to {column['high']}"
    edges: Iterable[str | None] = (bars[0]["high"], bars[-1]["low"])
    low, high = edges
    return f"below {low} to {high} and more" if low and high else ""
