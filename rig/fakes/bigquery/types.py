"""Types of BigQuery, as DuckDB keeps them and as Arrow carries them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

__all__ = ["arrow_type", "duckdb_type", "field_of", "standard"]

Field = Mapping[str, Any]

_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_DUCKDB = {
    "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "STRING": "VARCHAR",
    "BYTES": "BLOB", "DATE": "DATE", "TIME": "TIME", "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ", "JSON": "JSON", "GEOGRAPHY": "VARCHAR", "INTERVAL": "INTERVAL",
    "BIGNUMERIC": "VARCHAR",
}  # fmt: skip
_ARROW = {
    "INT64": pa.int64(), "FLOAT64": pa.float64(), "BOOL": pa.bool_(), "STRING": pa.string(),
    "BYTES": pa.binary(), "DATE": pa.date32(), "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"), "TIMESTAMP": pa.timestamp("us", "UTC"), "JSON": pa.string(),
    "GEOGRAPHY": pa.string(), "NUMERIC": pa.decimal128(38, 9), "BIGNUMERIC": pa.decimal256(76, 38),
    "INTERVAL": pa.month_day_nano_interval(),
}  # fmt: skip
_LEGACY = {
    "BIGINT": "INTEGER", "HUGEINT": "NUMERIC", "INTEGER": "INTEGER", "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT", "BOOLEAN": "BOOLEAN", "VARCHAR": "STRING", "BLOB": "BYTES", "DATE": "DATE",
    "TIME": "TIME", "TIMESTAMP": "DATETIME", "TIMESTAMPTZ": "TIMESTAMP",
    "JSON": "JSON", "INTERVAL": "INTERVAL",
}  # fmt: skip


def standard(field: Field) -> str:
    """The name in GoogleSQL of the type, whether repeated or not."""
    name = str(field["type"]).upper()
    return _STANDARD.get(name, name)


def duckdb_type(field: Field) -> str:
    """What DuckDB keeps its values in."""
    name = standard(field)
    if name == "STRUCT":
        inner = [f'"{one["name"]}" {duckdb_type(one)}' for one in field["fields"]]
        bare = f"STRUCT({', '.join(inner)})"
    elif name == "RANGE":
        bound = duckdb_type({"type": field["rangeElementType"]["type"]})
        bare = f'STRUCT("start" {bound}, "end" {bound})'
    elif name == "NUMERIC":
        bare = f"DECIMAL({field.get('precision', 38)},{field.get('scale', _scale(field))})"
    else:
        bare = _DUCKDB[name]
    return bare + "[]" if field.get("mode") == "REPEATED" else bare


def _scale(field: Field) -> int:
    return 0 if "precision" in field else 9


def field_of(name: str, type_: str) -> dict[str, Any]:
    """The column of an answer, as far as DuckDB's type tells."""
    if type_.endswith("[]"):
        return {**field_of(name, type_[:-2]), "mode": "REPEATED"}
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_):
        digits = {} if decimal[2] == "9" else {"precision": decimal[1], "scale": decimal[2]}
        return {"name": name, "type": "NUMERIC", "mode": "NULLABLE", **digits}
    return {"name": name, "type": _LEGACY[type_], "mode": "NULLABLE"}


def arrow_type(field: Field) -> pa.DataType:
    """As the Storage Read API announces it."""
    name = standard(field)
    if name == "STRUCT":
        bare = pa.struct([(one["name"], arrow_type(one)) for one in field["fields"]])
    elif name == "RANGE":
        bound = arrow_type({"type": field["rangeElementType"]["type"]})
        bare = pa.struct([("start", bound), ("end", bound)])
    else:
        bare = _ARROW[name]
    return pa.list_(bare) if field.get("mode") == "REPEATED" else bare
