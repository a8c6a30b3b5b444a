"""What ends a query that goes past its limits, also where DuckDB itself does not notice it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ..ages import length

__all__ = ["memory_bound", "time_bound"]

_AGAIN_SECONDS = 0.05  # an interrupt counts only while a statement runs
_GRACE_SECONDS = 3.0  # some functions, such as levenshtein(), look for no interrupt
_SLACK_BYTES = 512 * 1024**2
_STATUS = Path("/proc/self/status")


@contextmanager
def memory_bound(most_bytes: int) -> Iterator[None]:
    """Let this process take that much more memory, where the system can limit it (Linux).

    DuckDB counts tables and states of operators, but not texts on their way through a query.
    """
    now = _data_bytes()
    if sys.platform == "win32" or now is None:
        yield
        return
    import resource  # noqa: PLC0415  Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = now + most_bytes + most_bytes // 4 + _SLACK_BYTES
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int | None:
    """What the limit counts now; None on a system that does not say."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return None


@contextmanager
def time_bound(
    connection: duckdb.DuckDBPyConnection, seconds: float, spill: Path | None = None
) -> Iterator[None]:
    """After that time a statement ends with ``duckdb.InterruptException``.

    One that goes on regardless ends this process, with one sentence; ``spill`` is removed first.
    """
    is_over = threading.Event()

    def wait() -> None:
        left, past = seconds, 0.0
        while not is_over.wait(left):
            if past > _GRACE_SECONDS:
                _end(seconds, spill)
            connection.interrupt()
            left = _AGAIN_SECONDS
            past += left

    timer = threading.Thread(target=wait, daemon=True)
    timer.start()
    try:
        yield
    finally:
        is_over.set()
        timer.join()


def _end(seconds: float, spill: Path | None) -> None:
    if spill is None:
        what, remedy = "to read it", "Nest it less deeply."
    else:
        shutil.rmtree(spill, ignore_errors=True)
        what = "an answer"
        remedy = "Use a function that needs less time, on fewer or shorter values."
    sys.stderr.write(
        f"broker: the query was stopped; expected {what} within {length(seconds)}. {remedy}\n"
    )
    sys.stderr.flush()
    os._exit(1)
