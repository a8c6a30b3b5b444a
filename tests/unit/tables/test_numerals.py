"""How a number is written: the quick look at first and last characters against a pattern."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.tables.values.numerals import is_canonical, most_digits

NUMBER = st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{0,3})?|-?\.[0-9]{1,3}", fullmatch=True)
ODD = re.compile(r"-?(0[0-9]|\.).*|.*\.")


def column(texts: list[str | None], start: int = 0) -> pa.ChunkedArray:
    """The texts from one on, as a part of a longer array."""
    return pa.chunked_array([pa.array(texts, pa.string()).slice(start)])


@given(st.lists(st.one_of(NUMBER, st.none(), st.just(""))), st.integers(0, 3), st.booleans())
def test_agrees_with_a_pattern(
    texts: list[str | None], start: int, has_negative_zero: bool
) -> None:
    odd = [
        bool(ODD.fullmatch(text)) or (text.startswith("-0") and not has_negative_zero)
        for text in texts[start:]
        if text
    ]
    found = is_canonical(column(texts, start), has_negative_zero=has_negative_zero)
    assert found is not any(odd)


@pytest.mark.parametrize("texts", [[], [None], ["", None], ["0"], ["-1", "0.5", "-0.5", "10"]])
def test_nothing_odd(texts: list[str | None]) -> None:
    assert is_canonical(column(texts), has_negative_zero=True)


@pytest.mark.parametrize("text", ["007", "00", "-05", ".5", "-.5", "5.", "-0.", "00.1"])
def test_one_odd_among_others(text: str) -> None:
    for texts in (["1", text, None], [text], ["", "2", text]):
        assert not is_canonical(column(texts), has_negative_zero=True)


def test_several_arrays_are_looked_at() -> None:
    several = pa.chunked_array([pa.array(["1"]), pa.array([], pa.string()), pa.array(["01"])])
    assert not is_canonical(several, has_negative_zero=True)


@pytest.mark.parametrize(
    ("texts", "most"),
    [
        (["-12.5", "3", None, ""], (2, 1)),
        (["-123", "0.125"], (3, 3)),
        (["-0.5"], (1, 1)),
        ([None], (0, 0)),
    ],
)
def test_digits_are_counted_without_sign_and_point(
    texts: list[str | None], most: tuple[int, int]
) -> None:
    assert most_digits(column(texts)) == most
