"""``at``: a table, or a query, as of an earlier generation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from ...errors import LaptopError
from ...manifest import TableEntry
from ..ages import age_of, length, now_by
from ..query.ask import GuardedData, absent_views
from ..query.command import limits_of, show_answer, values_of
from ..query.options import (
    characters_option,
    memory_option,
    parameters_option,
    rows_option,
    seconds_option,
)
from ..query.render import age_as_json
from ..screen import say, say_json
from ..workspace import Workspace
from .kept_generations import KeptGeneration, read_history
from .moments import generation_named
from .past_tables import absence, table_named

__all__ = ["at"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("table")
@click.argument("when")
@click.argument("query", required=False, type=click.UNPROCESSED)
@parameters_option
@click.option("--json", "form", flag_value="json", help="Answer with JSON.")
@click.option("--csv", "form", flag_value="csv", help="Answer with CSV.")
@rows_option
@characters_option
@seconds_option
@memory_option
@click.pass_obj
def at(
    workspace: Workspace,
    /,
    table: str,
    when: str,
    query: str | None,
    parameters: tuple[str, ...],
    form: str | None,
    **limits: float,
) -> None:
    """Ask the generation of WHEN the QUERY, or say what TABLE was in it.

    WHEN is an id, 'previous', 'latest', 'current', a day (2026-05-01: the newest generation at its
    end in UTC) or an instant (2026-05-01T12:00Z). All tables of the QUERY are those of that
    generation, and the guard is that of `sql`. An answer that is cut ends with exit code 4.
    """
    history = read_history(workspace)
    found = generation_named(when, history)
    table_id = table_named(table, [found, *reversed(history.generations)])
    entry = found.table(table_id)
    if entry is None:
        raise LaptopError(absence(found, table), remedy=_where_it_is(table_id, history.generations))
    if query is None:
        _show(found, entry, form)
        return
    data = GuardedData(
        found.manifest,
        found.tree,
        workspace.state,
        limits_of(**limits),
        absent_views(found.manifest, found.tree),
        past=lambda: history,
    )
    show_answer(data.ask(data.check(query, values_of(parameters))), form)


def _where_it_is(table_id: str, generations: tuple[KeptGeneration, ...]) -> str:
    having = [one for one in generations if one.table(table_id) is not None]
    return f"It is in {len(having)} that are kept here, from {having[0].title} on."


def _show(found: KeptGeneration, entry: TableEntry, form: str | None) -> None:
    if form == "csv":
        raise click.UsageError("--csv is for the answer to a QUERY.")
    now = now_by(datetime.now(UTC), found.manifest)
    age = age_of(entry, found.manifest.view_names[entry.path], now)
    if form == "json":
        facts: dict[str, Any] = {
            "generation": found.id,
            "created_at": found.created_at.isoformat(),
            "seconds": int((now - found.created_at).total_seconds()),
            "table": age_as_json(age),
            "rows": entry.rows,
            "files": len(entry.files),
            "key": list(entry.key),
            "columns": [{"name": c.name, "type": c.type} for c in entry.schema.columns],
        }
        say_json(facts)
    else:
        say(*_lines(found, entry, now))


def _lines(found: KeptGeneration, entry: TableEntry, now: datetime) -> Iterator[str]:
    old = length((now - found.created_at).total_seconds())
    yield f"generation {found.title}, {old} old"
    as_of = f", of {entry.as_of:%Y-%m-%d %H:%M} UTC" if entry.as_of else ", never loaded"
    files = "1 file" if len(entry.files) == 1 else f"{len(entry.files):,} files"
    view = found.manifest.view_names[entry.path]
    yield f"{view}: {entry.rows:,} rows in {files}{as_of}"
    columns = (f"{column.name} {column.type or 'VARCHAR'}" for column in entry.schema.columns)
    yield f"columns: {', '.join(columns)}"
