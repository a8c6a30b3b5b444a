"""What one caller may ask for: a bucket of tokens per uid, and some connections at a time.

Both are kept in files that only root has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import LockedError
from ..files import lock, make_dir, write_atomic

__all__ = ["Limit", "connected", "take"]


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` requests at once, then one every ``seconds``; ``connections`` at a time."""

    burst: int = 30
    seconds: float = 2.0
    connections: int = 8

    def after(self, tokens: float, passed: float) -> float:
        """How many requests are free after this time; a clock that was set back gives none."""
        return min(float(self.burst), tokens + max(0.0, passed) / self.seconds)


@contextmanager
def connected(folder: Path, uid: int, limit: Limit) -> Iterator[None]:
    """Hold one of this caller's connections. Raises ``LockedError`` when all of them are open.

    Each is a lock that the kernel drops when the process ends, however it ends.
    """
    make_dir(folder, mode=0o700)
    with ExitStack() as stack:
        for number in range(limit.connections):
            place = folder / f"{uid}.connection{number}.lock"
            with suppress(LockedError):
                stack.enter_context(lock(place, purpose="asking for changes", wait_seconds=0))
                break
        else:
            raise LockedError(
                "this account has too many connections open",
                where=f"uid {uid}",
                expected=f"at most {limit.connections} at a time",
                remedy="Close those that wait, then try again.",
            )
        yield


def take(folder: Path, uid: int, limit: Limit, now: float | None = None) -> None:
    """Take one token of this caller. Raises ``LockedError`` when there is none left.

    ``now`` is the time since boot: the folder is in ``/run`` and goes with it.
    """
    moment = time.monotonic() if now is None else now
    make_dir(folder, mode=0o700)
    path = folder / str(uid)
    with lock(folder / f"{uid}.lock", purpose="asking for changes", wait_seconds=5):
        tokens = limit.after(*_kept(path, float(limit.burst), moment))
        left = tokens - 1 if tokens >= 1 else tokens
        write_atomic(path, json.dumps([left, moment]), mode=0o600)
    if tokens < 1:
        raise LockedError(
            "this account asks too often",
            where=f"uid {uid}",
            expected=f"{limit.burst} requests, then one every {limit.seconds:g} s",
            remedy="Try again a little later.",
        )


def _kept(path: Path, full: float, moment: float) -> tuple[float, float]:
    """Tokens, and the seconds since they were counted."""
    try:
        tokens, at = json.loads(path.read_bytes())
        return float(tokens), moment - float(at)
    except FileNotFoundError:
        return full, 0.0
    except (ValueError, TypeError):
        return 0.0, 0.0  # a damaged file gains nothing
