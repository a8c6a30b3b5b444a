from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from .homes import ROOT, SCRIPTS, Laptop


def test_the_examples_run_where_a_sync_puts_them(synced: Laptop) -> None:
    examples = synced.path / "server" / "examples"
    answer = subprocess.run(
        [sys.executable, str(examples / "query.py"), "SELECT max(id) AS highest FROM orders"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "highest" in answer.stdout
    names = synced.query((examples / "tables.sql").read_text())
    assert [row[:2] for row in names] == [
        ("orders", "All the orders"),
        ("stores", "All the stores"),
    ]


def test_the_environment_of_a_laptop_has_what_instants_need_in_python(tmp_path: Path) -> None:
    """DuckDB gives a TIMESTAMPTZ to Python by pytz, which it does not bring (deliveries, D11)."""
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", tmp_path], check=True)
    locked = (tmp_path / "scripts/requirements.txt").read_text().splitlines()
    assert [line for line in locked if line.startswith("pytz==")] != []
    (value,) = duckdb.sql("SELECT TIMESTAMPTZ '2026-02-01 00:30:00+01'").fetchall()[0]
    assert value == datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def test_every_example_stands_in_its_readme() -> None:
    folder = SCRIPTS.parent / "examples"
    readme = (folder / "README.md").read_text()
    for path in folder.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in readme
