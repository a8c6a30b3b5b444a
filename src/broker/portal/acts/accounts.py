"""Analysts, as the helper for accounts knows them, and what it is asked to change of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ...errors import AccountsError, LockedError
from .facts import AccountFacts

__all__ = ["AccountActs", "HostHelper"]

_KEEP_SECONDS = 5.0
_MOST_KEPT = 1_000


class HostHelper(Protocol):
    """One of the helpers, asked for a person."""

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Its answer; raises ``BrokerError`` with what it refuses, or why it does not answer."""


class AccountActs:
    """``helper_for(email)`` asks in the name of a person, for the audit log of the host.

    What the host says of an analyst is kept for 5 seconds, as the helper answers the portal only
    so often; an act forgets it, and ``fresh`` asks again. One person may act ``most`` often, so
    that others can, too. Safe for several threads.
    """

    def __init__(
        self, helper_for: Callable[[str | None], HostHelper], most: str = "20 per minute"
    ) -> None:
        self._helper_for = helper_for
        self._most = parse(most)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._kept: dict[str | None, tuple[float, tuple[AccountFacts, ...]]] = {}
        self._lock = threading.Lock()

    def analysts(self, *, fresh: bool = False) -> tuple[AccountFacts, ...]:
        """Every analyst, by name."""
        return self._list(None, fresh=fresh)

    def analyst(self, name: str | None, *, fresh: bool = False) -> AccountFacts | None:
        """The analyst of this account; None where the host has none."""
        if name is None:
            return None
        return next(iter(self._list(name, fresh=fresh)), None)

    def contact(self, behalf: str, name: str, address: str) -> list[str]:
        """The lines with which an analyst begins on a laptop; no address is the host's name."""
        answer = self._helper_for(behalf).call("contact", name=name, address=address or None)
        return [str(line) for line in answer["lines"]]

    def register(self, behalf: str, name: str, email: str, key: str) -> None:
        """A new analyst, of the class public. Raises ``AccountsError`` where the name is taken."""
        if self.analyst(name, fresh=True) is not None:
            raise AccountsError("an account of this name is there already", where=name)
        self._act(behalf, "add", name=name, email=email, keys=[key], classes=[])

    def add_key(self, behalf: str, name: str, key: str, label: str = "") -> None:
        """One more key."""
        self._act(behalf, "key-add", name=name, key=key, label=label or None)

    def rotate_key(self, behalf: str, name: str, old: str, key: str, grace: str) -> None:
        """A new key in place of ``old``, which ends after ``grace`` (``7d``; ``0m`` is at once)."""
        self._act(behalf, "key-rotate", name=name, key=key, old=[old], grace=grace)

    def revoke_key(self, behalf: str, name: str, fingerprint: str) -> None:
        """End a key at once, and the sessions that it opened."""
        self._act(behalf, "key-revoke", name=name, old=[fingerprint])

    def grant(self, behalf: str, name: str, access_class: str) -> None:
        """Let an analyst read a class."""
        self._act(behalf, "grant", name=name, classes=[access_class])

    def revoke(self, behalf: str, name: str, access_class: str) -> None:
        """No longer let an analyst read a class."""
        self._act(behalf, "revoke", name=name, classes=[access_class])

    def remove(self, behalf: str, name: str) -> None:
        """Remove the account; its home is archived."""
        self._act(behalf, "remove", name=name, home="archive")

    def certificate(self, behalf: str, name: str, fingerprint: str) -> dict[str, Any]:
        """A certificate for a key: ``certificate`` (its line), ``serial``, ``until``."""
        return self._act(behalf, "certificate", name=name, label=fingerprint)

    def _act(self, behalf: str, verb: str, **fields: Any) -> dict[str, Any]:
        if not self._limiter.hit(self._most, behalf):
            raise LockedError(
                "you change accounts too often",
                expected=f"at most {self._most}",
                remedy="Try again in a minute.",
            )
        try:
            return self._helper_for(behalf).call(verb, **fields)
        finally:
            with self._lock:
                self._kept.clear()

    def _list(self, name: str | None, *, fresh: bool) -> tuple[AccountFacts, ...]:
        now = time.monotonic()
        with self._lock:
            at, kept = self._kept.get(name, (float("-inf"), ()))
        if not fresh and now - at < _KEEP_SECONDS:
            return kept
        try:
            rows: Sequence[Any] = self._helper_for(None).call("list", name=name)["analysts"]
        except LockedError:
            if fresh or at == float("-inf"):
                raise
            return kept
        found = tuple(map(AccountFacts.of, rows))
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[name] = (now, found)
        return found
