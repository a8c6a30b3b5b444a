"""Shared memory, semaphores and message queues of System V, which no folder shows."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

__all__ = ["ipc_owners", "remove_ipc"]

# The file of each kind, its column with the number, and the option of ipcrm(1).
_KINDS = (
    ("shm", "shmid", "--shmem-id"),
    ("sem", "semid", "--semaphore-id"),
    ("msg", "msqid", "--queue-id"),
)
_PROC = Path("/proc/sysvipc")


def ipc_owners(proc: Path = _PROC) -> frozenset[int]:
    """The uids that own, or made, one of them."""
    return frozenset(uid for _, _, uids in _listed(proc) for uid in uids)


def remove_ipc(uid: int, proc: Path = _PROC) -> None:
    """Remove all that this uid owns or made, as this uid: the kernel lets its owner do it.

    What is gone meanwhile was removed by logind, which does the same some time after a logout.
    """
    owned = [(option, str(number)) for option, number, uids in _listed(proc) if uid in uids]
    if not owned:
        return
    command = ["ipcrm", *chain.from_iterable(owned)]
    subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False, capture_output=True)
    if uid in ipc_owners(proc):
        raise OSError(errno.EPERM, f"not all of uid {uid} could be removed", str(proc))


def _listed(proc: Path) -> Iterator[tuple[str, int, Collection[int]]]:
    """For each: the option of ipcrm(1), its number, and whose it is."""
    for kind, column, option in _KINDS:
        with suppress(FileNotFoundError):  # a kernel without it
            head, *rows = (proc / kind).read_text().splitlines()
            for row in rows:
                fields = dict(zip(head.split(), row.split(), strict=True))
                yield option, int(fields[column]), {int(fields["uid"]), int(fields["cuid"])}
