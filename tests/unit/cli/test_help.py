from __future__ import annotations

import pytest
from click.testing import CliRunner

import broker.cli
from broker.cli import COMMANDS


def test_the_help_tells_every_command_on_one_line_and_imports_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(broker.cli, "import_module")
    told = CliRunner().invoke(broker.cli.broker, ["--help"], terminal_width=80)
    assert told.exit_code == 0, told.output
    lines = [line.split(maxsplit=1) for line in told.output.split("Commands:\n")[1].splitlines()]
    assert [*map(tuple, lines)] == [(name, COMMANDS[name][-1]) for name in sorted(COMMANDS)]
    assert not any("…" in sentence or "..." in sentence for _, sentence in lines)
