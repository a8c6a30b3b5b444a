"""An answer as a table for people, as JSON, or as CSV. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...foreign.text import shown
from ..ages import TableAge, length
from .answer import AnswerColumn, QueryAnswer

__all__ = ["age_as_json", "as_csv", "as_json", "as_table", "cell", "provenance"]

_WIDEST = 100
_INTEGERS = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?")
_DOUBLES = ("DOUBLE", "FLOAT")
_FINITE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_NEEDS_QUOTES = re.compile(r'[",\r\n]|\A\Z|\A\s|\s\Z')
_NULL = "NULL"


def as_table(answer: QueryAnswer) -> Iterator[str]:
    """Lines for a terminal. A text that could be taken for NULL, or for nothing, has quotes."""
    if answer.is_plan:
        for (text,) in answer.rows:
            yield from (text or "").splitlines()
        return
    header = [_clipped(column.name) for column in answer.columns]
    cells = [
        [cell(value, column) for value, column in zip(row, answer.columns, strict=True)]
        for row in answer.rows
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    to_right = [_is_number(column) for column in answer.columns]
    yield _line(header, widths, to_right)
    yield "  ".join("-" * width for width in widths)
    for row in cells:
        yield _line(row, widths, to_right)


def _line(cells: list[str], widths: list[int], to_right: list[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, to_right, strict=True)
    )
    return "  ".join(padded).rstrip()


def cell(value: str | None, column: AnswerColumn) -> str:
    """A value for a terminal: on one line, and not longer than that."""
    if value is None:
        return _NULL
    if column.type == "VARCHAR" and (
        value.upper() == _NULL or value != value.strip() or value[:1] in ("", "'")
    ):
        value = "'" + value.replace("'", "''") + "'"
    return _clipped(value)


def _clipped(text: str) -> str:
    safe = shown(text)
    return safe if len(safe) <= _WIDEST else safe[: _WIDEST - 1] + "…"


def _is_number(column: AnswerColumn) -> bool:
    kind = column.type
    is_whole = _INTEGERS.fullmatch(kind) is not None
    return is_whole or kind in _DOUBLES or kind.startswith("DECIMAL(")


def provenance(answer: QueryAnswer) -> Iterator[str]:
    """What stands below an answer: how much it is, of which generation, how old, what to know."""
    count = len(answer.rows)
    rows = "plan" if answer.is_plan else "1 row" if count == 1 else f"{count:,} rows"
    yield f"({rows}, {answer.seconds:.2f} s, generation {answer.generation})"
    if answer.tables:
        yield "tables: " + "; ".join(map(_age, answer.tables))
    for note in answer.notes:
        yield f"NOTE: {note}"
    if answer.cut is not None:
        yield (
            f"CUT after {answer.cut}: there are more rows. Aggregate, add LIMIT or conditions, or "
            "raise --rows or --characters."
        )


def _age(age: TableAge) -> str:
    if age.as_of is None or age.seconds is None:
        return f"{age.name}, never loaded"
    return f"{age.name}, {length(age.seconds)} old ({age.as_of:%Y-%m-%d %H:%M} UTC)"


def as_json(answer: QueryAnswer) -> dict[str, Any]:
    """For programs. Whole numbers and doubles are numbers; decimals are texts, so exact."""
    return {
        "generation": answer.generation,
        "columns": [{"name": one.name, "type": one.type} for one in answer.columns],
        "rows": [
            [_value(value, column) for value, column in zip(row, answer.columns, strict=True)]
            for row in answer.rows
        ],
        "row_count": len(answer.rows),
        "cut": answer.cut,
        "tables": [age_as_json(age) for age in answer.tables],
        "notes": list(answer.notes),
        "seconds": round(answer.seconds, 3),
    }


def age_as_json(age: TableAge) -> dict[str, Any]:
    """The age of a table for programs."""
    return {
        "name": age.name,
        "status": age.status,
        "as_of": None if age.as_of is None else age.as_of.isoformat(),
        "age_seconds": age.seconds,
        "promised_seconds": age.promise,
        "problem": age.problem,
    }


def _value(value: str | None, column: AnswerColumn) -> Any:
    if value is None:
        return None
    if column.type == "BOOLEAN":
        return value == "true"
    if _INTEGERS.fullmatch(column.type):
        return int(value)
    if column.type in _DOUBLES and _FINITE.fullmatch(value):
        return float(value)
    return value


def as_csv(answer: QueryAnswer) -> Iterator[str]:
    """Lines of RFC 4180 with LF: NULL is nothing, the empty text is ``""``."""
    yield ",".join(_csv_value(column.name) for column in answer.columns)
    for row in answer.rows:
        yield ",".join(map(_csv_value, row))


def _csv_value(value: str | None) -> str:
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value
