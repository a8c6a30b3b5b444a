"""What Keboola reports of a table: types, keys, times, versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from broker.sources.keboola.types import by_definition, by_metadata

from .answers import claims, detail


def timed(native: str) -> dict[str, Any]:
    return {"basetype": "TIMESTAMP", "definition": {"type": native}}


@pytest.mark.parametrize(
    ("definition", "backend", "type_"),
    [
        ({"basetype": "INTEGER", "definition": {"type": "NUMBER", "length": "38,0"}}, "", "BIGINT"),
        ({"basetype": "NUMERIC", "definition": {"length": "12,2"}}, "", "DECIMAL(12,2)"),
        ({"basetype": "NUMERIC", "definition": {"length": 10}}, "", "DECIMAL(10,0)"),
        ({"basetype": "NUMERIC", "definition": []}, "", "DECIMAL(38,9)"),
        ({"basetype": "NUMERIC", "definition": {"length": "5,9"}}, "", "DECIMAL(38,9)"),
        ({"basetype": "NUMERIC", "definition": {"type": "BIGNUMERIC"}}, "bigquery", "VARCHAR"),
        (timed("TIMESTAMP_NTZ"), "snowflake", "TIMESTAMP"),
        (timed("TIMESTAMP_LTZ"), "snowflake", "TIMESTAMPTZ"),
        (timed("TIMESTAMP"), "bigquery", "TIMESTAMPTZ"),
        (timed("TIME"), "bigquery", "TIME"),
        ({"basetype": "STRING", "definition": {"type": "VARIANT"}}, "snowflake", "VARCHAR"),
        ({"basetype": "SOMETHING"}, "", "VARCHAR"),
    ],
)  # fmt: skip
def test_types_by_definition(definition: dict[str, Any], backend: str, type_: str) -> None:
    assert by_definition(definition, backend) == type_


@pytest.mark.parametrize(
    ("entries", "type_"),
    [
        ([], "VARCHAR"),
        (claims("ex-db", "INTEGER"), "BIGINT"),
        (claims("ex-db", "INTEGER", "2027") + claims("user", "DATE", "2020"), "DATE"),
        (claims("ex-db", "INTEGER", "2027") + claims("storage", "FLOAT", "2020"), "DOUBLE"),
        (claims("a", "INTEGER", "2021") + claims("b", "BOOLEAN", "2022"), "BOOLEAN"),
        (
            claims("a", "NUMERIC", "2022", "9,2") + claims("b", "NUMERIC", "2021", "4,1"),
            "DECIMAL(9,2)",
        ),
        # a length is never taken from another provider than the type
        (claims("user", "NUMERIC") + claims("b", "STRING", "2027", "4,1"), "DECIMAL(38,9)"),
    ],
)
def test_types_by_metadata(entries: list[dict[str, Any]], type_: str) -> None:
    assert by_metadata(entries) == type_


def test_an_alias_is_as_its_source() -> None:
    source = {
        "columnMetadata": {"n": claims("user", "INTEGER")},
        "metadata": [{"provider": "user", "key": "KBC.description", "value": "Rows"}],
    }
    found = detail(columnMetadata=[], sourceTable=source, isAlias=True).described((), ())
    assert [column.type for column in found.schema.columns] == ["VARCHAR", "BIGINT", "VARCHAR"]
    assert found.description == "Rows"


@pytest.mark.parametrize(
    ("more", "key", "tracks"),
    [
        ({}, (), True),
        ({"primaryKey": []}, (), False),
        ({"primaryKey": []}, ("x",), True),
        ({"timestampType": "NONE"}, (), False),
        ({"timestampType": None}, (), True),
    ],
)
def test_changes_are_tracked_for_rows_that_have_a_key(
    more: dict[str, Any],
    key: tuple[str, ...],
    tracks: bool,
) -> None:
    assert detail(**more).described((), key).tracks_changes is tracks


def test_times_have_offsets_without_colons_and_may_be_missing() -> None:
    at = detail(lastImportDate="2019-08-14T16:54:06+0200", rowsCount="7").as_of
    assert at == datetime(2019, 8, 14, 14, 54, 6, tzinfo=UTC)
    assert detail(lastImportDate=None, rowsCount=None).as_of is None
    assert detail(rowsCount=None).rows is None


def test_a_version_is_certain_of_a_table_at_rest_alone() -> None:
    old, now = "2019-08-14T16:54:06+0200", datetime.now(UTC).isoformat()
    assert detail(lastImportDate=old, lastChangeDate=old).version is not None
    assert detail(lastImportDate=old, lastChangeDate=now).version is None
    assert detail(lastImportDate=old, lastChangeDate=old, tableType="view").version is None
