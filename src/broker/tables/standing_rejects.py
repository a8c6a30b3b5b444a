"""Rows rejected before that are still not in the table: a merge does not forget them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from .difference import Gone
from .files.change import within
from .intake.rejects import DUPLICATE, Rejects, rejects_in
from .layout import Layout
from .model import Range
from .session import literal
from .values.text import typed

__all__ = ["carry", "keys", "keys_in"]


def carry(
    rejects: Rejects,
    earlier: Path,
    layout: Layout,
    key: Sequence[str],
    gone: Gone,
    covered: Range | None,
) -> None:
    """Add what an ``earlier`` reject file holds of rows that are not in this batch.

    Run after the batch was compared: its rows stand in the table ``fresh``. A row is settled
    when its key came again, fitting or not, or is gone; when it lies in a range that was read in
    full; or when the very same is rejected again. Displaced duplicates never were missing.
    """
    # The rows of the earlier file, each with its values as a struct; of them those that still
    # stand. A duplicate was displaced by a row that is in the table.
    rejects.stand(
        f"SELECT * EXCLUDE (fields) FROM (SELECT *, {_fields(layout, 'record')} AS fields FROM "
        f"({rejects_in(earlier)})) AS e WHERE reason <> {literal(DUPLICATE)} "
        f"AND {' AND '.join(_stands(layout, key, gone, covered))}"
    )


def keys(layout: Layout, key: Sequence[str]) -> str:
    """The SQL of the keys of the table ``rejects``, as ``k0`` …, where they can be read."""
    # But for duplicates: the row that displaced one is in the table.
    return keys_in(layout, key, f"(FROM rejects WHERE reason <> {literal(DUPLICATE)})")


def keys_in(layout: Layout, key: Sequence[str], relation: str) -> str:
    """The SQL of the keys of the rows that ``relation`` has as ``record``, as ``k0`` …"""
    values = (f"{_value('fields', layout, n)} AS k{at}" for at, n in enumerate(key))
    rows = f"SELECT {_fields(layout, 'record')} AS fields FROM {relation}"
    return f"SELECT {', '.join(values)} FROM ({rows})"


def _fields(layout: Layout, record: str) -> str:
    """The SQL of a rejected row as a struct of text; NULL where the source could not read it."""
    shape = json.dumps({field.name: "VARCHAR" for field in layout.fields})
    return f"json_transform({record}, {literal(shape)})"


def _value(fields: str, layout: Layout, name: str) -> str:
    """The SQL of a value as the engine reads it; NULL where it does not fit its type."""
    field = layout.field(name)
    type_ = field.type or "VARCHAR"
    text = f"struct_extract({fields}, {literal(name)})"
    return typed(text, type_, strict=field.strict)


def _stands(layout: Layout, key: Sequence[str], gone: Gone, covered: Range | None) -> Iterator[str]:
    """The SQL of what must hold of an earlier rejected row ``e`` that still stands."""
    # This batch does not reject the very same row for the very same reason.
    columns = ("column_name", "reason", "value", "record")
    again = " AND ".join(f"r.{name} IS NOT DISTINCT FROM e.{name}" for name in columns)
    yield f"NOT EXISTS (SELECT 1 FROM rejects AS r WHERE {again})"
    if key:
        yield from _key_stands(layout, key, gone)
    if covered is not None:
        # It is not known to lie in the range that was read in full: it would have come again.
        column = covered.column
        value = _value("e.fields", layout, column)
        inside = within(covered, value, layout.field(column).type or "VARCHAR")
        yield f"NOT coalesce({inside}, false)"


def _key_stands(layout: Layout, key: Sequence[str], gone: Gone) -> Iterator[str]:
    """A rejected row whose key cannot be read stays until a whole load."""
    places = {field.name: f"f.v{at}" for at, field in enumerate(layout.fields)}
    wanted = [_value("e.fields", layout, name) for name in key]

    def among(relation: str, found: Sequence[str]) -> str:
        same = " AND ".join(f"{one} = {two}" for one, two in zip(found, wanted, strict=True))
        return f"EXISTS (SELECT 1 FROM {relation} WHERE {same})"

    numbered = [f"k.k{at}" for at, _ in enumerate(key)]
    rejected = [_value(_fields(layout, "k.record"), layout, name) for name in key]
    # Its key did not come with a row that fits,
    yield f"NOT {among('fresh AS f', [places[name] for name in key])}"
    # nor with another one that does not fit;
    yield f"NOT {among('rejects AS k', rejected)}"
    if gone.dead is not None:
        # it is not among the keys marked as gone,
        yield f"NOT {among(f'{gone.dead} AS k', numbered)}"
    if gone.alive is not None:
        # and it is in the census, or cannot be read and so not looked up there.
        unknown = " OR ".join(f"{value} IS NULL" for value in wanted)
        yield f"({among(f'{gone.alive} AS k', numbered)} OR {unknown})"
