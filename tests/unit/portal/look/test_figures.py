from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from broker.portal.look import figures

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (19_781, "19,781"),
        (-1_234, "-1,234"),
        (4.2, "4.2"),
        (50.4513, "50.4513"),
        (1_000_000.0, "1,000,000"),
        (1_234_567.89, "1,234,567.89"),
        (99_999.987, "99,999.987"),
        (1 / 3, "0.333333333333"),
        (-0.00001, "-1e-05"),
        (1e300, "1e+300"),
        (None, "\u2013"),
        (-0.0, "0"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert figures.number(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("20000", "20,000"),
        ("-1234.50", "-1,234.50"),
        ("1E+3", "1,000"),
        ("2026-11-30", "2026-11-30"),
        ("NaN", "NaN"),
        ("1E+400", "1E+400"),
        ("paid", "paid"),
        ("", ""),
    ],
)
def test_numbers_that_came_as_text(text: str, shown: str) -> None:
    assert figures.decimal_text(text) == shown


@pytest.mark.parametrize("type_", ["VARCHAR", "DATE", "", "BIGINT[]", "STRUCT(a BIGINT)"])
@pytest.mark.parametrize("text", ["007", "1E+3", "1_000", "20000"])
def test_a_text_that_looks_like_a_number_is_not_one(text: str, type_: str) -> None:
    assert figures.decimal_text(text, type_) == text


@pytest.mark.parametrize("type_", ["BIGINT", "HUGEINT", "DOUBLE", "DECIMAL(38,2)", "UINTEGER"])
def test_a_number_of_each_type_has_its_digits_in_groups(type_: str) -> None:
    assert figures.decimal_text("20000", type_) == "20,000"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_960, "10 kB"),
        (228_000, "228 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (23_400_000, "23 MB"),
        (1_500_000_000_000, "1.5 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert figures.amount(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (59, "just now"), (60, "1 min ago"), (3_599, "59 min ago"),
     (3_600, "1 h ago"), (86_400 * 2 + 5, "2 d ago"), (-50, "just now")],
)  # fmt: skip
def test_ages(seconds: int, text: str) -> None:
    assert figures.age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (3_600, "1 h"), (21_600 + 60, "6 h 1 min"), (183_605, "2 d 3 h")],
)
def test_spans_of_time(seconds: int, text: str) -> None:
    assert figures.duration(seconds) == text


def test_a_moment_is_shown_in_utc() -> None:
    prague = datetime(2026, 11, 30, 13, 19, tzinfo=timezone(timedelta(hours=1)))
    assert figures.moment(prague) == "2026-11-30 12:19 UTC"


def test_one_thing_is_not_called_as_many() -> None:
    assert [figures.counted(n, "table") for n in (0, 1, 1_000)] == [
        "0 tables",
        "1 table",
        "1,000 tables",
    ]
