"""Numbers of any length, compared as texts."""

from __future__ import annotations

import operator
from decimal import Decimal, localcontext

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broker.tables.values.digits import by_digits, without_exponent

OPERATORS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBERS = st.from_regex(r"[+-]?([0-9]{1,45}(\.[0-9]{0,45})?|\.[0-9]{1,45})", fullmatch=True)
ALIKE = st.tuples(NUMBERS, st.integers(0, 9), st.integers(0, 9)).map(
    lambda found: (found[0] + str(found[1]), found[0] + str(found[2]))
)


@settings(max_examples=300, deadline=None)
@example(pair=("-0", "0"))
@example(pair=("0.0", "-0.00"))
@given(pair=ALIKE | st.tuples(NUMBERS, NUMBERS))
def test_numbers_compare_by_all_their_digits(pair: tuple[str, str]) -> None:
    rows = duckdb.from_arrow(pa.table({"l": [pair[0]], "r": [pair[1]]}))
    (found,) = rows.project(", ".join(by_digits("l", one, "r") for one in OPERATORS)).fetchall()
    with localcontext(prec=200):
        left, right = map(Decimal, pair)
        assert found == tuple(compare(left, right) for compare in OPERATORS.values())


@pytest.mark.parametrize("text", [None, "1e5", "abc", "", ".", "1.2.3", "nan", " 1"])
def test_what_is_no_number_in_digits_is_not_compared(text: str | None) -> None:
    rows = duckdb.from_arrow(pa.table({"l": [text, "1"], "r": ["1", text]}))
    assert rows.project(by_digits("l", "<", "r")).fetchall() == [(None,), (None,)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1e3", "1000"),
        ("-1.5E-3", "-0.0015"),
        ("15", "15"),
        ("0e9", "0"),
        ("1e-1000000", "1e-1000000"),
        ("0e-1000000", "0e-1000000"),
    ],
)
def test_a_number_is_written_in_all_its_digits(text: str, plain: str) -> None:
    assert without_exponent(text) == plain
