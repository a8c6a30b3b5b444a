"""How often one caller may ask: a bucket of tokens per uid, kept in a file that only root has."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from ...errors import LockedError
from ...files import lock, make_dir, write_atomic

__all__ = ["Limit", "take"]


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` requests at once, then one every ``seconds``."""

    burst: int = 30
    seconds: float = 2.0

    def after(self, tokens: float, passed: float) -> float:
        """How many requests are free after this time; a clock that was set back gives none."""
        return min(float(self.burst), tokens + max(0.0, passed) / self.seconds)


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
        return 0.0, 0.0  # whoever damaged it gains nothing
