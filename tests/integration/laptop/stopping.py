"""Runs the program of a laptop, and kills it right before its n-th change of a disk.

stopping.py N ARGUMENT…; with N = 0 it runs to its end, and says on stderr how many there were.
"""

from __future__ import annotations

import os
import signal
import sys

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
    def __init__(self, last: int) -> None:
        self.last = last
        self.seen = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if event not in CHANGES and not is_write:
            return
        self.seen += 1
        if self.seen == self.last:
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    counter = _Counter(int(sys.argv.pop(1)))
    sys.addaudithook(counter)
    try:
        main()
    finally:
        if not counter.last:
            sys.stderr.write(f"{counter.seen} changes\n")
