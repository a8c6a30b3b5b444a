"""A process that serves beside the demo until ``make demo-down``, and what is known of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.files import write_atomic
from rig.hosts import Process

from .commands import DemoError
from .places import LOGS, ROOT, STATE

__all__ = ["Background"]

START_SECONDS, STOP_SECONDS = 300.0, 20.0
_PAUSE = 0.05


@dataclass(frozen=True)
class Background:
    """``name`` is that of its files, ``module`` what Python runs, ``title`` the step it is of."""

    name: str
    module: str
    title: str

    @property
    def _remembered(self) -> Path:
        return STATE / f"{self.name}.json"

    def facts(self) -> dict[str, Any]:
        """What was remembered of the last one, whether it serves or not; empty without one."""
        if not self._remembered.is_file():
            return {}
        facts: dict[str, Any] = json.loads(self._remembered.read_bytes())
        return facts

    def stands(self) -> bool:
        """Whether it serves."""
        facts = self.facts()
        return bool(facts) and Process(*facts["process"]).alive()

    def start(self, words: Sequence[str], *, lines: int, stdin: str = "") -> list[str]:
        """The first lines that it prints, which say that it serves. Raises ``DemoError``.

        Its process is remembered, and further facts by ``remember``.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        STATE.mkdir(parents=True, exist_ok=True)
        output, log = STATE / f"{self.name}.out", LOGS / f"{self.name}.log"
        output.unlink(missing_ok=True)
        output.touch(mode=0o600)  # it may hold a token
        with output.open("wb") as out, log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", self.module, *words],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=errors,
                start_new_session=True,
            )
        with suppress(BrokenPipeError), process.stdin as given:  # type: ignore[union-attr]
            given.write(stdin.encode())
        try:
            printed = self._printed(process, output, lines)
        except BaseException:
            process.terminate()
            raise
        finally:
            output.unlink()
        known = Process.of(process.pid)
        write_atomic(
            self._remembered, json.dumps({"process": [known.pid, known.started]}), mode=0o600
        )
        return printed

    def _printed(self, process: subprocess.Popen[bytes], output: Path, lines: int) -> list[str]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            printed = output.read_text().splitlines(keepends=True)
            if len(printed) >= lines and printed[lines - 1].endswith("\n"):
                return [line.rstrip("\n") for line in printed]
            time.sleep(_PAUSE)
        log = LOGS / f"{self.name}.log"
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no output"]
        raise DemoError(f"{self.title}: it does not serve: {last[0][:300]}", log)

    def remember(self, facts: Mapping[str, Any]) -> None:
        """Keep this beside what is known of the process that serves."""
        write_atomic(self._remembered, json.dumps({**self.facts(), **facts}), mode=0o600)

    def end(self) -> None:
        """It serves no more."""
        if self.stands():
            with suppress(ProcessLookupError):
                os.killpg(self.facts()["process"][0], signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while self.stands() and time.monotonic() < deadline:
                time.sleep(_PAUSE)
        self._remembered.unlink(missing_ok=True)
