"""Rows that a source rejected."""

from __future__ import annotations

from typing import Any, cast

import duckdb
import pytest

from broker.tables.intake import rejects as intake
from broker.tables.intake.rejects import Rejects, issues_of
from broker.tables.model import TableSpec
from broker.tables.rows import Reject
from tests.documented import ROOT

REASONS = [value for name in intake.__all__ if isinstance(value := getattr(intake, name), str)]


class Watched:
    """A connection, and the names of what was asked of it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.names = set[str]()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return getattr(self.connection, name)


def test_100_000_rejects_are_taken_in_a_few_statements() -> None:
    with duckdb.connect() as connection:
        watched = Watched(connection)
        spec = TableSpec("t", "t", (), max_rejects=100_000)
        rejects = Rejects(cast("duckdb.DuckDBPyConnection", watched), spec, None)
        rejects.merge_source(
            Reject(row, None, "expected 2 fields, found 3", "1,x,y", row + 1)
            for row in range(1, 100_001)
        )
        counts = connection.sql(
            "SELECT count(*), min(line), max(row_number) FROM rejects"
        ).fetchall()
    assert counts == [(100_000, 2, 100_000)]
    assert rejects.rows == 100_000
    assert "executemany" not in watched.names, "one statement for each row takes minutes"


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_of_the_engine_has_a_remedy_of_its_own_and_stands_on_the_page(reason: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE rejected AS SELECT 'id' AS column_name, ? AS reason, '1' AS value, "
            "NULL AS file, 1 AS row_number, NULL AS line",
            [reason],
        )
        (issue,) = issues_of(connection, "rejected", None)
    assert issue.remedy
    assert "`types: {id: VARCHAR}`" not in issue.remedy, "the remedy of a value of another type"
    assert f"`{reason}`" in (ROOT / "docs/engine.md").read_text()
