"""How long and how often something is tried again, and what is worth it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...errors import SourceError

__all__ = ["Deadline", "PassingError", "Patience"]

T = TypeVar("T")


class PassingError(SourceError):
    """What may be over in a moment. ``retry_after`` is the server's own word, in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None, **parts: Any) -> None:
        """``parts`` are those of ``BrokerError``."""
        super().__init__(message, **parts)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Deadline:
    """When all that is done for one table has to be over."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds until then; negative after it."""
        return self.began + self.seconds - time.monotonic()


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits grow twofold from ``first`` to ``longest`` seconds, half of each left to chance."""

    attempts: int = 8
    first: float = 0.5
    longest: float = 60.0

    def insist(
        self, work: Callable[[], T], deadline: Deadline, progress: Callable[[], int] = lambda: 0
    ) -> T:
        """What ``work`` returns, as soon as it raises no ``PassingError``.

        Attempts are counted anew whenever ``progress`` grew. Raises the last error when they
        are used up, or when the deadline would be over before the next one.
        """
        attempt, before = 0, progress()
        while True:
            try:
                return work()
            except PassingError as error:
                now = progress()
                attempt, before = (1 if now > before else attempt + 1), now
                wait = self._wait(attempt, error.retry_after)
                if attempt >= self.attempts or wait > deadline.left:
                    raise
            time.sleep(wait)

    def _wait(self, attempt: int, retry_after: float | None) -> float:
        growing = min(self.longest, self.first * 2.0 ** (attempt - 1))
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
        return growing * jitter + (retry_after or 0.0)
