"""Values that are written without DuckDB, against DuckDB."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.profile.texts import written

TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999))
DECIMALS = st.integers(-(10**11), 10**11) | st.integers(-50, 50)
VALUES: dict[pa.DataType, st.SearchStrategy[object]] = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False) | st.floats(-1e6, 1e6).map(lambda one: round(one, 3)),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=5) | st.text(min_size=190, max_size=210),
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pa.timestamp("us"): TIMES | TIMES.map(lambda one: one.replace(microsecond=0, second=0)),
    pa.timestamp("us", "UTC"): TIMES | TIMES.map(lambda one: one.replace(microsecond=500_000)),
    pa.decimal128(12, 2): DECIMALS.map(lambda one: Decimal(one).scaleb(-2)),
    pa.decimal128(12, 0): DECIMALS.map(Decimal),
    pa.decimal128(38, 16): DECIMALS.map(lambda one: Decimal(one).scaleb(-16)),
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def by_duckdb(database: duckdb.DuckDBPyConnection, values: pa.Array) -> list[str | None]:
    database.register("given", pa.table({"v": values}))
    return [
        text for (text,) in database.execute("SELECT left(v::VARCHAR, 201) FROM given").fetchall()
    ]


@pytest.mark.parametrize("type_", VALUES, ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_texts_are_those_of_duckdb(
    database: duckdb.DuckDBPyConnection, type_: pa.DataType, data: st.DataObject
) -> None:
    values = pa.array(data.draw(st.lists(st.none() | VALUES[type_], max_size=20)), type_)
    assert written(values) == by_duckdb(database, values)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (-800_000, pa.date32()),
        (2_932_897, pa.date32()),
        (253_402_300_800_000_000, pa.timestamp("us")),
        (-62_135_596_800_000_001, pa.timestamp("us", "UTC")),
        (0, pa.timestamp("ns")),
        (math.nan, pa.float64()),
        ([1], pa.list_(pa.int64())),
    ],
)
def test_what_duckdb_has_to_write_is_left_to_it(value: object, type_: pa.DataType) -> None:
    assert written(pa.array([None, value], type_)) is None
