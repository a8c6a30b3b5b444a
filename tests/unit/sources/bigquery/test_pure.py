"""What of BigQuery needs no BigQuery: SQL, types and budget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import ConfigError, SourceError
from broker.sources.bigquery.budget import Budget
from broker.sources.bigquery.sql import Parameter, select
from broker.sources.bigquery.texts import interval_text, range_bounds
from broker.sources.bigquery.types import arrow_type, as_text, column, converted
from broker.sources.contract import TableRequest, Window

FIELDS = [
    {"name": "id", "type": "INTEGER"},
    {"name": "odd`name", "type": "STRING"},
    {"name": "day", "type": "DATE"},
    {"name": "took", "type": "INTERVAL"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
]


def test_a_statement_holds_no_value() -> None:
    request = TableRequest(
        "shop.t",
        where_filters=({"column": "odd`name", "operator": "ne", "values": ["x' OR 1=1 --", "y"]},),
        row_filter="id > 1 -- all",
    )
    window = Window(datetime(2026, 1, 5, 13, tzinfo=UTC), None, "day")
    made = select("`p.shop.t`", FIELDS, request, window, ("odd`name", "took"))
    assert made.text == (
        "SELECT `odd\\`name`, `took`\n"
        "FROM `p.shop.t`\n"
        "WHERE (`odd\\`name` NOT IN (@p0, @p1) OR `odd\\`name` IS NULL\n  )\n"
        "  AND (id > 1 -- all\n  )\n"
        "  AND (`day` >= @p2 OR `day` IS NULL\n  )"
    )
    assert made.parameters == (
        Parameter("p0", "STRING", "x' OR 1=1 --"),
        Parameter("p1", "STRING", "y"),
        Parameter("p2", "DATE", date(2026, 1, 6)),
    )


@pytest.mark.parametrize(
    ("request_", "window", "sentence"),
    [
        ({"columns": ("ids",)}, Window(), r"no column 'ids'. Did you mean 'id'\?"),
        ({"where_filters": ({"column": "tags", "values": ["x"]},)}, Window(), "type ARRAY"),
        (
            {"where_filters": ({"column": "id", "values": ["canary"]},)},
            Window(),
            "expected a value of type INT64$",
        ),
        ({}, Window(datetime.now(UTC), None, "id"), "cannot be chosen by column 'id'.*found INT64"),
    ],
)
def test_what_cannot_be_asked(request_: dict[str, Any], window: Window, sentence: str) -> None:
    request = TableRequest("shop.t", **request_)
    with pytest.raises(ConfigError, match=sentence):
        select("t", FIELDS, request, window, request.columns)


@given(st.datetimes(timezones=st.just(UTC)), st.dates())
def test_a_day_is_in_a_window_by_its_midnight(bound: datetime, day: date) -> None:
    if bound.date() == date.max:
        return
    made = select("t", FIELDS, TableRequest("t"), Window(bound, None, "day"))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert (day >= made.parameters[0].value) == (midnight >= bound)


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


def test_tables_side_by_side_never_pass_the_limit_of_the_day() -> None:
    asked: list[datetime] = []
    budget = Budget(100, lambda since: asked.append(since) or 30)

    def read(_: int) -> int:
        try:
            with budget.granted(10, 50, "t") as settle:
                settle(20)
                return 20
        except SourceError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        billed = sum(pool.map(read, range(50)))
    assert len(asked) == 1
    assert 30 + billed - 20 * 8 <= 100  # each of the eight may turn out to cost more than estimated
    with pytest.raises(SourceError, match="left of the daily limit"), budget.granted(10, 50, "t"):
        raise AssertionError("granted")


def test_midnight_begins_a_new_day() -> None:
    days = [date(2026, 1, 1)]
    budget = Budget(100, lambda _: 0, lambda: days[-1])
    with budget.granted(90, 100, "t"):
        days.append(days[-1] + timedelta(days=1))
        with budget.granted(90, 100, "t") as settle:
            settle(10)
    with budget.granted(90, 100, "t"):
        pass
