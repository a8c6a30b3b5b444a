"""A pytest plugin for runs under faketime: ``-p rig.fakes.clock``.

libfaketime 0.9.10 must leave the monotonic clock alone, else waits with a limit wait for as long as
the clock is ahead; and then clock_nanosleep(2), which Python 3.11 sleeps with, fails with EINVAL.
"""

from __future__ import annotations

import select
import time


def _sleep(seconds: float, /) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
