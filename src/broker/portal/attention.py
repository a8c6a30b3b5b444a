"""What needs a person: each a sentence with where to look, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..catalog.standing import OperatorsIndex, TableStanding
from ..foreign.shares import share
from ..manifest import Status
from .acts.facts import AccountFacts
from .acts.machine import HostParts
from .acts.publishing import problem_of
from .database.backup_note import MOST_AGE, BackupStanding
from .reading.freshness import is_late

__all__ = ["Matter", "matters_of"]

_GRADES = ("bad", "warn", "info")
_SYNC = "broker-sync.service"


@dataclass(frozen=True, slots=True)
class Matter:
    """``grade`` is bad, warn or info; ``endpoint`` the page where it is dealt with."""

    grade: str
    words: str
    endpoint: str


def matters_of(
    facts: Mapping[str, Any],
    standing: OperatorsIndex | None,
    analysts: Sequence[AccountFacts] | None,
    pending: int,
    now: datetime,
    *,
    backup: BackupStanding,
    lost: Sequence[str] = (),
) -> list[Matter]:
    """From what the host says, how the tables stand, how many requests wait, the last backup, and
    the addresses of people whose account is lost."""
    found = [
        *_requests(pending),
        *_tables(standing.tables if standing is not None else (), now),
        *_warnings(standing.warnings if standing is not None else ()),
        *_syncs(facts.get("syncs")),
        *_host(HostParts.of(facts, now)),
        *_backup(backup),
        *_accounts(analysts or ()),
        *_lost(lost),
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
    late = [one.path for one in known if one.status.is_good and is_late(one, now)]
    if late:
        yield Matter("warn", f"{_named(late)} older than promised", "admin.syncs")


def _warnings(warnings: Iterable[str]) -> Iterable[Matter]:
    for one in warnings:
        yield Matter("warn", one, "admin.syncs")


def _syncs(fact: Any) -> Iterable[Matter]:
    if not isinstance(fact, Mapping) or problem_of(fact):
        return
    for sentence in fact["problems"]:
        yield Matter("bad", str(sentence), "admin.syncs")
    if fact["failures"]:
        words = "The last sync" if fact["failures"] == 1 else f"The last {fact['failures']} syncs"
        yield Matter("bad", f"{words} failed", "admin.syncs")


def _host(host: HostParts) -> Iterable[Matter]:
    for unit in host.units or ():
        if unit.has_failed:
            where = "admin.syncs" if unit.name == _SYNC else "admin.health"
            yield Matter("bad", f"The unit {unit.name} has failed", where)
    for disk in host.disks or ():
        if disk.is_nearly_full:
            free = share(disk.bytes_free, disk.bytes)
            files = "" if disk.files_free is None else f" and room for {disk.files_free:,} files"
            words = f"{disk.path} has {free} of its space free{files}"
            yield Matter("bad", words, "admin.health")
    for one in host.certificates or ():
        if one.word:
            word = "has ended" if one.word == "ended" else one.word
            yield Matter("bad", f"The certificate {one.path} {word}", "admin.health")
    if host.proof is not None and host.proof.failed:
        yield Matter("bad", f"The proof of access is {host.proof.state}", "admin.health")
    for problem in host.problems:
        yield Matter("bad", problem, "admin.health")


def _backup(backup: BackupStanding) -> Iterable[Matter]:
    if backup.problem:
        yield Matter("bad", backup.problem, "admin.health")
    elif backup.note is None:
        yield Matter("warn", "No backup of the portal's database was made yet", "admin.health")
    elif backup.is_old:
        words = f"The last backup of the portal's database is older than {MOST_AGE.days} days"
        yield Matter("warn", words, "admin.health")


def _accounts(analysts: Iterable[AccountFacts]) -> Iterable[Matter]:
    odd = [one.name for one in analysts if one.host not in ("ok", "")]
    if odd:
        yield Matter("warn", f"Not as declared on the host: {_named(odd)}", "admin.people")


def _lost(addresses: Sequence[str]) -> Iterable[Matter]:
    if addresses:
        words = "the account of their name is not known to be theirs"
        yield Matter("warn", f"{_named(addresses)}: {words}", "admin.people")


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"
