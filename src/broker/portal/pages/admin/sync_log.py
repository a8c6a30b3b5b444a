"""One run of a sync: how it ended, and what it wrote to the journal of the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, render_template

from ....errors import BrokerError
from ...acts.facts import moment_of
from ...acts.host import host_acts
from ...acts.publishing import problem_of
from ..acting import person
from .blueprint import admin
from .syncs import SyncEnd

__all__ = ["SyncLogLine"]

_GRADES = {"error": "bad", "warning": "warn"}


@dataclass(frozen=True, slots=True)
class SyncLogLine:
    """A line as the page shows it; ``text`` is foreign. ``grade`` marks an error or a warning."""

    at: datetime | None
    level: str
    grade: str
    text: str
    is_systemd: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> SyncLogLine:
        """From a line of the helper's ``log``, which has all these fields."""
        level = str(row["level"])
        return cls(
            moment_of(row["at"]),
            level,
            _GRADES.get(level, ""),
            str(row["text"]),
            bool(row["is_systemd"]),
        )


@admin.get("/syncs/runs/<invocation>")
def sync_log(invocation: str) -> str:
    """The log of one that is on record, also while it runs."""
    fact = host_acts().publishing.facts("syncs")["syncs"]
    found: Mapping[str, Any] | None = None
    problem, run = problem_of(fact), None
    if not problem:
        run = next((one for one in _runs(fact) if one.invocation == invocation), None)
        if run is None:
            abort(404)
        try:
            found = host_acts().publishing.sync_log(person().email, invocation)
        except BrokerError as error:
            problem = str(error)
    return render_template(
        "admin/sync_log.html",
        run=run,
        problem=problem,
        lines=[SyncLogLine.of(row) for row in found["lines"]] if found else [],
        hidden=int(found["hidden"]) if found else 0,
        is_cut=bool(found["is_cut"]) if found else False,
    )


def _runs(fact: Mapping[str, Any] | None) -> list[SyncEnd]:
    if fact is None:
        return []
    runs = [*map(SyncEnd.of_running, fact["running"]), *map(SyncEnd.of, fact["ended"])]
    return [one for one in runs if one.invocation]
