from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from demo import board
from demo.board import Board


def written(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_a_step_ends_with_its_result_and_time() -> None:
    stream = io.StringIO()
    with Board(Console(file=stream)) as shown, shown.step("Boot") as step:
        step.result = "Debian [13]"
    assert written(stream)[0] == "· Boot …"
    assert written(stream)[-1].startswith("✓ Boot: Debian [13] (")


def test_a_failed_step_is_marked_and_its_error_goes_on() -> None:
    stream = io.StringIO()
    with Board(Console(file=stream)) as shown, pytest.raises(OSError, match="no"):  # noqa: SIM117
        with shown.step("Boot"):
            raise OSError("no")
    assert written(stream)[-1].startswith("✗ Boot (")


def test_without_a_terminal_a_long_step_is_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "SILENCE_SECONDS", 0.01)
    stream = io.StringIO()
    deadline = time.monotonic() + 10
    with Board(Console(file=stream)) as shown, shown.step("Boot") as step:
        step.say("waiting for\n sshd")
        while "Boot: waiting for sshd (" not in stream.getvalue():
            assert time.monotonic() < deadline


def test_on_a_terminal_only_finished_steps_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with Board(console) as shown, shown.step("Boot"), shown.step("Generate"):
        pass
    assert stream.getvalue().count("✓") == 2
    assert "…" not in stream.getvalue()
