"""Shared memory, semaphores and message queues of System V, which no folder shows."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

__all__ = ["ipc_makers", "ipc_owners", "remove_ipc"]

# The file of each kind, its column with the number, and the option of ipcrm(1).
_KINDS = (
    ("shm", "shmid", "--shmem-id"),
    ("sem", "semid", "--semaphore-id"),
    ("msg", "msqid", "--queue-id"),
)
_PROC = Path("/proc/sysvipc")
# One account may make 68,000 of them, more than one command line holds.
_AT_A_TIME = 1000


def ipc_owners(proc: Path = _PROC) -> frozenset[int]:
    """The uids that own, or made, one of them."""
    return frozenset(uid for _, _, uids in _listed(proc) for uid in uids)


def ipc_makers(proc: Path = _PROC) -> frozenset[int]:
    """The uids that made one of them; the maker may name any uid as the owner."""
    return frozenset(maker for _, _, (_, maker) in _listed(proc))


def remove_ipc(uid: int, proc: Path = _PROC) -> None:
    """Remove all that this uid owns or made, as this uid: the kernel lets its owner do it.

    What is gone meanwhile was removed by logind, which does the same some time after a logout.
    """
    owned = [(option, str(number)) for option, number, uids in _listed(proc) if uid in uids]
    for start in range(0, len(owned), _AT_A_TIME):
        line = ["ipcrm", *chain.from_iterable(owned[start : start + _AT_A_TIME])]
        subprocess.run(line, user=uid, group=uid, extra_groups=[], check=False, capture_output=True)
    # Not what another account made and gives to this one, now and as often as it likes.
    if uid in ipc_makers(proc):
        raise OSError(errno.EPERM, f"not all of uid {uid} could be removed", str(proc))


def _listed(proc: Path) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """For each: the option of ipcrm(1), its number, its owner, and who made it."""
    for kind, column, option in _KINDS:
        with suppress(FileNotFoundError):  # a kernel without it
            head, *rows = (proc / kind).read_text().splitlines()
            for row in rows:
                fields = dict(zip(head.split(), row.split(), strict=True))
                yield option, int(fields[column]), (int(fields["uid"]), int(fields["cuid"]))
