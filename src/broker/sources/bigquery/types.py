"""BigQuery's types as Arrow holds them, and as the broker names them. Pure.

A field is what the REST API says of a column: ``{"name": …, "type": …, "mode": …, "fields": …}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import SourceError
from ...tables.schema import Column
from ...tables.types import DIGITS, of_arrow
from ..decimals import decimal_text
from .texts import interval_text, range_bounds

__all__ = ["ApiField", "arrow_type", "as_text", "column", "converted", "kind"]

ApiField = Mapping[str, Any]

# The REST API keeps the names of legacy SQL.
_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_SCALARS = {
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "BOOL": pa.bool_(),
    "STRING": pa.string(),
    "BYTES": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
    "JSON": pa.string(),
    "GEOGRAPHY": pa.string(),
    "INTERVAL": pa.string(),
}
_TEXTS = ("JSON", "GEOGRAPHY", "INTERVAL", "RANGE")
_NUMERIC = (38, 9)


def kind(field: ApiField) -> str:
    """The type's name in SQL; ``ARRAY`` for a repeated field."""
    if field.get("mode") == "REPEATED":
        return "ARRAY"
    name = str(field["type"]).upper()
    return _STANDARD.get(name, name)


def column(field: ApiField) -> Column:
    """The column as the broker describes it."""
    type_ = "JSON" if kind(field) == "JSON" else of_arrow(arrow_type(field)) or "VARCHAR"
    is_nullable = field.get("mode") != "REQUIRED"
    return Column(str(field["name"]), type_, is_nullable, str(field.get("description") or ""))


def arrow_type(field: ApiField) -> pa.DataType:
    """What holds every value exactly; raises ``SourceError`` for an unknown type."""
    name = kind(field)
    if name == "ARRAY":
        return pa.list_(arrow_type({**field, "mode": "NULLABLE"}))
    if name == "STRUCT":
        return pa.struct([(one["name"], arrow_type(one)) for one in field.get("fields", ())])
    if name == "RANGE":
        bound = arrow_type({"type": field["rangeElementType"]["type"]})
        return pa.struct([("start", bound), ("end", bound)])
    if name in ("NUMERIC", "BIGNUMERIC"):
        return _decimal(field, name)
    if name not in _SCALARS:
        raise SourceError(
            f"column {field['name']} has a type that the broker does not know",
            found=name,
            remedy="Leave it out with `columns`, or CAST it in a query.",
        )
    return _SCALARS[name]


def _decimal(field: ApiField, name: str) -> pa.DataType:
    """A BIGNUMERIC may have 76 digits, which no decimal of DuckDB has: then it is text."""
    bare = _NUMERIC if name == "NUMERIC" else (2 * DIGITS, DIGITS)
    precision = int(field.get("precision") or bare[0])
    scale = int(field.get("scale") or (0 if "precision" in field else bare[1]))
    return pa.decimal128(precision, scale) if precision <= DIGITS else pa.string()


def as_text(field: ApiField) -> dict[str, Any]:
    """The same with STRING for what the broker reads from text, nested fields included.

    Given such a schema, the client hands over the API's own text: it would parse JSON, fail on
    lists of ranges, and shorten numbers that are longer than its decimals.
    """
    text = {**field}
    bare = {**field, "mode": "NULLABLE"}
    if "fields" in field:
        text["fields"] = [as_text(one) for one in field["fields"]]
    elif kind(bare) in _TEXTS or (kind(bare) == "BIGNUMERIC" and arrow_type(bare) == pa.string()):
        text = {key: field[key] for key in ("name", "mode") if key in field} | {"type": "STRING"}
    return text


def converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the types of ``schema``, matched by name.

    Raises ``SourceError`` that names the column which does not fit.
    """
    columns = []
    for field in schema:
        try:
            columns.append(_cast(batch.column(field.name), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
            raise SourceError(
                "BigQuery delivers something else than it announced",
                where=f"column {field.name}",
                expected=str(field.type),
                found=f"{type(error).__name__}",
                remedy="CAST the column in a query, or leave it out with `columns`.",
            ) from error
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(values: pa.Array, type_: pa.DataType) -> pa.Array:
    if values.type == type_:
        return values
    if pa.types.is_list(type_) and pa.types.is_list(values.type):
        items = _cast(values.flatten(), type_.value_type)
        counts = pc.fill_null(pc.list_value_length(values), 0)
        ends = pc.cumulative_sum(counts).cast(pa.int32())
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        return pa.ListArray.from_arrays(offsets, items, type=type_, mask=values.is_null())
    if pa.types.is_struct(type_) and pa.types.is_struct(values.type):
        children = [_cast(pc.struct_field(values, one.name), one.type) for one in type_]
        return pa.StructArray.from_arrays(children, fields=list(type_), mask=values.is_null())
    return _made_same(values, type_)


def _made_same(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """A value that the two APIs hand over in two types."""
    if pa.types.is_struct(type_) and pa.types.is_string(values.type):
        return range_bounds(values, type_)
    if pa.types.is_string(type_) and pa.types.is_interval(values.type):
        return interval_text(values)
    if pa.types.is_string(type_) and pa.types.is_decimal256(values.type):
        return _shortest(values)
    return values.cast(type_)


def _shortest(values: pa.Array) -> pa.Array:
    """As the REST API writes it: without the zeros at the end."""
    text = decimal_text(values)
    has_point = pc.match_substring(text, ".")
    short = pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), ".")
    return pc.if_else(has_point, short, text)
