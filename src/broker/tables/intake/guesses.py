"""The columns whose types are not known yet: what their values have in common so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..issues import RowPlace
from ..layout import Field, Layout, widened
from ..model import TableSpec
from ..pieces import pieces
from ..row_places import RowPlaces, placed
from ..schema import TypedBy
from ..session import one_row
from ..types import changed
from ..values.bulk import has_blank, read
from ..values.inference import NOTHING, Guess, guess, join
from ..values.oddity import DECIMAL_WORDS, Oddity, first_odd, shape, suspected, written
from ..values.text import fits
from .chunks import Chunk
from .spill import Spill

__all__ = ["Guesses"]

_AT_A_TIME = 100  # columns of one query


class Guesses:
    """A guess of each column without a type, and which value made a column text.

    Their values are set aside as the text that they are, so that a guess may still change.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        fields: Iterable[Field],
        spec: TableSpec,
    ) -> None:
        self._oddities: dict[str, Oddity] = {}
        self._connection = connection
        self._spec = spec
        self._fields = {field.name: field for field in fields}
        self._found = {name: Guess.of(field.known) for name, field in self._fields.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __getitem__(self, name: str) -> Guess:
        return self._found[name]

    def type(self, name: str) -> str:
        """The type of a column by what is known so far; text cannot say when a row was."""
        by = self._spec.partitioning
        found = self._found[name]
        if found == NOTHING and by is not None and by.column == name:
            return "TIMESTAMP"
        return "VARCHAR" if name in self._spec.key and found.has_fractions else found.type

    def layout(self, layout: Layout, places: RowPlaces | None) -> Layout:
        """The columns with the types that their values need; raises as ``widened`` does.

        ``places`` are those of the rows in their source, here and in ``warnings``.
        """
        types = {}
        for name, field in self._fields.items():
            type_, odd = self.type(name), self._oddities.get(name)
            if field.known is not None:
                because = odd.at(_place(odd, places)) if odd else "its values"
                type_ = widened(self._spec, field, type_, whole=layout.whole, because=because)
            is_known = field.known is not None or self._found[name] != NOTHING
            types[name] = type_, TypedBy.VALUES if is_known else TypedBy.NOTHING
        return layout.typed(types)

    def warnings(self, layout: Layout, places: RowPlaces | None) -> tuple[str, ...]:
        """What values made of columns."""
        found = []
        for name, odd in self._oddities.items():
            known, type_ = self._fields[name].known, layout.field(name).type
            if known != type_:
                change = "is text" if known is None else changed(known, type_)
                found.append(odd.words(change, _place(odd, places)))
        return tuple(found)

    def still_fits(self, field: Field, column: pa.ChunkedArray) -> bool:
        """Whether one quick look shows that no value changes the guess."""
        found = self._found[field.name]
        if found.kind is None:
            return bool(column.null_count == len(column))
        return read(column, found.bound, strict=True) is not None

    def holds(self, field: Field) -> str:
        """The SQL of rows that do not change the guess."""
        found = self._found[field.name]
        return fits(f"c{field.source}", found.bound, strict=True) if found.kind else "false"

    def widen(self, fields: Sequence[Field], chunk: Chunk) -> None:
        """Look at all values of a chunk, the table of this name, where a guess does not hold."""
        columns = {_sound(field, chunk): _sound_values(field, chunk) for field in fields}
        found = guess(self._connection, "chunk", columns)
        for field, (column, values) in zip(fields, columns.items(), strict=True):
            before = self._found[field.name]
            after = join(before, found[column])
            if after.kind is None and field.name in self._spec.key and has_blank(values):
                after = Guess("VARCHAR")  # a key is never NULL
            self._found[field.name] = after
            if field.known is None and after.kind == "VARCHAR" and before.kind != "VARCHAR":
                self._explain(field, before, values)
        known = [field for field in fields if field.known and field.name not in self._oddities]
        for some in pieces(known, _AT_A_TIME):
            self._note_first(some)

    def _note_first(self, fields: Sequence[Field]) -> None:
        """Note the first value of each that does not fit the type of the version before."""
        measures = []
        for field in fields:
            column = f"c{field.source}"
            odd = f"NOT {fits(column, field.known or 'VARCHAR', strict=True)}"
            measures.append(f"min(n) FILTER ({odd}), arg_min({column}, n) FILTER ({odd})")
        found = one_row(self._connection, f"SELECT {', '.join(measures)} FROM chunk")
        for field, n, text in zip(fields, found[::2], found[1::2], strict=True):
            if n is not None:
                self._oddities[field.name] = Oddity(field.name, n, shape(text), f"a {field.known}")

    def _explain(self, field: Field, before: Guess, values: pa.ChunkedArray) -> None:
        kind = before.kind or suspected(values)
        if kind is None:
            return
        is_sure = before.kind is not None
        odd = first_odd(
            self._connection, "chunk", f"c{field.source}", field.name, kind, is_sure=is_sure
        )
        if odd is not None:
            self._oddities[field.name] = odd

    def settle(self, spill: Spill) -> None:
        """Make text of what a number would not hold, once all rows are set aside.

        A key is never a double, nor a decimal with digits after the point: 1.5 and 1.50 are two
        texts and one number, and the second may come with a later delivery.
        """
        for field in self._fields.values():
            found, is_key = self._found[field.name], field.name in self._spec.key
            odd = None
            if found.kind == "DOUBLE" and (is_key or not found.is_short):
                odd = self._inexact(field, spill, is_key=is_key)
            if odd is not None:
                self._oddities[field.name] = odd
            if odd is not None or (is_key and found.has_fractions):
                self._found[field.name] = Guess("VARCHAR")

    def _inexact(self, field: Field, spill: Spill, *, is_key: bool) -> Oddity | None:
        """The value that makes doubles of others whose digits one would not keep."""
        column = f"c{field.source}"
        lossy = f"NOT {fits(column, 'DOUBLE', strict=True)}"
        odd = self._first(field, spill, lossy, "exact as a DOUBLE")
        if odd is None and not is_key:
            return None
        rough = f"NOT {written(column, 'DECIMAL(38,38)')}"
        return self._first(field, spill, rough, DECIMAL_WORDS) or odd

    def _first(self, field: Field, spill: Spill, odd: str, expected: str) -> Oddity | None:
        column = f"c{field.source}"
        self._connection.register("rows", spill.reader(spill.partitions(), [column, "n"]))
        query = f"SELECT min(n), arg_min({column}, n) FROM rows WHERE {column} <> '' AND {odd}"
        n, text = one_row(self._connection, query)
        self._connection.unregister("rows")
        return None if n is None else Oddity(field.name, n, shape(text), expected)


def _place(odd: Oddity, places: RowPlaces | None) -> RowPlace:
    (place,) = placed(places, pa.array([odd.n], pa.int64())).to_pylist()
    return RowPlace(**place)


def _sound(field: Field, chunk: Chunk) -> str:
    """The SQL of a column's values without those of rows that are rejected for their bytes."""
    column = f"c{field.source}"
    return (
        f"(CASE WHEN NOT x{field.source} THEN {column} END)" if _is_flawed(field, chunk) else column
    )


def _sound_values(field: Field, chunk: Chunk) -> pa.ChunkedArray:
    values = chunk.table[f"c{field.source}"]
    if not _is_flawed(field, chunk):
        return values
    return pc.if_else(chunk.table[f"x{field.source}"], pa.scalar(None, values.type), values)


def _is_flawed(field: Field, chunk: Chunk) -> bool:
    return field.source in chunk.flaws
