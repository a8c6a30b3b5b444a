"""The SQL of the macros, without DuckDB."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.laptop.history import table_pasts
from broker.laptop.history.kept_generations import KeptGeneration, KeptHistory
from broker.laptop.history.macro_sql import macros_of_all
from broker.laptop.history.table_pasts import pasts_of
from broker.manifest import Manifest, TableEntry
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

NAME = "2026-05-01T120000Z-0000"


def history(columns: int) -> KeptHistory:
    schema = TableSchema(tuple(Column(f"c{at}", "BIGINT") for at in range(columns)))
    file = DataFile("parquet/shop/wide.parquet", 1, 1, "0" * 64)
    entry = TableEntry("in.wide", "wide", "shop/wide", schema=schema, files=(file,), rows=1)
    manifest = Manifest(NAME, datetime(2026, 5, 1, 12, tzinfo=UTC), (entry,))
    return KeptHistory((KeptGeneration(manifest, Path("/tree")),), NAME)


def test_types_are_not_looked_up_again_for_each_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table of 5,000 columns that took half a minute in each sync with news."""
    counted = []
    monkeypatch.setattr(table_pasts, "folded", lambda name: counted.append(name) or name)
    for columns in (10, 1_000):
        counted.clear()
        (_, difference) = macros_of_all(pasts_of(history(columns)), ["wide"])
        assert f'"c{columns - 1}"' in difference
        assert len(counted) <= 8 * columns
