"""Runs rsync between the two ends of a connection, and counts what goes over the wire."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from .time_limit import TooLongError

__all__ = ["Carried", "Look", "carry"]

_CHUNK = 256 * 1024
_END_SECONDS = 5.0
Look = Callable[[], tuple[str | None, float]]


@dataclass(frozen=True, slots=True)
class Carried:
    """rsync's exit code, and bytes as the server counts them.

    ``problem`` is why rsync was ended before its end.
    """

    code: int
    sent: int
    received: int
    problem: str | None = None


@dataclass(slots=True)
class _Flow:
    """Bytes from one descriptor to another; the other is closed when the first one ends.

    With ``splices``, whose source must be a pipe, the kernel moves them where it can, and no byte
    is copied through this process: that took more of the processor than rsync itself. Not the other
    way: while splice(2) waits for a socket, nothing can be read from the pipe that it fills.
    """

    source: int
    target: int
    before: bytes = b""
    splices: bool = False
    moved: int = field(default=0)

    def run(self) -> None:
        with suppress(BrokenPipeError, ConnectionError):
            self._write(self.before)
            self.moved = 0
            if not (self.splices and self._splice()):
                while data := os.read(self.source, _CHUNK):
                    self._write(data)
        os.close(self.target)

    def _splice(self) -> bool:
        """Move everything; False where the kernel does not splice what the other one is."""
        try:
            while count := os.splice(self.source, self.target, _CHUNK):
                self.moved += count
        except OSError as error:
            if error.errno == errno.EINVAL:
                return False
            raise
        return True

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            count = os.write(self.target, rest)
            rest = rest[count:]
            self.moved += count


class _Guard:
    """Ends a child as soon as ``look`` finds a problem; it returns that and the next pause."""

    def __init__(self, child: subprocess.Popen[bytes], look: Look) -> None:
        self._child = child
        self._look = look
        self._ended = threading.Event()
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            self.problem, pause = self._look()
            if self.problem is not None:
                self._child.terminate()  # rsync removes the file that it was writing
                if not self._ended.wait(_END_SECONDS):
                    self._child.kill()
                return

    def end(self) -> str | None:
        """Stop looking; the problem, where there was one."""
        self._ended.set()
        self._thread.join()
        return self.problem


def carry(
    command: Sequence[str],
    environment: Mapping[str, str],
    look: Look | None = None,
    *,
    before: bytes = b"",
) -> Carried:
    """Run ``command`` on this process's own input and output until it ends.

    The command reads ``before`` ahead of what the client sends; these bytes are not counted. Where
    the client goes away, rsync hears of it as if it held the connection itself: its input ends,
    and what it writes has no reader. ``look`` is called again and again meanwhile and gives
    a problem that ends the run, or None, and the seconds until the next call.
    """
    child_input, ours_to_child = os.pipe()
    ours_from_child, child_output = os.pipe()
    child = subprocess.Popen(command, stdin=child_input, stdout=child_output, env=dict(environment))
    os.close(child_input)
    os.close(child_output)
    guard = None if look is None else _Guard(child, look)
    arriving, leaving = _Flow(0, ours_to_child, before), _Flow(ours_from_child, 1, splices=True)
    threading.Thread(target=arriving.run, daemon=True).start()
    late = None
    try:
        leaving.run()
    except TooLongError as error:  # also where the client reads nothing any more
        child.kill()
        late = str(error)
    os.close(ours_from_child)
    code = child.wait()
    problem = None if guard is None else guard.end()
    problem = problem or late
    return Carried(code, leaving.moved, arriving.moved, problem)
