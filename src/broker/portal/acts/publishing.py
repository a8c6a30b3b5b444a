"""Publishing, as its helper lets admins of the portal act on it and look at the host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from ...errors import BrokerError
from .accounts import HostHelper

__all__ = ["PublishingActs", "problem_of", "rows_of"]

_KEEP_SECONDS = 5.0


class PublishingActs:
    """``helper_for(email)`` asks in the name of an admin, for the audit log of the host.

    Facts are kept for 5 seconds, an act forgets them. Safe for several threads.
    """

    def __init__(self, helper_for: Callable[[str | None], HostHelper]) -> None:
        self._helper_for = helper_for
        self._kept: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def run(self, behalf: str) -> bool:
        """Start a sync; False where one was on its way. Raises ``BrokerError``."""
        return bool(self._act(behalf, "run")["started"])

    def approve(
        self, behalf: str, table: str, what: str, found: str, generation: str | None = None
    ) -> None:
        """Let a held table be published; ``found`` is what the admin looked at."""
        more = {} if generation is None else {"generation": generation}
        self._act(behalf, "approve", table=table, what=what, found=found, **more)

    def roll_back(self, behalf: str, generation: str) -> None:
        """Publish an older generation again."""
        self._act(behalf, "rollback", generation=generation)

    def facts(self, *parts: str, fresh: bool = False) -> dict[str, Any]:
        """What the host says of itself, a value per part.

        A part that cannot be known is ``{"problem": sentence}``; so is each where the helper
        does not answer: a page shows the rest all the same.
        """
        now = time.monotonic()
        with self._lock:
            kept = {
                part: value
                for part, (at, value) in self._kept.items()
                if not fresh and now - at < _KEEP_SECONDS
            }
        missing = [part for part in parts if part not in kept]
        if not missing:
            return {part: kept[part] for part in parts}
        try:
            found = self._helper_for(None).call("facts", parts=missing)
        except BrokerError as error:
            return {part: kept.get(part, {"problem": str(error)}) for part in parts}
        with self._lock:
            self._kept |= {part: (now, found[part]) for part in missing}
        return {part: kept[part] if part in kept else found[part] for part in parts}

    def more_readers(self, generation: str) -> list[Mapping[str, Any]]:
        """The tables that more people could read if this generation were published again.

        Raises ``BrokerError``, also where the host does not know.
        """
        answer = self._helper_for(None).call(
            "facts", parts=["more_readers"], generation=generation
        )["more_readers"]
        if problem := problem_of(answer):
            raise BrokerError(problem)
        return [*rows_of(answer)]

    def audit(
        self,
        *,
        user: str = "",
        action: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        skip: int = 0,
        count: int = 50,
    ) -> Mapping[str, Any]:
        """A page of the audit log: ``events`` newest first, how many match, what is garbled.

        Raises ``BrokerError``.
        """
        given = {
            "user": user or None,
            "action": action or None,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "skip": str(skip),
            "count": str(count),
        }
        return self._helper_for(None).call("audit", **given)

    def sync_log(self, behalf: str, invocation: str) -> Mapping[str, Any]:
        """What a sync wrote to the journal: its ``lines``, how many are ``hidden``, whether older
        ones are left out (``is_cut``). Raises ``BrokerError``.
        """
        return self._helper_for(behalf).call("log", invocation=invocation)

    def _act(self, behalf: str, verb: str, **fields: Any) -> dict[str, Any]:
        try:
            return self._helper_for(behalf).call(verb, **fields)
        finally:
            with self._lock:
                self._kept.clear()


def problem_of(fact: Any) -> str:
    """Why a part of the facts is not known; empty where it is, also with ``problem: null``."""
    found = fact.get("problem") if isinstance(fact, Mapping) else None
    return "" if found is None else str(found)


def rows_of(fact: Any) -> Iterable[Mapping[str, Any]]:
    """The rows of a part that is a list; none where it is not known."""
    return fact if isinstance(fact, list) else ()
