"""docs/analyst.md names each option of ``sql`` with the value it has if not given."""

from __future__ import annotations

import re

import click

from broker.laptop.query.command import CUT, sql
from broker.laptop.query.limits import QueryLimits
from tests.documented import ROOT

PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### The guarded query\n")[2].partition("\n## ")[0]


def test_every_option_stands_on_the_page() -> None:
    options = {
        name
        for parameter in sql.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }
    assert options == {*re.findall(r"--[a-z]+", SECTION)}


def test_the_limits_that_stand_there_are_those_of_the_program() -> None:
    limits = QueryLimits()
    cells = [row.split("|")[-2].strip() for row in SECTION.splitlines() if row.startswith("| `--")]
    assert cells == [
        "a table",
        f"{limits.rows:,} and {limits.characters:,}",
        f"{limits.seconds:.0f}",
        f"{limits.memory_bytes // 1024**2:,}",
    ]
    assert f"{limits.temporary_bytes // 1024**3} GiB" in SECTION
    assert f"ends with {CUT}." in SECTION
