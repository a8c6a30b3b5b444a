"""What differs in a table, in lines for people and as facts for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ...tables.compare import Counts, RowChange
from ..query.answer import AnswerColumn
from ..query.render import cell
from .difference import ChangesSince, ColumnChange, TableDifference

__all__ = [
    "difference_facts",
    "difference_lines",
    "row_words",
    "since_facts",
    "since_lines",
]

_SINCE = (
    "no generation of then is kept here, so this is from change files: they have the values of now"
)
_BASE = "counted is what changed after generation {}, the last change that was begun by then"
_KINDS = ("added", "removed", "changed")


def difference_lines(found: TableDifference) -> Iterator[str]:
    """Counts, columns, notes, then a line for each row that is given."""
    yield f"{found.table}: {found.before.title} -> {found.after.title}"
    yield _counts(found.counts)
    if found.columns:
        yield "columns: " + "; ".join(map(_column, found.columns))
    yield from (f"NOTE: {note}" for note in found.notes)
    yield from _rows(found)


def since_lines(found: ChangesSince) -> Iterator[str]:
    """The same of change files."""
    yield f"{found.table}: {found.words} -> {found.after.title}"
    yield _counts(found.counts)
    yield from (f"NOTE: {note}" for note in _notes_of(found))
    yield from _rows(found)


def _notes_of(found: ChangesSince) -> list[str]:
    return [_SINCE, _BASE.format(found.base)]


def _counts(found: Counts) -> str:
    counts = asdict(found)
    return "rows: " + ", ".join(f"{counts[kind]:,} {kind}" for kind in _KINDS)


def _rows(found: TableDifference | ChangesSince) -> Iterator[str]:
    yield from (f"  {row_words(row, is_keyed=bool(found.key))}" for row in found.rows)
    if len(found.rows) < found.total:
        yield f"{len(found.rows):,} of {found.total:,} rows are shown; --rows shows more"


def _column(one: ColumnChange) -> str:
    if one.before is None:
        return f"{one.name} {one.after} added"
    if one.after is None:
        return f"{one.name} {one.before} removed"
    return f"{one.name} {one.before} -> {one.after}"


def row_words(row: RowChange, *, is_keyed: bool) -> str:
    """What became of a row, on one line; the whole row where there is no key."""
    return f"{row.change:<8} {_row(row, is_keyed=is_keyed)}"


def _row(row: RowChange, *, is_keyed: bool) -> str:
    if not is_keyed:
        return _columns(row.key)
    before, after = row.before or {}, row.after or {}
    if row.before is None or row.after is None:
        rest = {name: value for name, value in (before or after).items() if name not in row.key}
        return f"{_columns(row.key)}: {_columns(rest)}" if rest else _columns(row.key)
    differing = (
        f"{name} {_value(before.get(name))} -> {_value(value)}"
        for name, value in after.items()
        if before.get(name) != value
    )
    return f"{_columns(row.key)}: {', '.join(differing)}"


def _columns(row: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in row.items())


def _value(value: str | None) -> str:
    return cell(value, AnswerColumn("", "VARCHAR"))


def difference_facts(found: TableDifference) -> dict[str, Any]:
    """For programs: values are DuckDB's own texts, so exact."""
    return {
        "table": found.table,
        "before": _generation(found.before.id, found.before.created_at.isoformat()),
        "after": _generation(found.after.id, found.after.created_at.isoformat()),
        "key": list(found.key),
        "rows": asdict(found.counts),
        "columns": [asdict(one) for one in found.columns],
        "notes": list(found.notes),
        "shown": [asdict(one) for one in found.rows],
    }


def since_facts(found: ChangesSince) -> dict[str, Any]:
    """The same of change files: ``since`` is the moment as it was given."""
    return {
        "table": found.table,
        "since": found.words,
        "after": _generation(found.after.id, found.after.created_at.isoformat()),
        "key": list(found.key),
        "rows": asdict(found.counts),
        "notes": _notes_of(found),
        "shown": [asdict(one) for one in found.rows],
    }


def _generation(name: str, created_at: str) -> dict[str, str]:
    return {"generation": name, "created_at": created_at}
