"""Commands of the outer machine, and the one error of this library."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HostError", "locked", "sh", "tail", "wait_for"]


class HostError(Exception):
    """A host could not be built, booted or reached; the text says what was seen and what to do."""


def sh(
    *command: str,
    check: bool = True,
    stdin: str | None = None,
    timeout: float | None = 120,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; ``HostError`` with what it wrote when it fails or hangs."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            env=env,
            errors="replace",
            input=stdin if stdin is not None else "",
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise HostError(f"{command[0]} is not installed; run bin/bootstrap --hosts") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{' '.join(command)}: no end after {timeout:g} s") from error
    if check and done.returncode != 0:
        output = (done.stderr.strip() or done.stdout.strip())[-4000:]
        raise HostError(f"{' '.join(command)}: exit code {done.returncode}\n{output}")
    return done


def wait_for(
    what: str,
    probe: Callable[[], bool],
    *,
    seconds: float,
    explain: Callable[[], str] = str,
) -> None:
    """Poll until ``probe()`` is true; after ``seconds`` raise with what ``explain()`` tells."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            raise HostError(f"{what} did not come within {seconds:g} s\n{explain()}".rstrip())
        time.sleep(0.1)


def tail(path: Path, lines: int = 40) -> str:
    """The last lines of a log; empty when there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for, then hold, a lock that the kernel drops when this process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
