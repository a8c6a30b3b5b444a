"""``broker sync`` of half a million rows, over and over, beside the portal.

It runs as its unit does on a host: nicer, and with the lesser weight of its slice. Also a command:
``python -m tests.benchmarks.portal.syncing FOLDER``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.benchmarks import data, published

__all__ = ["syncing"]

ROWS = 500_000
SMALL_TABLES, SMALL_ROWS = 20, 2_000
# Those of broker-portal.service and broker-sync.slice.
WEIGHTS = {"portal": 1000, "syncs": 200}
_NICE = 5
# Of version 1 and 2: where groups are made, and the file that has the weight of one.
_HIERARCHIES = (("/sys/fs/cgroup/cpu", "cpu.shares"), ("/sys/fs/cgroup", "cpu.weight"))
_GROUP = f"broker-bench-portal-{os.getpid()}"


@contextmanager
def syncing(folder: Path, portal: Iterable[int]) -> Iterator[bool]:
    """Beside the processes of the portal. Yields whether weights count on this machine."""
    command = [sys.executable, "-m", __spec__.name, str(folder)]
    with (
        (folder / "syncs.log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError("no sync runs beside the portal")
            with _weighed({"portal": [*portal], "syncs": [process.pid]}) as is_weighed:
                yield is_weighed
                if process.poll() is not None:
                    raise RuntimeError(f"the syncs ended with {process.returncode}")
        finally:
            process.kill()


@contextmanager
def _weighed(groups: dict[str, list[int]]) -> Iterator[bool]:
    """Each group of processes with its weight, where control groups can be written."""
    for root, name in _HIERARCHIES:
        if not (own := _made(Path(root) / _GROUP, name, groups)):
            continue
        try:
            yield True
        finally:
            for pid in (pid for one in own for pid in _members(one)):
                (Path(root) / "cgroup.procs").write_text(str(pid))
            for one in reversed(own):
                one.rmdir()
        return
    yield False


def _made(parent: Path, name: str, groups: dict[str, list[int]]) -> list[Path]:
    """The folders of the groups; none where this is not the hierarchy."""
    made: list[Path] = []
    with suppress(OSError):
        for one in (parent, *(parent / group for group in groups)):
            one.mkdir()
            made.append(one)
        (parent / name).write_text(str(8 * WEIGHTS["portal"]))
        for group, pids in groups.items():
            (parent / group / name).write_text(str(WEIGHTS[group]))
            for pid in pids:
                (parent / group / "cgroup.procs").write_text(str(pid))
        return made
    for one in reversed(made):
        one.rmdir()
    return []


def _members(group: Path) -> list[str]:
    return (group / "cgroup.procs").read_text().split()


def main(folder: Path) -> None:
    """Until it is killed."""
    os.nice(_NICE)
    data.make_orders(folder / "tenth.csv", ROWS)
    data.make_small(folder, SMALL_TABLES, SMALL_ROWS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # what the syncs report
    while True:
        published.published_tenth_before(folder)
        published.published_tenth(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
