"""What needs a person: each a sentence with where to look, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..catalog.standing import OperatorsIndex, TableStanding
from ..manifest import Status
from .acts.facts import AccountFacts, moment_of
from .acts.publishing import problem_of, rows_of

__all__ = ["Matter", "matters_of"]

_FEW_BYTES = 0.1  # of a disk, under which a person should make room
_SOON = timedelta(days=14)
_GRADES = ("bad", "warn", "info")


@dataclass(frozen=True, slots=True)
class Matter:
    """``grade`` is bad, warn or info; ``endpoint`` the page where it is dealt with."""

    grade: str
    words: str
    endpoint: str


def matters_of(
    facts: Mapping[str, Any],
    standing: OperatorsIndex | None,
    analysts: Sequence[AccountFacts],
    pending: int,
    now: datetime,
) -> list[Matter]:
    """From what the host says, how the tables stand, and how many requests wait."""
    found = [
        *_requests(pending),
        *_tables(standing.tables if standing is not None else (), now),
        *_warnings(standing.warnings if standing is not None else ()),
        *_syncs(facts.get("syncs")),
        *_units(rows_of(facts.get("units"))),
        *_disks(rows_of(facts.get("disks"))),
        *_certificates(rows_of(facts.get("certificates")), now),
        *_proof(facts.get("proof")),
        *_accounts(analysts),
        *_unknown(facts),
    ]
    return sorted(found, key=lambda one: _GRADES.index(one.grade))


def _requests(pending: int) -> Iterable[Matter]:
    if pending:
        words = "1 request" if pending == 1 else f"{pending:,} requests"
        yield Matter("warn", f"{words} for access without a decision", "admin.requests")


def _tables(tables: Iterable[TableStanding], now: datetime) -> Iterable[Matter]:
    known = list(tables)
    held_back = [one.path for one in known if one.status is Status.HELD]
    failed = [one.path for one in known if not one.status.is_good and one.status is not Status.HELD]
    if held_back:
        yield Matter("warn", f"{_named(held_back)} held back, waiting for approval", "admin.syncs")
    if failed:
        yield Matter("bad", f"{_named(failed)} not loaded at the last sync", "admin.syncs")
    late = [one.path for one in known if one.status.is_good and _is_late(one, now)]
    if late:
        yield Matter("warn", f"{_named(late)} older than promised", "admin.syncs")


def _is_late(table: TableStanding, now: datetime) -> bool:
    promise, since = table.freshness_seconds, table.as_of
    return promise is not None and since is not None and (now - since).total_seconds() > promise


def _warnings(warnings: Iterable[str]) -> Iterable[Matter]:
    for one in warnings:
        yield Matter("warn", one, "admin.syncs")


def _syncs(fact: Any) -> Iterable[Matter]:
    if not isinstance(fact, Mapping) or problem_of(fact):
        return
    for sentence in fact.get("problems") or ():
        yield Matter("bad", str(sentence), "admin.syncs")
    if fact.get("failures"):
        words = "The last sync" if fact["failures"] == 1 else f"The last {fact['failures']} syncs"
        yield Matter("bad", f"{words} failed", "admin.syncs")


def _units(rows: Iterable[Mapping[str, Any]]) -> Iterable[Matter]:
    for one in rows:
        if one.get("active") == "failed":
            yield Matter("bad", f"The unit {one.get('unit')} has failed", "admin.health")


def _disks(rows: Iterable[Mapping[str, Any]]) -> Iterable[Matter]:
    for one in rows:
        whole, free = int(one.get("bytes") or 0), int(one.get("bytes_free") or 0)
        if whole and free / whole < _FEW_BYTES:
            share = f"{free / whole:.0%}"
            yield Matter("bad", f"{one.get('path')} has {share} of its space free", "admin.health")


def _certificates(rows: Iterable[Mapping[str, Any]], now: datetime) -> Iterable[Matter]:
    for one in rows:
        until = moment_of(one.get("until"))
        if until is not None and until - now < _SOON:
            word = "has ended" if until <= now else "ends soon"
            yield Matter("bad", f"The certificate {one.get('path')} {word}", "admin.health")


def _proof(fact: Any) -> Iterable[Matter]:
    if isinstance(fact, Mapping) and fact.get("failed"):
        words = f"The proof of access is {fact.get('state') or 'unknown'}"
        yield Matter("bad", words, "admin.health")


def _accounts(analysts: Iterable[AccountFacts]) -> Iterable[Matter]:
    odd = [one.name for one in analysts if one.host not in ("ok", "")]
    if odd:
        yield Matter("warn", f"Not as declared on the host: {_named(odd)}", "admin.people")


def _unknown(facts: Mapping[str, Any]) -> Iterable[Matter]:
    problems = dict.fromkeys(filter(None, map(problem_of, facts.values())))
    for problem in problems:
        yield Matter("bad", problem, "admin.health")


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"
