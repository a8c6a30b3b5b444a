"""From a day to a day: whole periods, or a refusal that says which day begins or ends one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from broker.errors import LaptopError
from broker.laptop.metrics.periods import metric_sql
from broker.metrics.model import Grain, Metric

DAYS = Metric(
    "days",
    "Days",
    "SELECT d::DATE AS day, day('x') AS x FROM days -- a comment at the end",
    grain="day",
    time_column="day",
)


def test_without_days_the_sql_is_that_of_the_metric() -> None:
    assert metric_sql(DAYS) == DAYS.sql


def test_days_choose_rows_by_the_column_of_time() -> None:
    first, last = date(2026, 2, 1), date(2026, 2, 28)
    assert metric_sql(DAYS, first, last) == (
        f"SELECT * FROM (\n{DAYS.sql}\n) AS metric\n"
        'WHERE "day" >= DATE \'2026-02-01\' AND "day" < DATE \'2026-03-01\' ORDER BY "day"'
    )
    assert "< DATE '2026-03-01' ORDER" in metric_sql(DAYS, None, last)
    assert ">= DATE '2026-02-01' ORDER" in metric_sql(DAYS, first)


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_the_rows_are_those_of_the_days_whatever_the_type(kind: str) -> None:
    sql = f"SELECT d::{kind} AS \"the day\" FROM range(DATE '2026-01-01', DATE '2026-06-01', "
    metric = replace(DAYS, sql=f"{sql}INTERVAL 1 DAY) AS r(d)", time_column="the day")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = metric_sql(metric, date(2026, 2, 1), date(2026, 2, 28))
        rows = connection.execute(f'SELECT CAST("the day" AS VARCHAR) FROM ({query})').fetchall()
    assert (len(rows), rows[0][0][:10], rows[-1][0][:10]) == (28, "2026-02-01", "2026-02-28")


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_periods_begin_where_duckdb_begins_them(grain: Grain) -> None:
    metric = replace(DAYS, grain=grain)
    with duckdb.connect() as connection:
        for number in range(400):
            day = date(2025, 1, 1) + timedelta(days=number)
            query = "SELECT date_trunc(?, ?::DATE)::DATE"
            (begin,) = connection.execute(query, [grain, day]).fetchall()[0]
            if begin == day:
                metric_sql(metric, first=day)
                metric_sql(metric, last=day - timedelta(days=1))
                continue
            with pytest.raises(LaptopError, match=f"the middle of a {grain}.*such as {begin}"):
                metric_sql(metric, first=day)
            before = begin - timedelta(days=1)
            with pytest.raises(LaptopError, match=f"the middle of a {grain}.*such as {before}"):
                metric_sql(metric, last=day - timedelta(days=1))


def test_what_has_no_periods_or_none_between_the_days_is_refused() -> None:
    plain = replace(DAYS, grain=None, time_column=None)
    with pytest.raises(LaptopError, match="days: the metric has no periods to choose from"):
        metric_sql(plain, first=date(2026, 1, 1))
    with pytest.raises(LaptopError, match="--to is before --from"):
        metric_sql(DAYS, date(2026, 1, 2), date(2026, 1, 1))
    with pytest.raises(LaptopError, match="no day follows --to"):
        metric_sql(DAYS, last=date.max)


@pytest.mark.parametrize(
    "sql", ["DROP TABLE days", "SELECT 1; SELECT 2", "SELECT 1) x, (SELECT 2", "SELECT ?", ""]
)
def test_forged_sql_gets_into_no_query(sql: str) -> None:
    for first in (None, date(2026, 1, 1)):
        with pytest.raises(LaptopError, match="days: the metric is not one SELECT"):
            metric_sql(replace(DAYS, sql=sql), first)


def test_a_forged_column_stays_a_name() -> None:
    metric = replace(DAYS, time_column='day" OR 1=1 --')
    assert 'WHERE "day"" OR 1=1 --" >= DATE' in metric_sql(metric, date(2026, 1, 1))
