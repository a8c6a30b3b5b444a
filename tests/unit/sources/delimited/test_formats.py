"""Values as columns write them, and as the engine reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.config.columnformat import ColumnFormat
from broker.errors import ConfigError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.sources.delimited.dialect import dialect_from
from broker.sources.delimited.formats import rewritten

from ..conftest import Put, Read

GERMAN = {"decimal": ",", "thousands": "."}
EUROS = {"decimal": ",", "affixes": ["€", "EUR"], "negative": "parentheses"}


def found(text: str | None, **format_: Any) -> str | None:
    """What a value becomes; ``misfit`` where the format does not have it."""
    values = pa.chunked_array([pa.array([text], pa.string())])
    found, misfits = rewritten(values, ColumnFormat(**format_))
    (value,), (is_misfit,) = found.to_pylist(), misfits.to_pylist()
    return "misfit" if is_misfit else value


@pytest.mark.parametrize(
    ("date", "text", "value"),
    [
        ("%d.%m.%Y", "31.12.2024", "2024-12-31"),
        ("%d.%m.%Y", "5.1.2024", "2024-01-05"),
        ("%d.%m.%Y", "2024-01-05", "misfit"),
        ("%d.%m.%Y", "5.1.24", "misfit"),
        ("%d.%m.%Y", "31.12.2024 ", "misfit"),
        ("%d.%m.%Y", "30.02.2024", "2024-02-30"),  # no day, as the engine says
        ("%d.%m.%Y", None, None),
        ("%d.%m.%Y", "", ""),
        ("%Y%m%d", "20240105", "2024-01-05"),
        ("%Y%m%d", "2024015", "misfit"),
        ("%m/%d/%y", "1/5/68", "2068-01-05"),
        ("%m/%d/%y", "1/5/69", "1969-01-05"),
        ("%m/%d/%Y %I:%M %p", "1/5/2024 3:04 PM", "2024-01-05 15:04:00"),
        ("%m/%d/%Y %I:%M %p", "1/5/2024 12:04 am", "2024-01-05 00:04:00"),
        ("%m/%d/%Y %I:%M %p", "1/5/2024 12:04 PM", "2024-01-05 12:04:00"),
        ("%d %b %Y", "5 Sept 2024", "misfit"),
        ("%d %b %Y", "5 September 2024", "2024-09-05"),
        ("%d %b %Y", "5 SEPTEMBER 2024", "2024-09-05"),
        ("%d %b %Y", "5 sep. 2024", "2024-09-05"),
        ("%d%b%Y", "05JAN2024", "2024-01-05"),
        ("%d.%b.%Y", "5.Jan.2024", "2024-01-05"),
        ("%d.%b.%Y", "5.Jan..2024", "2024-01-05"),
        ("%Y-%d-%bT%H:%M", "2024-05-MayT1:02", "2024-05-05 01:02:00"),
        ("%d-%b-%Y", "05-01-2024", "misfit"),
        ("%Y-%m-%d %H:%M:%S %z", "2024-01-05 1:00:00 -0500", "2024-01-05 01:00:00-0500"),
        ("%d.%m.%Y %H:%M:%S.%f", "05.01.2024 10:00:00.25", "2024-01-05 10:00:00.25"),
        ("%d/%m/%Y 100%%", "5/1/2024 100%", "2024-01-05"),
    ],
)
def test_dates_become_iso_dates(date: str, text: str | None, value: str | None) -> None:
    assert found(text, date=date) == value


@pytest.mark.parametrize(
    ("format_", "text", "value"),
    [
        (GERMAN, "1.234.567,50", "1234567.50"),
        (GERMAN, "1234567,50", "1234567.50"),
        (GERMAN, "-1.000", "-1000"),
        (GERMAN, "+5", "5"),
        (GERMAN, "1.23,4", "misfit"),
        (GERMAN, "0.123", "misfit"),
        (GERMAN, "-000.123", "misfit"),
        ({"thousands": ","}, "0,500", "misfit"),
        ({"thousands": ","}, "0.5", "0.5"),
        (GERMAN, "1234.50", "misfit"),
        (GERMAN, "1,5E+03", "1.5E+03"),
        ({"decimal": ","}, "1.5", "misfit"),
        ({"thousands": " ", "decimal": ","}, "1 234,50", "1234.50"),
        ({"thousands": " ", "decimal": ","}, "1\u202f234\u00a0567,50", "1234567.50"),
        ({"thousands": "'"}, "1'234.50", "1234.50"),
        ({"thousands": "."}, "1.234", "1234"),
        ({"thousands": "."}, "1.234,5", "1234.5"),
        (EUROS, "€ 7,00", "7.00"),
        (EUROS, "-€7,00", "-7.00"),
        (EUROS, "€ -7,00", "-7.00"),
        (EUROS, "7,00 EUR", "7.00"),
        (EUROS, "-7,00\u00a0€", "-7.00"),
        (EUROS, "(EUR\u202f7,00)", "-7.00"),
        (EUROS, "(€ 7,00)", "-7.00"),
        (EUROS, "(7,00)", "-7.00"),
        (EUROS, "-(7,00)", "misfit"),
        (EUROS, "$ 7,00", "misfit"),
        ({"negative": "trailing"}, "12.00-", "-12.00"),
        ({"negative": "trailing"}, "-12.00-", "misfit"),
        ({"affixes": "%"}, "12.5 %", "12.5"),
        ({"true_words": ["t", "ja"], "false_words": "f"}, "ja", "true"),
        ({"true_words": "t", "false_words": "f"}, "f", "false"),
        ({"true_words": "t", "false_words": "f"}, "true", "misfit"),
        ({"true_words": "t", "false_words": "f"}, None, None),
        ({"trim": True}, "\u00a0 10 ", "10"),
        ({"null_values": "00000000", "date": "%Y%m%d"}, "00000000", None),
        ({"cut_to_microseconds": True}, "10:00:00.123456789", "10:00:00.123456"),
        ({"cut_to_microseconds": True}, "10:00:00.1234567+01:00", "10:00:00.123456+01:00"),
    ],
)
def test_numbers_and_words_become_those_of_the_engine(
    format_: dict[str, Any], text: str | None, value: str | None
) -> None:
    assert found(text, **format_) == value


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (GERMAN, "1.5"),
        (GERMAN, "-(1,5"),
        (EUROS, "(1.5 €"),
        ({"thousands": " "}, "12 3"),
        ({"negative": "trailing"}, "x-"),
        ({"date": "%d.%m.%Y", "trim": True}, " 2024-1-5 "),
        ({"cut_to_microseconds": True, "date": "%d.%m.%Y %H:%M:%S.%f"}, "10:00:00.1234567"),
    ],
)
def test_what_a_format_does_not_have_stays_as_it_is_written(
    format_: dict[str, Any], text: str
) -> None:
    values = pa.chunked_array([pa.array([text, None, ""], pa.string())])
    found, misfits = rewritten(values, ColumnFormat(**format_))
    assert (found.to_pylist(), misfits.to_pylist()) == ([text, None, ""], [True, False, False])


@given(
    st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)),
    st.sampled_from(["%d.%m.%Y", "%Y%m%d", "%m/%d/%y", "%d.%b.%Y", "%y%m%d"]),
    st.sampled_from(["", " %H:%M:%S", " %I:%M:%S %p", "T%H%M%S.%f", " %H:%M"]),
)
def test_what_strftime_writes_is_read(moment: datetime, date: str, time: str) -> None:
    value = found(moment.strftime(date + time), date=date + time)
    assert value is not None
    if "%S" not in time:
        moment = moment.replace(second=0)
    if "%f" not in time:
        moment = moment.replace(microsecond=0)
    whole = moment if time else moment.replace(hour=0, minute=0, second=0)
    assert datetime.fromisoformat(value) == whole


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12)))
def test_what_is_grouped_is_the_same_number(number: Decimal) -> None:
    text = f"{number:,}".translate({ord(","): ".", ord("."): ","})
    assert Decimal(found(text, **GERMAN) or "") == number


@pytest.mark.parametrize(
    "format_",
    [
        {"date": "%d.%m"},
        {"date": "%d.%m.%Q"},
        {"date": "%d.%m.%Y %M"},
        {"date": "%d.%m.%Y %I:%M"},
        {"date": "%d.%m.%Y %S"},
        {"date": "%d.%m.%Y%"},
        {"date": "%d.%m.%Y %d"},
        {"date": "%d.%m.%Y", "decimal": ","},
        {"decimal": ",", "thousands": ","},
        {"decimal": ".", "thousands": "."},
        {"thousands": "1"},
        {"affixes": "-"},
        {"affixes": ["€", "(", "1"]},
        {"affixes": ",", "decimal": ","},
        {"true_words": "t"},
        {"true_words": "t", "false_words": "t"},
        {"decimals": ","},
    ],
)
def test_a_format_that_says_nothing_or_two_things_is_refused(format_: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        dialect_from({"formats": {"v": format_}}, "table t")


def test_a_value_that_its_format_does_not_have_rejects_its_row(put: Put, read: Read) -> None:
    put("t/1.csv", 'id,v,at\n1,"1,5",1.2.2024\n2,1.5,1.2.2024\n3\n4,"2,0",x\n5,,\n')
    put("t/2.csv", "at,id,v\n3.2.2024,6,7\n")
    formats = {"v": {"decimal": ","}, "at": {"date": "%d.%m.%Y"}}
    rows, end = read(options={"formats": formats})
    assert rows == [("1", "1.5", "2024-02-01"), ("5", None, None), ("6", "7", "2024-02-03")]
    found = sorted((one.row, one.file, one.column, one.value) for one in end.rejects)
    assert [one[:2] for one in found] == [(2, "1.csv"), (3, "1.csv"), (4, "1.csv")]
    assert (found[0][2:], found[2][2:]) == (("v", "1.5"), ("at", "x"))
    assert read(options={"formats": formats}, columns=("id",))[0] == [
        (one,) for one in ("1", "2", "4", "5", "6")
    ]


def test_a_rejected_row_shows_no_column_that_is_not_handed_over(put: Put, read: Read) -> None:
    put("t.csv", "id,v,x,pay\n1,2,x,100\n2,1.5,x,200\n")
    filters = ({"column": "x", "values": ["x"]},)
    formats = {"v": GERMAN}
    rows, end = read(options={"formats": formats}, columns=("id", "v"), where_filters=filters)
    assert rows == [("1", "2")]
    assert [json.loads(one.record or "") for one in end.rejects] == [{"id": "2", "v": "1.5"}]


def test_a_time_that_is_unknown_rejects_no_row_that_a_filter_drops(put: Put, read: Read) -> None:
    """The window keeps it, as it may lie in it; what the filter compares is known."""
    put("t.csv", "id,at,x\n1,30.5.2026,x\n2,2026-05-30,y\n3,2026-05-30,x\n4,1.4.2026,x\n")
    window = Window(datetime(2026, 5, 1, tzinfo=UTC), None, "at")
    filters = ({"column": "x", "values": ["x"]},)
    formats = {"at": {"date": "%d.%m.%Y"}}
    rows, end = read("t", window, options={"formats": formats}, where_filters=filters)
    assert rows == [("1", "2026-05-30", "x")]
    assert [one.row for one in end.rejects] == [3]


def test_a_format_of_no_column_is_refused(put: Put, source: CsvSource) -> None:
    put("t.csv", "id,amount\n1,2\n")
    request = TableRequest("t", options={"formats": {"amuont": {"decimal": ","}}})
    with pytest.raises(SourceError, match=r"no column 'amuont'.*amount"):
        source.describe(request)
