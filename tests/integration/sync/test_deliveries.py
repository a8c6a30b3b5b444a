"""Deliveries as people write them: read as they are, or reported; never less than the truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Instance
from .test_edges import table

Make = Callable[[str], Instance]


def test_joined_files_are_read_and_reported(described: Make) -> None:
    instance = described(table(key=None))
    instance.csv("t", "\ufeffid,v\n1,a\n\ufeffid,v\n2,b\n")
    report = instance.sync()
    assert report["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "a"), (2, "b")]
    warning = "t.csv, line 3 repeats the header and is not a row: files were joined in one"
    assert report["tables"][0]["warnings"] == [warning]
    assert instance.status()["s/t"]["warnings"] == [warning]


@pytest.mark.parametrize("key", ["id", None])
def test_quotes_that_swallow_lines_are_reported(described: Make, key: str | None) -> None:
    instance = described(table("csv: {delimiter: tab}", key=key))
    instance.csv("t", 'id\tv\n1\t"Foo\n2\tb\n3\t"Bar\n4\td\n')
    report = instance.sync()
    assert (report["exit_code"], report["tables"][0]["rejects"]) == (3, 1)
    assert instance.rows("s/t") == [(4, "d")]
