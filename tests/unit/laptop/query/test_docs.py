"""docs/analyst.md names each option of these verbs, and what each exit code stands for."""

from __future__ import annotations

import re

import click

from broker.laptop.query.command import CUT, sql
from broker.laptop.query.limits import QueryLimits
from broker.laptop.receipts.command import EXIT_CODES, verify_receipt
from tests.documented import ROOT

PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### The guarded query\n")[2].partition("\n### ")[0]
RECEIPTS = PAGE.partition("### Receipts\n")[2].partition("\n### ")[0]


def options(command: click.Command) -> set[str]:
    given = [one for one in command.params if isinstance(one, click.Option)]
    return {name for one in given for name in one.opts}


def test_every_option_stands_on_the_page() -> None:
    assert options(sql) == {*re.findall(r"--[a-z]+", SECTION)}
    assert options(verify_receipt) == {*re.findall(r"--[a-z]+", RECEIPTS)}


def test_every_exit_code_of_a_receipt_stands_on_the_page() -> None:
    codes = {int(code) for code in re.findall(r"^\| ([0-9]+) \|", RECEIPTS, re.MULTILINE)}
    assert codes == {1, *EXIT_CODES.values()}


def test_the_limits_that_stand_there_are_those_of_the_program() -> None:
    limits = QueryLimits()
    cells = [row.split("|")[-2].strip() for row in SECTION.splitlines() if row.startswith("| `--")]
    assert cells == [
        "a table",
        f"{limits.rows:,} and {limits.characters:,}",
        f"{limits.seconds:.0f}",
        f"{limits.memory_bytes // 1024**2:,}",
        "none",
    ]
    assert f"{limits.temporary_bytes // 1024**3} GiB" in SECTION
    assert f"ends with {CUT}." in SECTION
