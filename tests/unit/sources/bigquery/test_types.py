"""Types of BigQuery, and values of those that DuckDB does not have as they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import SourceError
from broker.sources.bigquery.texts import interval_text, range_bounds
from broker.sources.bigquery.types import arrow_type, as_text, column, converted

NESTED = {
    "name": "items",
    "type": "RECORD",
    "mode": "REPEATED",
    "fields": [{"name": "exact", "type": "BIGNUMERIC"}, {"name": "n", "type": "INTEGER"}],
}
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9))
items = st.lists(
    st.none() | st.fixed_dictionaries({"exact": st.none() | decimals, "n": st.none() | st.just(1)})
)


@given(st.lists(st.none() | items), st.integers(0, 3))
def test_nested_decimals_become_their_shortest_text(rows: list[Any], start: int) -> None:
    inner = pa.struct([("exact", pa.decimal256(76, 38)), ("n", pa.int64())])
    batch = pa.record_batch({"items": pa.array(rows, pa.list_(inner))}).slice(start)
    schema = pa.schema([("items", arrow_type(NESTED))])
    found = converted(batch, schema).column("items")
    found.validate(full=True)
    for before, after in zip(rows[start:], found.to_pylist(), strict=True):
        assert (before is None) == (after is None)
        for old, new in zip(before or (), after or (), strict=True):
            if old is None or old["exact"] is None:
                assert new is None or new["exact"] is None
            else:
                assert Decimal(new["exact"]) == old["exact"]
                assert not new["exact"].endswith(".")
                assert "." not in new["exact"] or not new["exact"].endswith("0")


@pytest.mark.parametrize(
    ("months", "days", "nanoseconds", "text"),
    [
        (0, 0, 0, "0-0 0 0:0:0"),
        (14, 3, 14_706_789_999_000, "1-2 3 4:5:6.789999"),
        (-14, -3, -1_500_000_000, "-1-2 -3 -0:0:1.500"),
        (-1, 40, 10**15, "-0-1 40 277:46:40"),
        (0, 0, 1, "0-0 0 0:0:0.000000001"),
    ],
)
def test_an_interval_is_written_as_bigquery_writes_it(
    months: int, days: int, nanoseconds: int, text: str
) -> None:
    value = pa.MonthDayNano([months, days, nanoseconds])
    values = pa.array([value, None], pa.month_day_nano_interval())
    assert interval_text(values).to_pylist() == [text, None]


def test_a_range_is_read_from_its_text() -> None:
    type_ = pa.struct([("start", pa.date32()), ("end", pa.date32())])
    texts = pa.array(["[2026-01-01, UNBOUNDED)", None, "[UNBOUNDED, 2026-01-02)"])
    assert range_bounds(texts, type_).to_pylist() == [
        {"start": date(2026, 1, 1), "end": None},
        None,
        {"start": None, "end": date(2026, 1, 2)},
    ]


@pytest.mark.parametrize(
    ("field", "type_", "text"),
    [
        ({"type": "RANGE", "rangeElementType": {"type": "DATE"}}, None, "STRING"),
        ({"type": "BIGNUMERIC", "precision": "40"}, "VARCHAR", "STRING"),
        ({"type": "BIGNUMERIC", "precision": "38", "scale": "9"}, "DECIMAL(38,9)", "BIGNUMERIC"),
        ({"type": "NUMERIC", "precision": "5"}, "DECIMAL(5,0)", "NUMERIC"),
        ({"type": "JSON"}, "JSON", "STRING"),
        ({"type": "JSON", "mode": "REPEATED"}, "VARCHAR[]", "STRING"),
    ],
)
def test_types(field: dict[str, Any], type_: str | None, text: str) -> None:
    named = {"name": "c", **field}
    assert column(named).type == (type_ or 'STRUCT("start" DATE, "end" DATE)')
    assert as_text(named)["type"] == text


def test_a_type_of_tomorrow_is_told() -> None:
    with pytest.raises(SourceError, match=r"column c has a type.*found VECTOR"):
        arrow_type({"name": "c", "type": "VECTOR"})
