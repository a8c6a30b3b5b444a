"""Which of the kept generations a person names by its id, a word, a day or an instant. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from ...errors import LaptopError, nearest
from .kept_generations import KEEP_MORE, KeptGeneration, KeptHistory

__all__ = ["CURRENT", "LATEST", "PREVIOUS", "generation_at", "generation_named", "moment_of"]

CURRENT, LATEST, PREVIOUS = "current", "latest", "previous"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)


def moment_of(text: str) -> datetime | None:
    """The instant that a text names; a day is its end in UTC. None for any other text."""
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        found = _INSTANT.fullmatch(text)
        if found is None:
            return None
        zone = (found["zone"] or "Z").upper()
        return datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def generation_at(generations: Sequence[KeptGeneration], moment: datetime) -> KeptGeneration | None:
    """The newest one that was made at this moment or before it."""
    made = [one for one in generations if one.created_at <= moment]
    return made[-1] if made else None


def generation_named(words: str, history: KeptHistory) -> KeptGeneration:
    """The one that a person asks for; raises ``LaptopError`` for what is not kept here."""
    generations, text = history.generations, words.strip()
    by_word = {LATEST: generations[-1], CURRENT: history.in_use, PREVIOUS: history.previous}
    by_word |= {one.id: one for one in generations}
    found = by_word.get(text)
    if found is not None:
        return found
    if text == PREVIOUS:
        raise LaptopError("no earlier generation is kept here", remedy=KEEP_MORE)
    oldest, moment = generations[0], moment_of(text)
    if moment is None:
        near = nearest(text, by_word)
        raise LaptopError(
            "no generation of this name is kept here",
            expected=f"an id, {PREVIOUS}, {LATEST}, {CURRENT}, a day such as 2026-05-01, or an "
            "instant such as 2026-05-01T12:00Z",
            found=words,
            remedy=f"Did you mean {near}?" if near else f"The oldest is {oldest.title}.",
        )
    at = generation_at(generations, moment)
    if at is None:
        raise LaptopError(
            "no generation that is kept here is so old",
            expected=f"a moment from {oldest.created_at:%Y-%m-%dT%H:%M:%SZ} on",
            found=words,
            remedy=KEEP_MORE,
        )
    return at
