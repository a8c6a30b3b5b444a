"""The audit log of the host, and the events of the portal, with filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request

from ....errors import BrokerError
from ...acts.facts import moment_of
from ...acts.host import host_acts
from ...events import event_verbs, events_of
from ..acting import database
from ..paging import requested_number
from .blueprint import admin

__all__: list[str] = []

_ROWS = 50


@admin.get("/audit")
def audit() -> str:
    """The host's log: who changed what of whom, and who pulled."""
    given = {name: request.args.get(name, "").strip()[:100] for name in _FILTERS}
    number = requested_number()
    try:
        found: Mapping[str, Any] = host_acts().publishing.audit(
            user=given["user"],
            action=given["action"],
            since=_day(given["since"]),
            until=_day(given["until"], days=1),
            skip=(number - 1) * _ROWS,
            count=_ROWS,
        )
        problem = ""
    except BrokerError as error:
        found, problem = {}, str(error)
    return render_template(
        "admin/audit.html",
        given=given,
        chosen={name: value for name, value in given.items() if value},
        events=[{**one, "time": moment_of(one.get("time"))} for one in found.get("events") or ()],
        total=int(found.get("matches") or 0),
        garbled=int(found.get("garbled") or 0),
        problem=problem,
        number=number,
        rows=_ROWS,
    )


@admin.get("/events")
def events() -> str:
    """The portal's own: signing in, requests, tokens, acts."""
    verb, number = request.args.get("verb", "")[:60], requested_number()
    with database().read() as session:
        found, total = events_of(session, verb=verb, skip=(number - 1) * _ROWS, count=_ROWS)
        verbs = event_verbs(session)
    return render_template(
        "admin/events.html",
        events=found,
        total=total,
        verb=verb,
        verbs=verbs,
        number=number,
        rows=_ROWS,
    )


_FILTERS = ("user", "action", "since", "until")


def _day(text: str, days: int = 0) -> datetime | None:
    """The begin of a day in UTC; None for what is not one."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
