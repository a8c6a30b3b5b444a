"""The audit log of the host, and the events of the portal, with filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request

from ....errors import BrokerError, PortalError
from ...acts.facts import moment_of
from ...acts.host import host_acts
from ...events import event_verbs, events_of
from ...look.pages import requested_begin, requested_pages
from ..acting import database
from .blueprint import admin

__all__ = ["FilterError"]

_ROWS = 50


@admin.get("/audit")
def audit() -> str | tuple[str, int]:
    """The host's log: who changed what of whom, and who pulled."""
    given = {name: request.args.get(name, "").strip()[:100] for name in _FILTERS}
    begin, status = requested_begin(_ROWS), 200
    try:
        since, until = _days(given["since"], given["until"])
        found: Mapping[str, Any] | None = host_acts().publishing.audit(
            user=given["user"],
            action=given["action"],
            since=since,
            until=until,
            skip=begin,
            count=_ROWS,
        )
        problem = ""
    except BrokerError as error:
        found, problem = None, str(error)
        status = 400 if isinstance(error, FilterError) else 200
    page = render_template(
        "admin/audit.html",
        given=given,
        chosen={name: value for name, value in given.items() if value},
        events=[{**one, "time": moment_of(one["time"])} for one in found["events"]]
        if found
        else [],
        pages=requested_pages(int(found["matches"]), _ROWS) if found else None,
        garbled=int(found["garbled"]) if found else 0,
        pending=int(found["pending"]) if found else 0,
        problem=problem,
    )
    return page, status


@admin.get("/events")
def events() -> str:
    """The portal's own: signing in, requests, tokens, acts."""
    verb = request.args.get("verb", "")[:60]
    with database().read() as session:
        found, total = events_of(session, verb=verb, skip=requested_begin(_ROWS), count=_ROWS)
        verbs = event_verbs(session)
    return render_template(
        "admin/events.html",
        events=found,
        pages=requested_pages(total, _ROWS),
        verb=verb,
        verbs=verbs,
    )


_FILTERS = ("user", "action", "since", "until")


class FilterError(PortalError):
    """What was typed into a filter is not valid: with it left out, other events would be shown."""


def _days(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    """From the begin of a day in UTC to the end of another; None without one."""
    begin, end = _day(since, "From"), _day(until, "To", days=1)
    if begin is not None and end is not None and end <= begin:
        raise FilterError(
            "the last day is before the first", where="To", expected=f"{since} or later"
        )
    return begin, end


def _day(text: str, field: str, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise FilterError(
            "this is not a day", where=field, expected="such as 2026-11-30", found=repr(text[:40])
        ) from error
