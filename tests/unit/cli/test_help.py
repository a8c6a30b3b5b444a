from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import broker
import broker.cli
from broker.cli import COMMANDS
from tests.documented import ROOT


def test_the_help_tells_every_command_on_one_line_and_imports_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands = {
        name: broker.cli.broker.get_command(click.Context(broker.cli.broker), name)
        for name in COMMANDS
    }
    monkeypatch.delattr(broker.cli, "import_module")
    shown = CliRunner().invoke(broker.cli.broker, ["--help"], terminal_width=80)
    assert shown.exit_code == 0, shown.output
    lines = [line.split(maxsplit=1) for line in shown.output.split("Commands:\n")[1].splitlines()]
    shown_by_each = [
        (name, str(commands[name].help).partition("\n")[0]) for name in sorted(COMMANDS)
    ]
    assert [*map(tuple, lines)] == shown_by_each
    assert not any("…" in sentence or "..." in sentence for _, sentence in lines)


def test_the_version_tells_what_was_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "deployed.json"
    monkeypatch.setattr(broker.cli, "deployed", partial(broker.cli.deployed, note))
    for text, message in (
        (None, ""),
        ("{", ""),
        ('{"commit": "", "release": "1798"}', " (release 1798)"),
        ('{"commit": "68ce4b8-dirty", "release": "17"}', " (commit 68ce4b8-dirty, release 17)"),
    ):
        if text is not None:
            note.write_text(text)
        answer = CliRunner().invoke(broker.cli.broker, ["--version"])
        assert (answer.exit_code, answer.output) == (0, f"broker {broker.__version__}{message}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_documentation(name: str) -> None:
    pages = "\n".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert re.search(rf"\bbroker {name}\b", pages)
