"""Syncs as a timeline, tables with their errors, approvals, generations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, render_template, request
from werkzeug import Response

from ....catalog.reader import read_held_keys, read_operators
from ....errors import BrokerError, CatalogError
from ....foreign.paths import is_generation
from ...acts.facts import moment_of
from ...acts.host import host_acts
from ...acts.publishing import problem_of, rows_of
from ...viewer import audience_of
from ..acting import go, noted, person, refuse, settings, typed
from .blueprint import admin
from .overview import standing_now

__all__ = ["HeldTable", "SyncEnd"]

_ENDS = {  # of RunOutcome, which the host writes
    "fine": ("good", "published"),
    "rejects": ("warn", "published without rows that did not fit"),
    "partly": ("warn", "published, not every table is up to date"),
    "failed": ("bad", "failed"),
}
_BY_HAND = "broker-run-sync-"  # units of /usr/local/bin/broker
_WAITS_AGAIN = "Otherwise it waits again."
_PROMISES = {
    "deletion": f"The next sync publishes it if exactly these rows would go. {_WAITS_AGAIN}",
    "columns": "All rows go, and the next sync publishes what the source delivers, if that has "
    f"exactly these columns. {_WAITS_AGAIN}",
    "readers": f"The next sync publishes it to exactly these readers. {_WAITS_AGAIN}",
}
_INVOCATION = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class SyncEnd:
    """How a sync ended. ``generation`` is the one that it published, empty where it did not;
    ``invocation`` is systemd's id of the run, empty where it was not started. A run of a
    ``broker sync`` that a person typed has a unit of its own."""

    began: datetime | None
    ended: datetime | None
    outcome: str
    reason: str
    generation: str
    invocation: str
    unit: str

    @classmethod
    def of(cls, row: Any) -> SyncEnd:
        """From what the host recorded of one that ended, which has all these fields."""
        generation = str(row["generation"] or "")
        return cls(
            moment_of(row["began"]),
            moment_of(row["ended"]),
            str(row["outcome"]),
            str(row["reason"]),
            generation if is_generation(generation) else "",
            _invocation(row),
            str(row["unit"]),
        )

    @classmethod
    def of_running(cls, row: Any) -> SyncEnd:
        """The same of one that runs, which has no end yet."""
        return cls(moment_of(row["began"]), None, "", "", "", _invocation(row), str(row["unit"]))

    @property
    def grade(self) -> str:
        """As the timeline marks it."""
        return _ENDS.get(self.outcome, ("warn", ""))[0]

    @property
    def words(self) -> str:
        """What that means."""
        return _ENDS.get(self.outcome, ("", self.outcome))[1]

    @property
    def is_by_hand(self) -> bool:
        """Whether a person typed it: its lines went to their terminal."""
        return self.unit.startswith(_BY_HAND)

    @property
    def command(self) -> str:
        """What shows all its lines on the host, also where several ran at once."""
        return f"sudo journalctl --output=cat _SYSTEMD_INVOCATION_ID={self.invocation}"


@dataclass(frozen=True, slots=True)
class HeldTable:
    """A table that waits. ``keys`` of rows are for who may read the table; there are none else.

    ``found`` names exactly what waits, empty where that is not known; ``rows`` would go.
    """

    id: str
    table: str
    access: str
    what: str
    found: str
    words: str
    may_read: bool
    keys: list[dict[str, Any]]
    rows: int
    approved: bool

    @property
    def promise(self) -> str:
        """What the next sync does once this is approved."""
        return _PROMISES.get(self.what, "")

    @property
    def left_out(self) -> int:
        """How many of them are not among ``keys``."""
        return max(0, self.rows - len(self.keys))


@admin.get("/syncs")
def syncs() -> str:
    """How they ended, what waits, what is wrong. ``table`` is one that was just approved."""
    is_fresh = not {"fresh", "approved"}.isdisjoint(request.args)
    facts = host_acts().publishing.facts("syncs", "held", "generations", fresh=is_fresh)
    ends = facts["syncs"] if not problem_of(facts["syncs"]) else None
    standing, catalog_problem = standing_now()
    problems = filter(None, (*map(problem_of, facts.values()), catalog_problem))
    bad = [one for one in standing.tables if not one.status.is_good] if standing else []
    ended = sorted(map(SyncEnd.of, ends["ended"]), key=_when, reverse=True) if ends else []
    running = [*map(SyncEnd.of_running, ends["running"])] if ends else []
    return render_template(
        "admin/syncs.html",
        ends=ends,
        ended=ended,
        running=[one for one in running if one.invocation],
        running_since=moment_of(ends["running_since"]) if ends else None,
        next=moment_of(ends["next"]) if ends else None,
        problems=[*dict.fromkeys(problems)],
        held_problem=problem_of(facts["held"]),
        waiting=[_held_table(row) for row in rows_of(facts["held"])],
        approved=request.args.get("approved", ""),
        bad=bad,
        standing=standing,
        syncs_problem=problem_of(facts["syncs"]),
        generations_problem=problem_of(facts["generations"]),
        generations=[_generation(row) for row in reversed([*rows_of(facts["generations"])])],
    )


@admin.get("/syncs/<generation>")
def sync(generation: str) -> str:
    """The tables with errors of the sync that published a generation."""
    if not is_generation(generation):
        abort(404)
    try:
        standing = read_operators(settings().store, generation)
    except CatalogError as error:
        return render_template("admin/sync.html", name=generation, problem=str(error), bad=[])
    bad = [one for one in standing.tables if not one.status.is_good]
    return render_template(
        "admin/sync.html", name=generation, problem="", standing=standing, bad=bad
    )


@admin.post("/syncs/run")
def run() -> Response:
    """Start one now; the page shows whether it runs."""
    try:
        with noted("sync.run") as end:
            started = host_acts().publishing.run(person().email)
            end.result = "done" if started else "running"
    except BrokerError as error:
        refuse(error)
    return go("admin.syncs", fresh="1")


@admin.post("/syncs/approve")
def approve() -> Response:
    """Approve exactly what the admin looked at; the next sync publishes it."""
    table, what, found = typed("table", 300), typed("what", 20), typed("found", 64)
    try:
        with noted("table.approve", table, detail=f"{what}: {found}"):
            host_acts().publishing.approve(person().email, table, what, found)
    except BrokerError as error:
        refuse(error)
        return go("admin.syncs", fresh="1", _anchor="held")
    return go("admin.syncs", approved=table, _anchor="held")


@admin.get("/generations/<generation>")
def generation(generation: str) -> str:
    """What going back to it means, before it is done."""
    row = _known(generation)
    try:
        readers, problem = host_acts().publishing.more_readers(generation), ""
    except BrokerError as error:
        readers, problem = [], str(error)
    return render_template(
        "admin/generation.html", one=row, readers=readers, problem=problem, name=generation
    )


@admin.post("/generations/<generation>/publish")
def roll_back(generation: str) -> Response:
    """Publish it again; the list shows which one is current then."""
    _known(generation)
    try:
        with noted("generation.roll_back", generation):
            host_acts().publishing.roll_back(person().email, generation)
    except BrokerError as error:
        refuse(error)
        return go("admin.generation", generation=generation)
    return go("admin.syncs", fresh="1", _anchor="generations")


@admin.post("/generations/<generation>/approve")
def approve_readers(generation: str) -> Response:
    """Let more people read a table in that generation."""
    _known(generation)
    table, found = typed("table", 300), typed("found", 64)
    try:
        with noted("table.approve", table, detail=f"readers in {generation}: {found}"):
            host_acts().publishing.approve(person().email, table, "readers", found, generation)
    except BrokerError as error:
        refuse(error)
    return go("admin.generation", generation=generation)


def _known(name: str) -> dict[str, Any]:
    if not is_generation(name):
        abort(404)
    fact = host_acts().publishing.facts("generations")["generations"]
    found = next((one for one in rows_of(fact) if one["generation"] == name), None)
    if found is None:
        abort(404)
    return _generation(found)


def _generation(row: Any) -> dict[str, Any]:
    """One whose manifest cannot be read has an error, and no time."""
    return {**row, "created_at": None if row["error"] else moment_of(row["created_at"])}


def _invocation(row: Any) -> str:
    found = str(row["invocation"] or "")
    return found if _INVOCATION.fullmatch(found) else ""


def _when(end: SyncEnd) -> str:
    return end.ended.isoformat() if end.ended else ""


def _held_table(row: Any) -> HeldTable:
    table, access, what, found = (str(row[name]) for name in ("table", "access", "what", "found"))
    rows = row["rows"] if what in ("deletion", "columns") else None
    may_read = audience_of(person(), host_acts().classes).sees(access)
    shows_keys = may_read and what == "deletion"
    return HeldTable(
        str(row["id"]),
        table,
        access,
        what,
        found,
        str(row["words"]),
        may_read,
        _keys(table, access, found) if shows_keys else [],
        rows or 0,
        row["approved"] is True,
    )


def _keys(table: str, access: str, found: str) -> list[dict[str, Any]]:
    """Some keys of exactly the rows that ``found`` names.

    None where the file with them cannot be read, or has those of another sync.
    """
    try:
        known = read_held_keys(settings().store, access)
    except CatalogError:
        return []
    return known.tables.get(table, []) if known.digests.get(table) == found else []
