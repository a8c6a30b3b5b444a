"""The commands of docs/analyst.md about history, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import ROOT, documented

from .pasts import Past
from .test_diff import FIRST, FOURTH, SECOND, THIRD

EXPECTED = {
    "diff orders": f"{THIRD} (2026-05-03 12:00 UTC) -> {FOURTH}",
    "diff orders 2026-05-01 2026-05-03 --rows 100": "rows: 1 added, 1 removed, 2 changed",
    "at orders 2026-05-01": "orders: 3 rows in 3 files",
    'at orders 2026-05-01 "SELECT sum(total) FROM orders"': f"generation {FIRST})",
    'bisect "SELECT sum(total) FROM orders" 2026-05-01': f"changed with generation {SECOND}",
    "sql \"FROM orders_diff('2026-05-01', '2026-05-03')\"": f"orders of generation {THIRD}",
    "undo": f"generation {THIRD} is in use again",
}


@pytest.fixture(scope="module")
def folder(kept: Past, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page") / "laptop"
    subprocess.run(["cp", "-a", kept.scene.laptop, place], check=True)
    return place


def test_the_page_has_these_commands() -> None:
    lines = [line.removeprefix("bash server/scripts/broker.sh ") for line in typed()]
    assert lines == [*EXPECTED]


def typed() -> list[str]:
    return documented("analyst-history")


@pytest.mark.parametrize("command", typed())
def test_each_command_does_as_the_page_says(folder: Path, command: str) -> None:
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "BROKER_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert EXPECTED[command.removeprefix("bash server/scripts/broker.sh ")] in ended.stdout


def test_the_macros_of_the_page_give_rows(kept: Past) -> None:
    page = (ROOT / "docs/analyst.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sql analyst-macros\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    first, second = block.strip().splitlines()
    with kept.views() as connection:
        assert [str(value) for (value,) in connection.execute(first).fetchall()] == ["7.50"]
        assert {row[0] for row in connection.execute(second).fetchall()} == {
            "added",
            "changed",
            "removed",
        }
