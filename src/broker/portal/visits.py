"""When a person was here before, to show what changed since. It is kept in their browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import g, session

__all__ = ["visit_before"]

_PAUSE = timedelta(minutes=30)  # after which a page is part of another visit
_LAST, _BEFORE = "visit.last", "visit.before"


def visit_before(now: datetime) -> datetime | None:
    """The last moment of the visit before this one; None for a first visit.

    Also None for an admin who sees what another person sees: it is the admin's own browser.
    """
    if "seen_as" in g:
        return None
    last = _instant(session.get(_LAST))
    if last is not None and now - last > _PAUSE:
        session[_BEFORE] = last.isoformat()
    session[_LAST] = now.replace(microsecond=0).isoformat()
    return _instant(session.get(_BEFORE))


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
