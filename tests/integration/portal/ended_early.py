"""The portal, whose first worker gets the signal to end in the moment in which it begins.

The environment names the file (``ENDED_EARLY``) that gets its process id.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.benchmarks.portal.served import portal

__all__ = ["FIRST", "portal"]

FIRST = "ENDED_EARLY"
_forks: list[None] = []


def _end() -> None:
    if len(_forks) == 1:
        Path(os.environ[FIRST]).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGTERM)


if FIRST in os.environ:
    os.register_at_fork(before=lambda: _forks.append(None), after_in_child=_end)
