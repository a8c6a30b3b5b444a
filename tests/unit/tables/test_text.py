"""What text fits which type, whichever way it is read."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from math import isfinite

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.foreign.columns import SIMPLE
from broker.tables.values.bulk import arrow_type, read
from broker.tables.values.text import cast, fits, keeps, recast, typed

YES = {
    "BIGINT": ["0", "5", "-5", "9223372036854775807", "-9223372036854775808"],
    "DECIMAL(5,2)": ["0", "1.5", "1.50", "1.500", "-999.99", "0.01"],
    "DECIMAL(5,0)": ["1", "1.0", "-99999"],
    "DECIMAL(38,10)": ["1234567890123456789012345678.0123456789"],
    "DOUBLE": ["0.1", "1e-7", "-1.5E+300", "nan", "inf", "-Infinity"],
    "BOOLEAN": ["true", "False", "TRUE"],
    "DATE": ["2026-11-22", "0001-01-01", "9999-12-31"],
    "TIME": ["16:30", "16:30:05", "16:30:05.123456", "00:00:00.5000000"],
    "TIMESTAMP": [
        "2026-11-22",
        "2026-11-22 16:30",
        "2026-11-22T16:30:05",
        "2026-11-22 16:30:05.123456",
        "2026-11-22 16:30:05.123456000",
        "2026-11-22 24:00:00",
    ],
    "TIMESTAMPTZ": [
        "2026-11-22T16:30:05Z",
        "2026-11-22 16:30:05+02:00",
        "2026-11-22 16:30:05+0200",
        "2026-11-22 16:30:05.5-01",
        "2026-11-22 16:30:05 UTC",
        "2026-11-22 16:30:05 -0500",
        "2026-11-22 16:30:05.25 +05:30",
        "2026-11-22 24:00:00 -05",
    ],
    "JSON": ['{"a": [1, null]}', "null", '"x"', '{"nan": ",]", "\\"": "-Infinity, }"}'],
}
NO = {
    "BIGINT": [" 5", "5 ", "1.5", "1e3", "1_000", "0x1F", "9223372036854775808", "NA", "٣"],
    "DECIMAL(5,2)": ["1.005", "1e2", "1_0", "1000.00", ".", "-", "1,5"],
    "DECIMAL(5,0)": ["1.5", "123456"],
    "DOUBLE": ["1_0", "0x10", "1e999", "1,5", " 1", "nan(1)"],
    "BOOLEAN": ["t", "1", "yes", " true"],
    "DATE": [
        "2026-1-5",
        "2026/01/05",
        "infinity",
        "2026-02-30",
        "2026-11-22 16:30",
        "0000-01-01",
    ],
    "TIME": ["25:00", "24:00", "16:30:05.1234567", "16:30Z"],
    "TIMESTAMP": [
        "2026-11-22T16:30:05Z",
        "2026-11-22 16:30:05+00",
        "2026-11-22 16:30:05.1234567",
        "2026-11-22  1:30:05",
        "2026-11-22 16",
        "2026-11-22 23:59:60",
        "infinity",
        "epoch",
    ],
    "TIMESTAMPTZ": [
        "2026-11-22T16:30:05 Europe/Prague",
        "2026-11-22 16:30:05  -05",
        "2026-11-22T16:30:05+02:99",
        "now",
    ],
    "JSON": ["{", "{'a': 1}", "NaN", '{"a": ["\\"", -Infinity]}', "[inf]", "[1, ]", '{"a": 1,\n}'],
}
# What a declaration says yes to, and what nobody would take for the type without one.
DECLARED = {
    "BIGINT": ["+5", "007", "-05"],
    "DECIMAL(5,2)": ["+1.5", ".5", "00.5"],
    "DECIMAL(5,0)": [".0", "-.000"],
    "DOUBLE": [".5", "007.5", "+420"],
    "DATE": ["2026-11-22 00:00:00"],
    "TIMESTAMPTZ": ["2026-11-22", "2026-11-22 16:30:05"],
}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def _fits(connection: duckdb.DuckDBPyConnection, text: str, type_: str, *, strict: bool) -> bool:
    query = f"SELECT {fits('v', type_, strict=strict)} FROM (SELECT CAST(? AS VARCHAR) AS v)"
    ((answer,),) = connection.execute(query, [text]).fetchall()
    return bool(answer)


def _pairs(cases: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(type_, text) for type_, texts in cases.items() for text in texts]


def test_every_type_has_texts_that_fit_and_texts_that_do_not() -> None:
    """But text, which takes each of them, and bytes."""
    assert {*SIMPLE} - {"VARCHAR", "BLOB"} <= YES.keys() & NO.keys()
    assert [name for name in SIMPLE if arrow_type(name) is None] == []


@pytest.mark.parametrize(("type_", "text"), _pairs(YES))
def test_text_that_fits(connection: duckdb.DuckDBPyConnection, type_: str, text: str) -> None:
    assert _fits(connection, text, type_, strict=False)


@pytest.mark.parametrize(("type_", "text"), _pairs(NO))
def test_text_that_does_not_fit(
    connection: duckdb.DuckDBPyConnection, type_: str, text: str
) -> None:
    assert not _fits(connection, text, type_, strict=False)
    assert read(pa.chunked_array([[text]]), type_, strict=False) is None


@pytest.mark.parametrize(("type_", "text"), _pairs(DECLARED))
def test_text_that_fits_a_declared_type_alone(
    connection: duckdb.DuckDBPyConnection, type_: str, text: str
) -> None:
    assert _fits(connection, text, type_, strict=False)
    assert not _fits(connection, text, type_, strict=True)
    assert read(pa.chunked_array([[text]]), type_, strict=True) is None


@pytest.mark.parametrize("type_", [*YES])
def test_the_empty_text_is_null_where_it_is_no_value(
    connection: duckdb.DuckDBPyConnection, type_: str
) -> None:
    assert _fits(connection, "", type_, strict=True)
    query = f"SELECT {cast('v', type_)}, {typed('v', type_)} FROM (SELECT '' AS v)"
    assert connection.execute(query).fetchall() == [(None, None)]
    found = read(pa.chunked_array([[YES[type_][0], ""]]), type_, strict=True)
    assert found is None or found[1].as_py() is None


def test_null_fits_every_type(connection: duckdb.DuckDBPyConnection) -> None:
    for type_ in YES:
        query = f"SELECT {fits('v', type_)} FROM (SELECT CAST(NULL AS VARCHAR) AS v)"
        assert connection.execute(query).fetchall() == [(True,)]


TYPES = st.sampled_from([name for name in YES if name not in ("JSON", "TIME")])
NEAR = st.one_of(
    st.sampled_from([text for cases in (YES, NO, DECLARED) for _, text in _pairs(cases)]),
    st.text(alphabet="0123456789+-.eE_xXZT: ", max_size=12),
    st.from_regex(r"-?[0-9]{0,45}(\.[0-9]{0,45})?(e[0-9]{1,3})?", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?"
        r"(Z| ?[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
        fullmatch=True,
    ),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.floats().map(repr),
    st.datetimes().map(str),
    st.integers(-(2**65), 2**65).map(str),
    st.just(""),
)


LONG = ["1" * 30, "9" * 39, "9" * 45, str(2**128), "5" * 29 + ".5", "-" + "1" * 30, "1" * 28]


@pytest.mark.parametrize("type_", ["DECIMAL(38,0)", "DECIMAL(38,10)", "DECIMAL(38,38)"])
@pytest.mark.parametrize("text", LONG)
def test_a_number_with_more_digits_than_a_decimal_holds_is_no_other_number(
    connection: duckdb.DuckDBPyConnection, type_: str, text: str
) -> None:
    found = read(pa.chunked_array([[text]]), type_, strict=False)
    assert (found is not None) <= _fits(connection, text, type_, strict=False)
    assert found is None or found.to_pylist() == [Decimal(text)]


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{1,45})?", fullmatch=True), min_size=1),
    scale=st.integers(0, 38),
    strict=st.booleans(),
)
def test_decimals_of_any_length_are_exact_or_not_read(
    texts: list[str], scale: int, strict: bool
) -> None:
    found = read(pa.chunked_array([pa.array(texts)]), f"DECIMAL(38,{scale})", strict=strict)
    assert found is None or found.to_pylist() == [Decimal(text) for text in texts]


@settings(max_examples=300, deadline=None)
@given(type_=TYPES, texts=st.lists(NEAR, min_size=1, max_size=3), strict=st.booleans())
def test_what_is_read_in_bulk_fits_and_has_the_same_value(
    connection: duckdb.DuckDBPyConnection, type_: str, texts: list[str], strict: bool
) -> None:
    values = read(pa.chunked_array([pa.array(texts)]), type_, strict=strict)
    if values is None:
        return
    assert all(_fits(connection, text, type_, strict=strict) for text in texts)
    bulk = pa.table({"v": values.cast(arrow_type(type_))})
    slow = pa.table({"v": texts})
    found = connection.sql("SELECT CAST(v AS VARCHAR) FROM bulk").fetchall()
    assert (
        found == connection.sql(f"SELECT CAST({cast('v', type_)} AS VARCHAR) FROM slow").fetchall()
    )
    assert bulk.num_rows == slow.num_rows


@pytest.mark.parametrize("type_", ["DECIMAL(38,10)", "DECIMAL(18,2)", "DECIMAL(38,0)"])
@settings(max_examples=300, deadline=None)
@given(
    value=st.floats(allow_nan=True, allow_infinity=True)
    | st.integers(-(10**38), 10**38).map(float)
    | st.builds(lambda whole, scale: whole / 10**scale, st.integers(-(2**53), 2**53), st.just(2))
)
def test_a_double_becomes_the_decimal_that_it_is_written_as_or_none(
    connection: duckdb.DuckDBPyConnection, type_: str, value: float
) -> None:
    precision, scale = (int(one) for one in type_[8:-1].split(","))
    connection.register("rows", pa.table({"v": pa.array([value], pa.float64())}))
    (holds, found) = connection.sql(
        f"SELECT {keeps('v', 'DOUBLE', type_)}, CAST({recast('v', 'DOUBLE', type_)} AS VARCHAR) "
        "FROM rows"
    ).fetchall()[0]
    if not isfinite(value):
        assert not holds
        return
    with localcontext(prec=700):
        exact = Decimal(repr(value))
        units = exact.scaleb(scale)
        assert holds == (units == units.to_integral_value() and abs(units) < 10**precision)
        assert not holds or Decimal(found) == exact


def test_a_decimal_becomes_the_double_that_it_is(connection: duckdb.DuckDBPyConnection) -> None:
    wholes = ["1000000000000000000", "0.1", "12345678901234567.1", "9007199254740993", "1.5"]
    values = pa.array([Decimal(text) for text in wholes], pa.decimal128(38, 10))
    connection.register("rows", pa.table({"v": values}))
    found = connection.sql(
        f"SELECT {keeps('v', 'DECIMAL(38,10)', 'DOUBLE')}, "
        f"{recast('v', 'DECIMAL(38,10)', 'DOUBLE')} FROM rows"
    ).fetchall()
    assert [one[0] for one in found] == [True, True, False, False, True]
    assert [one[1] for one in found] == [float(text) for text in wholes]
