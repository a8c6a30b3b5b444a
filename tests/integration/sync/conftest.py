"""A small instance on CSV files, and the program run on it as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from broker.cli import main
from tests.duck import reader

DESCRIPTION = """# Shop

```yaml
folder_mapping:
  in.c-shop: shop
tables:
  - id: in.c-shop.orders
    description: One row per order
    primary_key: id
    partition_by: day
  - id: in.c-shop.customers
    primary_key: id
    types: {id: BIGINT}
  - id: in.c-hr.salaries
    folder: hr
    primary_key: person
    types: {amount: "DECIMAL(18,2)"}
    access: private
```
"""

ORDERS = 'id,day,total,note\n1,2026-10-01,10.50,\n2,2026-11-02,0.10,""\n3,,7.00,NA\n'
CUSTOMERS = "id,name\n1,Ada\n2,Grace\n"
SALARIES = "person,amount\n1,5000.00\n"


@dataclass(frozen=True)
class Instance:
    """A config folder, its CSV folder and a data folder."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def csv(self, name: str, text: str) -> Path:
        path = self.root / "csv" / f"{name}.csv"
        path.write_text(text)
        return path

    def broker(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``broker WORDS --config … --data …``."""
        return subprocess.run(
            [sys.executable, "-m", "broker", *self._at(words)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": "src"},
        )

    def _at(self, words: Sequence[str]) -> list[str]:
        return [words[0], "--config", str(self.config), "--data", str(self.data), *words[1:]]

    def here(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, without the half a second that a start takes."""
        output, errors = StringIO(), StringIO()
        with (
            redirect_stdout(output),
            redirect_stderr(errors),
            patch.object(sys, "argv", ["broker", *self._at(words)]),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        code = int(ended.value.code or 0)
        return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())

    def _json(self, *words: str) -> tuple[int, Any]:
        """Its exit code, and its JSON."""
        done = self.here(*words, "--json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def sync(self, *words: str) -> dict[str, Any]:
        """Sync and give the report, its exit code compared with the program's."""
        code, answer = self._json("sync", *words)
        report: dict[str, Any] = answer
        assert report["exit_code"] == code
        return report

    def status(self) -> dict[str, dict[str, Any]]:
        """The status of each table by its path."""
        _, facts = self._json("status")
        return {table["table"]: table for table in facts["tables"]}

    def rows(self, table: str, order: str = "1") -> list[tuple[Any, ...]]:
        """The rows of a published table, read as a script on the host reads them."""
        with reader() as connection:
            found = connection.sql(f"{self._from(table)} ORDER BY {order}").to_arrow_table()
        return [tuple(row.values()) for row in found.to_pylist()]

    def columns(self, table: str) -> list[str]:
        """The names of its columns."""
        with reader() as connection:
            return connection.sql(self._from(table)).columns

    def _from(self, table: str) -> str:
        single = self.data / "parquet" / f"{table}.parquet"
        path = single if single.exists() else self.data / "parquet" / table / "*.parquet"
        return f"FROM read_parquet('{path}', hive_partitioning = false)"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """Three tables, one of them private, ready to sync."""
    return make_instance(tmp_path, DESCRIPTION)


@pytest.fixture
def described(tmp_path: Path) -> Callable[[str], Instance]:
    """An instance with a description of the test's own."""
    return lambda description: make_instance(tmp_path, description)


def make_instance(root: Path, description: str) -> Instance:
    made = Instance(root)
    made.config.mkdir()
    (root / "csv").mkdir()
    (made.config / "instance.yaml").write_text("data_source: {type: csv, path: ../csv}\n")
    (made.config / "data_description.md").write_text(description)
    made.csv("orders", ORDERS)
    made.csv("customers", CUSTOMERS)
    made.csv("salaries", SALARIES)
    return made
