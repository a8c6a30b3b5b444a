"""Whether rows come sorted by their key, as values of the type that it has in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.tables.intake import chunks
from broker.tables.intake.key_order import KeyOrder
from broker.tables.load import load
from broker.tables.model import TableSpec, Workplace
from broker.tables.schema import TableSchema

from .reading import LIMITS, Rows, paths, text


def followed(*parts: list[Any], type_: str = "BIGINT") -> KeyOrder:
    """What is known after these keys, one list after the other."""
    order = KeyOrder(("id",))
    for part in parts:
        order.follow(pa.chunked_array([part]), type_)
    return order


@pytest.mark.parametrize("parts", [[[1, 2], [3]], [[1]], [["a", "b"], ["ba"]]])
def test_ascending(parts: list[list[Any]]) -> None:
    type_ = "VARCHAR" if isinstance(parts[0][0], str) else "BIGINT"
    assert followed(*parts, type_=type_).holds(type_)


@pytest.mark.parametrize("parts", [[[2, 1]], [[1, 2], [2]], [[1, 1]], [[1], [3, 2], [4]]])
def test_not_ascending(parts: list[list[Any]]) -> None:
    assert not followed(*parts).holds("BIGINT")


def test_numbers_in_order_are_not_texts_in_order() -> None:
    order = followed([9, 10])
    assert not order.holds("VARCHAR")
    order.follow(pa.chunked_array([["a"]]), "VARCHAR")
    assert not order.holds("VARCHAR")
    assert not order.holds("BIGINT")


def test_keys_that_are_not_known_as_values_have_no_order() -> None:
    order = followed([1])
    order.follow(None, "BIGINT")
    order.follow(pa.chunked_array([[2]]), "BIGINT")
    assert not order.holds("BIGINT")


def test_a_type_of_which_the_order_is_not_shared_and_a_key_of_two_columns() -> None:
    assert not followed([1.5], type_="DOUBLE").holds("DOUBLE")
    assert not KeyOrder(("a", "b")).holds("BIGINT")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["8", "9", "10", "11", "12"], [8, 9, 10, 11, 12]),
        (["8", "9", "10", "9", "12"], [8, 9, 10, 12]),
        (["8", "9", "10", "a", "12"], ["10", "12", "8", "9", "a"]),
        (["8", "9", "10", "10.5", "12"], ["10", "10.5", "12", "8", "9"]),
        (["", "9", "8", "10", "8"], [8, 9, 10]),
        (["2026-01-02", "2026-01-03", "2026-01-03 01:00", "2026-01-01"], None),
    ],
)
def test_a_guessed_key_sorts_as_what_it_is_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], expected: list[Any] | None
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 2)  # so that a guess changes between two chunks
    (tmp_path / "work").mkdir()
    source = Rows(text(["id"], [[key] for key in keys]), batch=1)
    at = Workplace(tmp_path, tmp_path / "work", LIMITS)
    spec = TableSpec("t", "s/t", key=("id",))
    version = load(spec, TableSchema(()), source, at)
    (path,) = paths(tmp_path, version)
    found = pq.read_table(path)["id"].to_pylist()
    assert found == sorted(found)
    assert expected is None or found == expected
