"""The text of decimal numbers that come as numbers."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from broker.sources.bigquery.types import converted
from broker.sources.decimals import decimal_text


@st.composite
def numbers(draw: st.DrawFn, digits: int) -> tuple[int, list[Decimal | None]]:
    """A scale, and numbers of so many digits at most that have it."""
    scale = draw(st.integers(0, min(digits, 38)))
    whole = st.integers(-(10**digits) + 1, 10**digits - 1)
    with localcontext(prec=100):
        made = [
            None if one is None else Decimal(one).scaleb(-scale)
            for one in draw(st.lists(st.none() | whole | st.integers(-20, 20)))
        ]
    return scale, made


def plain(number: Decimal | None) -> str | None:
    """Without an exponent, and without a sign of zero."""
    return None if number is None else f"{number if number else abs(number):f}"


@given(numbers(38), st.integers(0, 3))
def test_a_number_is_written_with_all_digits_of_its_type(
    found: tuple[int, list[Decimal | None]], start: int
) -> None:
    scale, values = found
    made = pa.array(values, pa.decimal128(38, scale)).slice(start)
    text = decimal_text(made)
    text.validate(full=True)
    assert text.to_pylist() == [plain(one) for one in values[start:]]


@given(numbers(76))
def test_a_long_number_is_the_text_that_the_other_way_brings(
    found: tuple[int, list[Decimal | None]],
) -> None:
    scale, values = found
    batch = pa.record_batch({"n": pa.array(values, pa.decimal256(76, scale))})
    text = converted(batch, pa.schema([("n", pa.string())])).column("n").to_pylist()
    for number, short in zip(values, text, strict=True):
        whole = plain(number)
        trimmed = whole.rstrip("0").rstrip(".") if whole and "." in whole else whole
        assert short == trimmed
