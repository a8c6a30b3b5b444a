"""docs/analyst.md names each option of the verbs of history, and what each exit code stands for."""

from __future__ import annotations

import re

import click
import pytest

from broker.errors import LockedError
from broker.laptop.history.at import at
from broker.laptop.history.bisect import bisect
from broker.laptop.history.diff import diff
from broker.laptop.history.undo import undo
from broker.laptop.query.command import CUT
from tests.documented import ROOT

PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## History\n")[2].partition("\n## ")[0]
TABLE = SECTION.partition("| command |")[2].partition("\n\n")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("command", [diff, at, bisect, undo])
def test_every_option_stands_in_its_row_and_every_verb_has_json(command: click.Command) -> None:
    rows = [row for row in ROWS if row.startswith(f"| `{command.name}")]
    given = {
        name
        for one in command.params
        if isinstance(one, click.Option)
        for name in one.opts
        if name.startswith("--")
    }
    named = {*re.findall(r"--[a-z]+", " ".join(rows).partition("as `sync --generation")[0])}
    assert given == named | {"--json"}


def test_the_number_of_rows_that_stands_there_is_that_of_the_program() -> None:
    (option,) = (one for one in diff.params if one.name == "rows")
    assert f"up to `--rows` of them ({option.default})" in TABLE


def test_the_exit_codes_that_stand_there_are_those_of_the_program() -> None:
    codes = {int(code) for code in re.findall(r"^\| ([0-9]+) \|", SECTION, re.MULTILINE)}
    assert codes == {0, 1, click.UsageError.exit_code, CUT, LockedError.exit_code}
