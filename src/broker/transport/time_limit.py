"""How long one transfer may last: a client that stops keeps files that were pruned on the disk."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["TooLongError", "limit_time"]

_HOURS = 24
_SECONDS = _HOURS * 3600
_LAST_SECONDS = 60


class TooLongError(Exception):
    """The transfer lasted longer than it may."""

    def __init__(self) -> None:
        super().__init__(
            f"A transfer ends after {_HOURS} hours; start it again, and it goes on with the rest."
        )


def limit_time(seconds: int = _SECONDS) -> None:
    """Raise ``TooLongError`` in the main thread then; a minute later the process ends anyhow."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_LAST_SECONDS)
        raise TooLongError

    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
