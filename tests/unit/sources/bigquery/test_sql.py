"""The statement that is sent to BigQuery: a window, filters, parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import ConfigError
from broker.sources.bigquery.sql import Parameter, select
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
