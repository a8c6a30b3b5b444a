"""Credentials and links that a store gave away, and how long each is good."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

__all__ = ["Leases"]


class Leases:
    """Which credentials stand for which prefix of keys. Safe to use from several threads."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """``now`` is the clock, in Unix seconds."""
        self.now = now
        self._lock = threading.Lock()
        self._leases: dict[str, tuple[str, float]] = {}

    def grant(self, prefix: str, seconds: float, name: str | None = None) -> str:
        """A credential for everything below a prefix; ``name`` where the provider made one."""
        name = name or secrets.token_urlsafe(24)
        with self._lock:
            self._leases[name] = (prefix, self.now() + seconds)
        return name

    def covers(self, name: str | None, key: str) -> bool:
        """Whether a credential was given for this key, whether it is still good or not."""
        with self._lock:
            prefix, _ = self._leases.get(name or "", (None, 0.0))
        return prefix is not None and key.startswith(prefix)

    def knows(self, name: str | None) -> bool:
        """Whether a credential was given for anything."""
        with self._lock:
            return name in self._leases

    def is_expired(self, name: str | None) -> bool:
        """Whether a credential that was given once is past its time."""
        with self._lock:
            _, until = self._leases.get(name or "", ("", float("inf")))
        return until <= self.now()

    def expire(self, name: str | None) -> None:
        """End a credential now, although it may still be in use."""
        with self._lock:
            if name in self._leases:
                self._leases[name] = (self._leases[name][0], 0.0)
