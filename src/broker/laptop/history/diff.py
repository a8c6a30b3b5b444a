"""``diff``: the rows of a table that differ between two generations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ...errors import LaptopError
from ..screen import say, say_json
from ..workspace import Workspace
from .difference import difference_of
from .difference_words import (
    difference_facts,
    difference_lines,
    since_facts,
    since_lines,
)
from .kept_generations import read_history
from .moments import CURRENT, PREVIOUS, generation_named
from .offered_changes import difference_since
from .past_tables import table_named, view_of

__all__ = ["diff"]


@click.command()
@click.argument("table")
@click.argument("before", metavar="[FROM]", default=PREVIOUS)
@click.argument("after", metavar="[TO]", default=CURRENT)
@click.option(
    "--rows", type=click.IntRange(0), default=20, show_default=True, help="Rows to show at most."
)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
@click.pass_obj
def diff(
    workspace: Workspace, *, table: str, before: str, after: str, rows: int, as_json: bool
) -> None:
    """Say which rows of TABLE were added, removed or changed, by key.

    FROM and TO are generations that are kept here: an id, 'previous', 'latest', 'current', a day
    (2026-05-01: the newest one at its end in UTC) or an instant (2026-05-01T12:00Z). By default the
    previous one and the current one. Where FROM is not kept, but the change files of the table
    reach back to it, they answer. Ends with 0 whether anything differs or not.
    """
    history = read_history(workspace)
    new = generation_named(after, history)
    try:
        old = generation_named(before, history)
    except LaptopError:
        entry = new.table(table_named(table, [new]))
        if new != history.in_use or entry is None:
            raise
        since = difference_since(workspace, new, entry, before, most=rows)
        if since is None:
            raise
        _show(since_facts(since), since_lines(since), as_json=as_json)
        return
    generations = [new, old, *reversed(history.generations)]
    table_id = table_named(table, generations)
    view = view_of(table_id, generations)
    found = difference_of(table_id, view, old, new, most=rows, state=workspace.state)
    _show(difference_facts(found), difference_lines(found), as_json=as_json)


def _show(facts: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        say_json(facts)
    else:
        say(*lines)
