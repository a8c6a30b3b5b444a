"""NULL and the empty text: from how an export writes them to what they stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NullRules"]

_SHORT, _TRUTH = pa.array(["1", "0", "t", "f"]), pa.array(["true", "false", "true", "false"])


class NullRules:
    """Restores NULL in the text columns of an export.

    An untyped table holds no NULL: its NULL became an empty text, so in a column that is not
    text an empty text is NULL, and in one that is, nothing is. Declared texts for NULL mean
    it with and without quotes, as exports put quotes around all texts.
    """

    def __init__(
        self, types: Mapping[str, str], untyped: Collection[str], null_values: Collection[str]
    ) -> None:
        """``types`` of all columns; ``untyped`` are those with a type in metadata only."""
        self._types = types
        self._untyped = frozenset(untyped)
        self._nulls = pa.array(sorted(null_values), pa.string())

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows."""
        names = batch.schema.names
        columns = [self._column(name, batch.column(name)) for name in names]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _column(self, name: str, values: pa.Array) -> pa.Array:
        type_ = self._types.get(name, "VARCHAR")
        if name in self._untyped:
            if type_ == "VARCHAR":
                values = pc.fill_null(values, "") if values.null_count else values
            else:
                values = _without(values, pc.equal(values, ""))
        if name in self._untyped and type_ == "BOOLEAN":
            found = pc.index_in(values, _SHORT)
            if found.null_count < len(found):
                values = pc.coalesce(_TRUTH.take(found), values)
        return _without(values, pc.is_in(values, self._nulls)) if len(self._nulls) else values


def _without(values: pa.Array, is_null: pa.Array) -> pa.Array:
    """NULL where ``is_null`` is true; the same array where it never is."""
    if not pc.any(is_null).as_py():
        return values
    return pc.if_else(pc.fill_null(is_null, False), pa.scalar(None, values.type), values)
