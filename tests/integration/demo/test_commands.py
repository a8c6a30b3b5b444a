from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from demo import commands
from demo.board import Step
from demo.commands import Commands, DemoError


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(commands, "LOGS", tmp_path / "logs")
    return tmp_path / "logs"


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_lines_go_to_the_caller_the_log_and_the_board(logs: Path) -> None:
    step = Step("Count")
    command = python("import sys; print('one'); print(sys.stdin.read())")
    assert Commands().run(step, command, log="count", stdin="two") == ["one", "two"]
    assert (logs / "count.log").read_text() == "one\ntwo\n"
    assert step.detail == "two"


def test_only_what_is_worth_it_is_shown() -> None:
    step = Step("Count")
    Commands().run(
        step,
        python("print('TASK one'); print('noise')"),
        log="count",
        show=lambda line: line if line.startswith("TASK") else None,
    )
    assert step.detail == "TASK one"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("fine\nError: no space\nbye", "Deploy: Error: no space"),
        ("[ERROR]: no rsync\nhost : failed=1", "Deploy: no rsync"),
        ("first\nlast", "Deploy: last"),
        ("", "Deploy: it ended without a word"),
    ],
)
def test_a_failure_is_one_sentence_and_a_log(logs: Path, output: str, sentence: str) -> None:
    command = python(f"print({output!r}); raise SystemExit(3)")
    with pytest.raises(DemoError) as caught:
        Commands().run(Step("Deploy"), command, log="deploy")
    assert str(caught.value) == sentence
    assert caught.value.log == logs / "deploy.log"


def test_stop_ends_what_runs_and_lets_nothing_begin() -> None:
    running, step = Commands(), Step("Wait")
    errors: list[Exception] = []

    endless = python("import time; print('up'); [time.sleep(1) for _ in range(600)]")
    thread = threading.Thread(
        target=lambda: errors.extend(_error(running, step, endless)), daemon=True
    )
    thread.start()
    deadline = time.monotonic() + 30
    while step.detail != "up":
        assert time.monotonic() < deadline
    running.stop()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert len(errors) == 1
    with pytest.raises(DemoError, match="stopped"):
        running.run(step, python("pass"), log="later")


def _error(running: Commands, step: Step, command: list[str]) -> list[Exception]:
    try:
        running.run(step, command, log="wait")
    except DemoError as error:
        return [error]
    return []
