"""Runs rsync between the two ends of a connection, and counts what goes over the wire."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

__all__ = ["Carried", "carry"]

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """rsync's exit code, and bytes as the server counts them."""

    code: int
    sent: int
    received: int


@dataclass(slots=True)
class _Flow:
    """Bytes from one descriptor to another; the other is closed when the first one ends."""

    source: int
    target: int
    before: bytes = b""
    moved: int = field(default=0)

    def run(self) -> None:
        with suppress(BrokenPipeError, ConnectionError):
            self._write(self.before)
            self.moved = 0
            while data := os.read(self.source, _CHUNK):
                self._write(data)
        os.close(self.target)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            count = os.write(self.target, rest)
            rest = rest[count:]
            self.moved += count


def carry(
    command: Sequence[str], environment: Mapping[str, str], *, before: bytes = b""
) -> Carried:
    """Run ``command`` on this process's own input and output until it ends.

    The command reads ``before`` ahead of what the client sends; these bytes are not counted. Where
    the client goes away, rsync hears of it as if it held the connection itself: its input ends,
    and what it writes has no reader.
    """
    child_input, ours_to_child = os.pipe()
    ours_from_child, child_output = os.pipe()
    child = subprocess.Popen(command, stdin=child_input, stdout=child_output, env=dict(environment))
    os.close(child_input)
    os.close(child_output)
    arriving, leaving = _Flow(0, ours_to_child, before), _Flow(ours_from_child, 1)
    threading.Thread(target=arriving.run, daemon=True).start()
    leaving.run()
    os.close(ours_from_child)
    return Carried(child.wait(), leaving.moved, arriving.moved)
