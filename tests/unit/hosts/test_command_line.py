from __future__ import annotations

import pytest

from rig.hosts import __main__ as command_line
from rig.hosts.__main__ import main


def test_what_follows_two_dashes_belongs_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(command_line, "can_boot", lambda: None)
    monkeypatch.setattr(command_line.lifecycle, "find", lambda _run: FakeRun())
    monkeypatch.setattr(command_line, "_become", lambda line: became.append(line) or 0)
    assert main(["ssh", "broker", "--run", "demo", "--", "ls", "--all", "--", "x"]) == 0
    assert became == [["ssh", "broker", "ls", "--all", "--", "x"]]


class FakeRun:
    """A run whose hosts are reached by a plain ``ssh NAME``."""

    def host(self, name: str) -> FakeHost:
        return FakeHost(name)


class FakeHost:
    def __init__(self, name: str) -> None:
        self.name = name

    def ssh(self) -> list[str]:
        return ["ssh", self.name]


def test_exec_needs_something_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["exec", "broker"])
    assert "exec NAME -- COMMAND" in capsys.readouterr().err


def test_where_no_host_boots_one_line_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "can_boot", lambda: "hosts boot as root only")
    assert main(["up", "broker"]) == 1
    assert capsys.readouterr().err == "no host can be booted here: hosts boot as root only\n"
