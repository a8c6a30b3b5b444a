"""Runs a laptop's program; before its n-th change of a disk it is killed, or the disk is full.

stopping.py N FILE ARGUMENT…; where FILE is not empty, it takes all the room that is left, and
the program goes on. With N = 0 it runs to its end, and says on stderr how many changes there were.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from broker.laptop.program import main

CHANGES = {"subprocess.Popen"} | {
    f"os.{name}"
    for name in (
        *("chmod", "link", "mkdir", "remove", "rename"),
        *("rmdir", "symlink", "truncate", "utime"),
    )
}
WRITES = os.O_WRONLY | os.O_RDWR


class _Counter:
    def __init__(self, last: int, filler: str) -> None:
        self.last = last
        self.filler = filler
        self.seen = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if event not in CHANGES and not is_write:
            return
        self.seen += 1
        if self.seen == self.last:
            if not self.filler:
                os.killpg(0, signal.SIGKILL)
            fill(self.filler)


def fill(path: str) -> None:
    """Write until the disk takes no more."""
    with suppress(OSError), Path(path).open("wb", buffering=0) as stream:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    stream.write(bytes(size))


if __name__ == "__main__":
    counter = _Counter(int(sys.argv.pop(1)), sys.argv.pop(1))
    sys.addaudithook(counter)
    try:
        main()
    finally:
        if not counter.last:
            sys.stderr.write(f"{counter.seen} changes\n")
