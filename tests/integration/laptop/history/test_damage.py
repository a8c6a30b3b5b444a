"""Files of earlier generations that are gone or damaged, and limits that are met."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.laptop.scenes import Scene

from .pasts import Past
from .test_diff import FIRST, SECOND


@pytest.fixture
def damaged(kept: Past, tmp_path: Path) -> Past:
    """A copy in which a file of 1 May is gone and one is not Parquet."""
    place = tmp_path / "laptop"
    subprocess.run(["cp", "-a", kept.scene.laptop, place], check=True)
    folder = place / f"server/generations/{FIRST}/parquet/shop"
    (folder / "orders/2026_02.parquet").unlink()
    (folder / "drifting.parquet").unlink()
    (folder / "drifting.parquet").write_text("not Parquet")
    return Past(Scene(kept.scene.instance, place), list(kept.made))


@pytest.mark.parametrize(
    "words",
    [
        ["diff", "orders", FIRST, SECOND],
        ["diff", "drifting", FIRST, SECOND],
        ["at", "orders", FIRST, "SELECT sum(total) FROM orders"],
        ["at", "drifting", FIRST, "FROM drifting"],
        ["bisect", "SELECT sum(total) FROM orders"],
        ["sql", f"FROM orders_at('{FIRST[:10]}')"],
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_no_answer(damaged: Past, words: list[str]) -> None:
    ended = damaged.run(*words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("broker: ")
    assert ended.stderr.count("\n") == 1
    assert "cannot be" in ended.stderr or "failed" in ended.stderr


def test_other_generations_and_tables_are_as_they_were(damaged: Past) -> None:
    assert damaged.run("diff", "orders", SECOND, "latest").returncode == 0
    assert damaged.run("diff", "stores", FIRST, "latest").returncode == 0


def test_a_limit_that_is_met_is_not_taken_for_another_answer(kept: Past) -> None:
    sql = "SELECT sum(a.range * b.range) FROM range(100000) a, range(100000) b, orders"
    ended = kept.run("bisect", sql, "--seconds", "0.2")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the query was stopped; expected an answer within" in ended.stderr
