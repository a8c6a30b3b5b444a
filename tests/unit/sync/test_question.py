"""What of a description is a question to the source, and which changes published rows answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from broker.config import TableDescription
from broker.manifest import TableEntry
from broker.sync.question import changes_of, question_of
from broker.sync.request import spec_of
from broker.tables.schema import Column, TableSchema

COLUMNS = ("id", "at", "v")
DAY = {"column": "at", "operator": "ge", "values": "{{today}}"}


def described(**settings: Any) -> TableDescription:
    usual = {"id": "s.t", "sync_strategy": "incremental", "incremental_column": "at"}
    return TableDescription.model_validate({**usual, "primary_key": "id", **settings})


def published(table: TableDescription, **facts: Any) -> TableEntry:
    types = {"id": "BIGINT", "at": "TIMESTAMPTZ", "v": "VARCHAR"}
    return TableEntry(
        id="s.t",
        name="t",
        path="s/t",
        key=("id",),
        strategy=table.sync_strategy,
        schema=TableSchema(tuple(Column(name, type_) for name, type_ in types.items())),
        watermark=datetime(2026, 6, 1, tzinfo=UTC),
        **{"question": question_of(table, "csv /in/t"), **facts},
    )


def changes(now: TableDescription, entry: TableEntry, address: str = "csv /in/t") -> list[str]:
    spec = spec_of(now, now.key, 0)
    return list(changes_of(question_of(now, address), spec, now.columns, COLUMNS, entry))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {}, []),
        ({"where_filters": [DAY]}, {"where_filters": [DAY]}, []),
        ({"where_filters": [DAY]}, {}, ["where_filters"]),
        ({"types": {"v": "DATE"}}, {}, ["types.v"]),
        ({}, {"types": {"v": "VARCHAR"}}, []),
        ({}, {"types": {"v": "JSON"}}, ["types.v"]),
        ({"columns": ["id", "at"]}, {}, []),  # an older broker left the column in
        ({}, {"columns": ["v", "at", "id"]}, []),
        ({}, {"primary_key": ["id", "v"]}, ["primary_key"]),
        ({}, {"name": "u"}, ["folder or name"]),
        ({}, {"partition_by": "at"}, ["partitions"]),
        ({}, {"incremental_column": "v"}, ["incremental_column"]),
        ({"sync_strategy": "full_refresh"}, {}, []),
        ({"sync_strategy": "full_refresh"}, {"null_values": "NA"}, ["null_values"]),
        ({}, {"bigquery": {"max_bytes_billed": "1GB"}}, []),
        ({}, {"bigquery": {"query": "SELECT 1"}}, ["bigquery"]),
        ({"csv": {"delimiter": ";"}}, {"csv": {"delimiter": ","}}, ["csv"]),
        ({}, {"timeout": "4h", "freshness": "1h", "max_rejects": 3, "access": "public"}, []),
    ],
)
def test_what_is_read_anew(before: Any, now: Any, expected: list[str]) -> None:
    assert changes(described(**now), published(described(**before))) == expected


def test_rows_of_another_place_are_others() -> None:
    table = described()
    assert changes(table, published(table), "csv /in/u") == ["source"]


def test_rows_of_an_older_broker_are_taken_as_they_are() -> None:
    entry = published(described(), question={})
    assert changes(described(null_values="NA"), entry) == []
    assert changes(described(primary_key="v"), entry) == ["primary_key"]


def test_a_column_that_is_not_named_goes_whatever_was_asked_before() -> None:
    now = described(columns=["id", "at"])
    assert changes(now, published(described(), question={})) == ["columns"]
    assert changes(now, published(now)) == ["columns"], "left in when an older broker's rows stayed"
