"""The rights of an account for a process of root's, out of reach of what runs under it."""

from __future__ import annotations

import os
from collections.abc import Sequence

__all__ = ["ENDING", "LOOKING", "assume"]

# No account's: Debian Policy reserves the uids from 65000 to 65533 (section 9.2.2). Two, so that
# what ends all that an account may signal does not end what looks as that account or another.
LOOKING, ENDING = 65533, 65532


def assume(uid: int, gid: int, groups: Sequence[int], *, real: int) -> None:
    """Give this process the rights of ``uid``, for good, with ``real`` as its real and saved uid.

    Rights follow from the effective uid, and the right to send a signal to a process from that
    process's real and saved uid: see kill(2). So processes of ``uid`` cannot stop this one.
    """
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(real, uid, real)
