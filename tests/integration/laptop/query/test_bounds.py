"""A query that goes past its limits ends with one sentence, whatever it does meanwhile."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.laptop_folders import LaptopFolder, make_shop


@pytest.fixture
def shop(tmp_path: Path) -> LaptopFolder:
    return make_shop(tmp_path)


def ask(
    shop: LaptopFolder, sql: str, *options: str, limit: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """``limit`` is the size of any file that it writes."""

    def bound() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or -1, limit or -1))

    return subprocess.run(
        [sys.executable, "-m", "broker.laptop", "--folder", shop.root, "sql", sql, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
        preexec_fn=bound,
    )


def test_a_function_that_looks_for_no_interrupt_ends_with_the_process(shop: LaptopFolder) -> None:
    began = time.monotonic()
    sql = "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))"
    result = ask(shop, sql, "--seconds", "1")
    assert result.returncode == 1
    assert time.monotonic() - began < 30
    (line,) = result.stderr.splitlines()
    assert line.startswith("broker: the query was stopped; expected an answer within 1 s.")
    assert list(shop.workspace.state.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (" * 20,  # doubles with each
        "COPY (" + "WITH a AS (" * 20,
        "SELECT " + "(" * 20_000,
    ],
)
def test_a_text_that_the_parser_does_not_get_through_ends_with_the_process(
    shop: LaptopFolder, sql: str
) -> None:
    began = time.monotonic()
    result = ask(shop, sql)
    assert result.returncode == 1
    assert time.monotonic() - began < 30
    (line,) = result.stderr.splitlines()
    assert line == (
        "broker: the query was stopped; expected to read it within 5 s. Nest it less deeply."
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 100000000) FROM range(2000)",
        "SELECT repeat('x', 4000000000)",
        "SELECT list_sort(list(repeat('x', 10000000))) FROM range(1000)",
    ],
)
def test_texts_that_duckdb_does_not_count_are_bounded(shop: LaptopFolder, sql: str) -> None:
    result = ask(shop, sql, "--memory", "128")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("broker: the query needs too much memory; expected 134,217,728 bytes")


SORT = (
    "SELECT sum(n) FROM (SELECT range AS n FROM range(6000000) ORDER BY hash(range) LIMIT 5000000)"
)


def test_a_sort_larger_than_memory_goes_to_the_disk_and_leaves_nothing(shop: LaptopFolder) -> None:
    result = ask(shop, SORT, "--memory", "100", "--csv")
    assert result.returncode == 0, result.stderr
    assert list(shop.workspace.state.iterdir()) == []


def test_without_a_folder_of_its_own_it_uses_that_of_the_system(
    shop: LaptopFolder, tmp_path: Path
) -> None:
    shop.workspace.state.rmdir()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    result = ask(shop, SORT, "--memory", "100", "--csv", TMPDIR=str(temporary))
    assert result.returncode == 0, result.stderr
    assert list(temporary.iterdir()) == []
    assert not shop.workspace.state.exists()


def test_a_disk_that_is_full_is_one_sentence(shop: LaptopFolder) -> None:
    """A file size limit of the process stands for it: DuckDB sees an error of the write."""
    result = ask(shop, SORT, "--memory", "100", "--csv", limit=1_000_000)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("broker: the temporary files of the query cannot be written")
    assert list(shop.workspace.state.iterdir()) == []
