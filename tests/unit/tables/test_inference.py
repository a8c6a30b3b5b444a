"""Types that nobody declared: exact in every value, and a warning where one value makes text."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.tables.model import TableSpec
from broker.tables.rows import Reject
from broker.tables.types import comparable
from broker.tables.values.oddity import shape

from .reading import Rows, text
from .test_load import rows_of, run

KEYED = TableSpec("t", "s/t", ("id",))
LONG = ["1234567890123456", "1234567890123457", "12345678901234567"]


def typed(folder: Path, values: list[str], spec: TableSpec, batch: int = 1000) -> str | None:
    version = run(folder, Rows(text(["id"], [[v] for v in values]), batch=batch), spec)
    assert version.rows == len(values)
    return version.schema.columns[0].type


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "1e-7", "2.5"], "DOUBLE"),
        (["0.1234567890123456", "1.2345678901234568e-05", "inf"], "DOUBLE"),
        (["0.10000000000000001", "1.0000000000000001e-05"], "DOUBLE"),
        ([*LONG, "1.23457E+17"], "VARCHAR"),
        (["1.23457E+17", *LONG], "VARCHAR"),
        (["1e2", "0.12345678901234567890123"], "VARCHAR"),
        (["1e2", "1e-400"], "VARCHAR"),
        (["1e2", "1" + 40 * "0"], "DOUBLE"),
    ],
)
@pytest.mark.parametrize("batch", [1, 1000])
def test_a_double_is_guessed_only_where_it_holds_every_digit(
    tmp_path: Path, values: list[str], type_: str, batch: int
) -> None:
    assert typed(tmp_path, values, TableSpec("t", "s/t"), batch) == type_


@pytest.mark.parametrize(
    ("values", "type_", "odd"),
    [
        (["1", "2", "1.5e3"], "VARCHAR", "row 3 (9.9A9) is not a decimal, as others are"),
        (["1.5", "2.25", "1.50"], "VARCHAR", None),
        (["1.50", "2.25", "3"], "VARCHAR", None),  # 2.250 may come with the next delivery
        (["99999999999999999999", "1"], "DECIMAL(38,0)", None),
    ],
)
def test_a_key_keeps_texts_apart(
    tmp_path: Path, values: list[str], type_: str, odd: str | None
) -> None:
    version = run(tmp_path, text(["id"], [[value] for value in values]), KEYED)
    assert version.schema.columns[0].type == type_
    assert (version.rows, version.duplicates) == (len(values), 0)
    assert [odd is not None and odd in warning for warning in version.warnings] == [True] * bool(
        odd
    )


@pytest.mark.parametrize("row", [1, 2, 4000, 5000])
@pytest.mark.parametrize(
    ("common", "odd", "words"),
    [
        ("12.50", "n/a", "(A/A) is not a number"),
        ("1", "00501", "(00999) is not a number"),
        ("2026-01-01", "soon", "(AAAA) is not a date or time"),
        ("2026-01-01", "01.02.2026", "(99.99.9999) is not a date or time"),
        ("2026-01-01T10:00:00Z", "2026-01-01 10:00:00", "is not a TIMESTAMPTZ"),
        ("true", "yes", "(AAA) is not true or false"),
    ],
)
def test_the_value_that_makes_a_column_text_is_told_whatever_row_it_is_in(
    tmp_path: Path, row: int, common: str, odd: str, words: str
) -> None:
    values = [common] * 5000
    values[row - 1] = odd
    version = run(tmp_path, text(["v"], [[value] for value in values]), TableSpec("t", "s/t"))
    assert version.schema.columns[0].type == "VARCHAR"
    (warning,) = version.warnings
    assert warning.startswith(f"column v is text: row {row} (")
    assert words in warning
    assert odd not in warning


@pytest.mark.parametrize("values", [["Ada", "Grace", "7"], ["A1", "B2", "3"], ["", "x", "y", "1"]])
def test_a_column_of_words_is_no_surprise(tmp_path: Path, values: list[str]) -> None:
    version = run(tmp_path, text(["v"], [[value] for value in values]), TableSpec("t", "s/t"))
    assert version.warnings == ()


def test_the_row_is_the_one_of_the_source(tmp_path: Path) -> None:
    table = text(["v"], [["1"], ["2"], ["n/a"], ["4"]])
    rejects = [Reject(1, None, "fields"), Reject(4, None, "fields")]
    version = run(tmp_path, Rows(table, rejects=rejects), TableSpec("t", "s/t"))
    (warning,) = version.warnings
    assert "row 5 (A/A)" in warning


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("AAA-99", "AAA-99"),
        ("Žluť 5", "AAAA 9"),
        ("00501", "00999"),
        ("0.5", "9.9"),
        ("+420 1", "+999 9"),
        ("a\x1b\n", "A??"),
        ("x" * 31, "A" * 29 + "…"),
    ],
)
def test_a_shape_says_how_a_value_is_written_and_not_what(value: str, found: str) -> None:
    assert shape(value) == found


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize(
    ("values", "type_", "rows"),
    [
        (["1", "", "3"], "BIGINT", ["1", None, "3"]),
        (["", "2026-01-01"], "DATE", [None, "2026-01-01"]),
        (["", "x"], "VARCHAR", ["", "x"]),
        (["", "1", "x"], "VARCHAR", ["", "1", "x"]),
        (["", None], "VARCHAR", ["", None]),
    ],
)
def test_an_empty_text_is_null_where_the_others_are_not_text(
    tmp_path: Path, values: list[str | None], type_: str, rows: list[str | None], batch: int
) -> None:
    table = Rows(text(["v"], [[value] for value in values]), batch=batch)
    version = run(tmp_path, table, TableSpec("t", "s/t"))
    assert version.schema.columns[0].type == type_
    assert [row[0] for row in rows_of(tmp_path, version)] == rows


@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        (["1", "", "3"], ["1", "3"]),
        (["", "x"], ["", "x"]),
        ([""], [""]),
        (["1.5", "", "3"], ["", "1.5", "3"]),  # of which the key is text
        (["1e3", "", "3"], ["", "1e3", "3"]),
    ],
)
def test_an_empty_key_is_rejected_where_the_others_are_not_text(
    tmp_path: Path, keys: list[str], rows: list[str]
) -> None:
    version = run(tmp_path, text(["id"], [[key] for key in keys]), KEYED)
    assert [row[0] for row in rows_of(tmp_path, version)] == rows
    assert version.rejects == len(keys) - len(rows)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("BIGINT", "BIGINT", "BIGINT"),
        ("BIGINT", "DOUBLE", "DOUBLE"),
        ("DECIMAL(12,2)", "DOUBLE", "DOUBLE"),
        ("BIGINT", "DECIMAL(12,2)", "DECIMAL(21,2)"),
        ("DECIMAL(38,0)", "DECIMAL(38,10)", "VARCHAR"),
        ("BOOLEAN", "DOUBLE", "VARCHAR"),
        ("VARCHAR", "DOUBLE", "VARCHAR"),
        ("BIGINT", "VARCHAR", "VARCHAR"),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"),
    ],
)
def test_versions_of_a_column_are_compared_in_one_type(old: str, new: str, expected: str) -> None:
    assert comparable(old, new) == comparable(new, old) == expected
