"""Commands of the demo: every line into a log, the last one onto the board, failures reported."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .board import Step
from .places import LOGS

__all__ = ["Commands", "DemoError"]


_OURS = ("[ERROR]: ", "broker: ")
_ALARMS = ("error", "fatal", "failed:")


class DemoError(Exception):
    """The demo cannot go on; the text is one sentence, ``log`` the file that tells more."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        """``log`` is None where the sentence says everything."""
        super().__init__(message)
        self.log = log


def _every_line(line: str) -> str | None:
    return line


class Commands:
    """Runs commands, several at once from several threads, and can end them all."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(
        self,
        step: Step,
        command: Sequence[str],
        *,
        log: str,
        show: Callable[[str], str | None] = _every_line,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        cwd: Path | None = None,
    ) -> list[str]:
        """All its lines; ``show`` picks what of a line is put on the board.

        Raises ``DemoError`` with the last telling line unless it ends with 0.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        path = LOGS / f"{log}.log"
        process = self._start(command, env, cwd)
        lines: list[str] = []
        try:
            with process, path.open("a", encoding="utf-8") as stream:
                assert process.stdin is not None  # noqa: S101 - both are pipes
                assert process.stdout is not None  # noqa: S101
                with suppress(BrokenPipeError):
                    process.stdin.write(stdin or "")
                    process.stdin.close()
                for line in process.stdout:
                    stream.write(line)
                    stream.flush()
                    lines.append(line.rstrip("\n"))
                    shown = show(lines[-1].strip())
                    if shown:
                        step.say(shown)
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode != 0:
            raise DemoError(f"{step.title}: {_telling(lines)}", path)
        return lines

    def _start(
        self, command: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise DemoError("stopped")
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def stop(self) -> None:
        """End whatever runs, and let nothing begin any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)


def _telling(lines: Sequence[str]) -> str:
    """What Ansible or one of our own programs calls an error, else the last line that sounds so."""
    written = [line.strip() for line in lines if line.strip()]
    ours = [line.removeprefix("[ERROR]: ") for line in written if line.startswith(_OURS)]
    marked = [line for line in written if any(word in line.lower() for word in _ALARMS)]
    return (ours[:1] or marked[-1:] or written[-1:] or ["it ended without a word"])[0][:300]
