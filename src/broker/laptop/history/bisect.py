"""``bisect``: what changed the answer of a query, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from ...errors import LaptopError
from ..query.command import limits_of, values_of
from ..query.options import (
    characters_option,
    memory_option,
    parameters_option,
    rows_option,
    seconds_option,
)
from ..screen import say, say_json
from ..workspace import Workspace
from .answers import AskedAnswer, Asker
from .bisecting import AnswerChange, TableCause, first_change
from .difference_words import row_words
from .kept_generations import KeptGeneration, read_history
from .moments import CURRENT, generation_named

__all__ = ["bisect"]

_MOST_SHOWN = 20
_OLDEST = "oldest"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", type=click.UNPROCESSED)
@click.argument("before", metavar="[FROM]", default=_OLDEST)
@click.argument("after", metavar="[TO]", default=CURRENT)
@parameters_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
@rows_option
@characters_option
@seconds_option
@memory_option
@click.pass_obj
def bisect(
    workspace: Workspace,
    /,
    query: str,
    before: str,
    after: str,
    parameters: tuple[str, ...],
    *,
    as_json: bool,
    **limits: float,
) -> None:
    """Say with which generation the answer of QUERY changed, and what in the data changed it.

    FROM and TO are as for `diff`; by default the oldest generation that is kept here and the
    current one. The first generation that answers otherwise than FROM is found, then the table, the
    partitions and the keys: each of these alone changes the answer of the generation before. Rows
    may come in any order unless the QUERY has ORDER BY. Ends with 0, also where nothing changed.
    """
    history = read_history(workspace)
    generations = history.generations
    old = generations[0] if before == _OLDEST else generation_named(before, history)
    new = generation_named(after, history)
    between = [one for one in generations if old.id <= one.id <= new.id]
    if len(between) < 2:
        raise LaptopError(
            "there is nothing to search between these generations",
            expected="FROM older than TO",
            found=f"{old.title} and {new.title}",
        )
    asker = Asker(workspace, query, values_of(parameters), limits_of(**limits))
    found = first_change(asker, between)
    if as_json:
        say_json(_facts(old, new, found))
    elif found is None:
        say(f"SAME: {old.title} and {new.title} give one answer")
    else:
        say(*_lines(found))


def _lines(found: AnswerChange) -> Iterator[str]:
    yield f"the answer changed with generation {found.after.title}"
    yield f"before: {found.before.title}: {_answer(found.answer_before)}"
    yield f"after: {found.after.title}: {_answer(found.answer_after)}"
    yield from (f"NOTE: {note}" for note in found.notes)
    for cause in found.causes:
        yield f"table {cause.table}"
        if cause.partitions:
            yield f"  partitions: {', '.join(cause.partitions)}"
        yield from (f"  {row_words(row, is_keyed=True)}" for row in cause.rows[:_MOST_SHOWN])
        if len(cause.rows) > _MOST_SHOWN:
            yield f"  {_MOST_SHOWN} of {len(cause.rows):,} rows are shown; --json has all"
        yield from (f"  NOTE: {note}" for note in cause.notes)


def _answer(one: AskedAnswer) -> str:
    if one.answer is None:
        return f"it cannot be asked: {one.error}"
    rows = one.answer.rows
    if len(rows) == 1 and len(rows[0]) == 1:
        return "NULL" if rows[0][0] is None else rows[0][0]
    return "1 row" if len(rows) == 1 else f"{len(rows):,} rows"


def _facts(old: KeptGeneration, new: KeptGeneration, found: AnswerChange | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"from": old.id, "to": new.id, "same": found is None}
    if found is not None:
        facts |= {
            "before": found.before.id,
            "after": found.after.id,
            "answer_before": _answer(found.answer_before),
            "answer_after": _answer(found.answer_after),
            "notes": list(found.notes),
            "tables": [_cause(cause) for cause in found.causes],
        }
    return facts


def _cause(cause: TableCause) -> dict[str, Any]:
    return {
        "table": cause.table,
        "partitions": list(cause.partitions),
        "rows": [asdict(row) for row in cause.rows],
        "notes": list(cause.notes),
    }
