"""A company small enough to make in every test run, and its CSV files as DuckDB sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from demo.company import TABLES, Company, generate

SCALE = 0.02


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company of two hundredths of the usual size."""
    out = tmp_path_factory.mktemp("company")
    assert [table.name for table in generate(out, Company(SCALE))] == list(TABLES)
    return out


@pytest.fixture(scope="session")
def shop(company: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """One view per CSV file; an unquoted empty field is NULL, a quoted one is empty text."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES:
            path = company / "csv" / f"{table}.csv"
            connection.execute(
                f"CREATE VIEW {table} AS FROM read_csv('{path}', allow_quoted_nulls=false)"
            )
        yield connection
