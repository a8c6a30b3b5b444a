"""In which type two versions of a column are compared."""

from __future__ import annotations

import pytest

from broker.tables.types import comparable


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
def test_numbers_are_compared_as_numbers(old: str, new: str, expected: str) -> None:
    assert comparable(old, new) == comparable(new, old) == expected
