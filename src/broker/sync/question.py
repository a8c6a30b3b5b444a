"""What was asked for a table when its rows were read, and which changes those do not answer. Pure.

Each setting that decides which rows come, or what they say, is recorded as a digest beside the
watermark: a merge builds upon rows that the same question brought.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..config import TableDescription
from ..manifest import TableEntry
from ..tables.model import TableSpec
from ..tables.schema import TableSchema, TypedBy

__all__ = ["changes_of", "question_of", "read_otherwise"]

_DIGITS = 16
_WRITTEN = ("csv", "null_values")  # what a text says as a value
_TYPE = "types."
# How the rows were fetched: no matter, where it was always all of them.
_FETCHED = ("sync_strategy", "incremental_column", "partition_by")


def question_of(table: TableDescription, address: str) -> dict[str, str]:
    """Setting to digest, for every setting of the table that is not its default.

    ``address`` is where the source has the rows. A placeholder of a filter counts as it is written:
    a window that moves with the day is the same question.
    """
    bigquery = table.bigquery.model_dump(exclude_defaults=True, exclude={"max_bytes_billed"})
    settings: dict[str, Any] = {
        "source": address,
        "file": table.file,
        "csv": table.csv.model_dump(exclude_defaults=True),
        "bigquery": bigquery,
        "columns": sorted(table.columns),
        "where_filters": [one.model_dump() for one in table.where_filters],
        "row_filter": table.row_filter,
        "null_values": sorted(table.null_values),
        "sync_strategy": table.sync_strategy,
        "incremental_column": table.incremental_column,
        "partition_by": table.partition_by if table.sync_strategy == "partitioned" else None,
        "tombstone": table.tombstone.model_dump() if table.tombstone else None,
        **{f"{_TYPE}{column}": type_ for column, type_ in table.types.items()},
    }
    return {name: _digest(value) for name, value in settings.items() if value}


def changes_of(
    question: Mapping[str, str],
    spec: TableSpec,
    named: Collection[str],
    delivered: Collection[str],
    entry: TableEntry,
) -> tuple[str, ...]:
    """The settings that changed so that the rows of ``entry`` are not what is wanted now.

    ``named`` are the columns that are named, if any are, ``delivered`` those that come. Where it
    is not known how the rows were read (by an older broker), they are taken for right, but a
    column that is not named goes.
    """
    changes = dict.fromkeys(_of_question(question, spec, delivered, entry))
    if named and not set(entry.schema.names) <= set(named):
        changes["columns"] = None
    return (*_of_place(spec, entry), *sorted(changes))


def read_otherwise(question: Mapping[str, str], entry: TableEntry) -> TableEntry:
    """The entry without the types of columns that values made text, where others are read now.

    A value that has a format by now, or is NULL, does not hold a column to text. The key keeps its
    type, as keys are compared.
    """
    before = entry.question
    if not before or all(question.get(name) == before.get(name) for name in _WRITTEN):
        return entry
    columns = [
        replace(column, typed_by=TypedBy.NOTHING)
        if column.type == "VARCHAR"
        and column.typed_by is TypedBy.VALUES
        and column.name not in entry.key
        else column
        for column in entry.schema.columns
    ]
    return replace(entry, schema=TableSchema(tuple(columns)))


def _of_place(spec: TableSpec, entry: TableEntry) -> list[str]:
    pairs = {
        "primary_key": (spec.key, entry.key),
        "folder or name": (spec.path, entry.path),
        "partitions": (spec.partitioning, entry.partitioning),
    }
    return [name for name, (now, before) in pairs.items() if now != before]


def _of_question(
    question: Mapping[str, str], spec: TableSpec, delivered: Collection[str], entry: TableEntry
) -> list[str]:
    if not entry.question:
        return []
    known = {column.name: column.type for column in entry.schema.columns}
    same = set(_FETCHED) if entry.strategy == "full_refresh" else set()
    # A type that is declared as it is already, and columns that are there already, change nothing.
    same |= {f"{_TYPE}{column}" for column, type_ in spec.types if known.get(column) == type_}
    if set(delivered) == set(known):
        same.add("columns")
    names = sorted({*question, *entry.question} - same)
    return [name for name in names if question.get(name) != entry.question.get(name)]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
