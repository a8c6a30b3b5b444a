"""The process that serves catalogs stays small: what reading them loads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_LARGE = ("duckdb", "pyarrow", "numpy", "yaml", "broker.sources", "broker.config", "broker.sync")
_PROGRAM = f"import sys, broker.catalog.reader; print([m for m in {_LARGE!r} if m in sys.modules])"


def _loaded(program: str) -> str:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_reader_loads_no_engine_no_source_and_no_configuration() -> None:
    assert _loaded(_PROGRAM) == "[]"


@pytest.mark.parametrize("other", ["broker.sync.run", "broker.publish.cataloging"])
def test_the_same_question_finds_what_others_load(other: str) -> None:
    assert "duckdb" in _loaded(_PROGRAM.replace("broker.catalog.reader", other))
