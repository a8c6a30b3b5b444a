"""Who pulled which generation, and how much of it.

The command that serves an analyst runs with the analyst's own rights, so whatever it writes the
analyst could write, too. It therefore says nothing of who it is: the journal takes that from the
kernel. An analyst can invent pulls of their own, and no pull of another account.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..classes import FIRST_PERSON_UID
from ..errors import BrokerError
from ..files import write_when_full
from ..foreign.laptop_note import parse_note
from ..foreign.paths import is_generation
from ..foreign.text import shown
from ..hostpaths import AUDIT_LOG, PULLS_CURSOR
from .actor import Actor, current_actor, name_of
from .event import Event
from .journal import write_journal
from .log import append

__all__ = [
    "MOST_PULLS",
    "Collected",
    "Transfer",
    "collect",
    "note_pull",
]

MOST_PULLS = 1_000  # of one account in one collection
_IDENTIFIER = "broker-pull"
_NUMBERS = {
    "sent_bytes": "BROKER_SENT_BYTES",
    "received_bytes": "BROKER_RECEIVED_BYTES",
    "code": "BROKER_EXIT_CODE",
}
_KEPT = ("_UID", "BROKER_GENERATION", "BROKER_PATH", "BROKER_LAPTOP", *_NUMBERS.values())
_FIELDS = f"--output-fields={','.join(_KEPT)}"
_SHOWN = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes over the wire as the server counts them; ``code`` is rsync's own exit code."""

    sent_bytes: int
    received_bytes: int
    code: int = 0


def note_pull(generation: str, path: str, transfer: Transfer, laptop: str = "") -> None:
    """Write one transfer to the journal, as its own account; nothing where there is no journal.

    ``generation`` is the id that the view belongs to, ``path`` what was asked for, ``laptop`` what
    the client says of the folder that it is for (``foreign.laptop_note``).
    """
    requested = shown(path, 200)
    numbers = {field: str(getattr(transfer, name)) for name, field in _NUMBERS.items()}
    with suppress(OSError):
        write_journal(
            {
                "MESSAGE": f"pulled {requested} of {generation}: {transfer.sent_bytes} bytes",
                "PRIORITY": "6",
                "SYSLOG_IDENTIFIER": _IDENTIFIER,
                "BROKER_GENERATION": generation,
                "BROKER_PATH": requested,
                "BROKER_LAPTOP": laptop if parse_note(laptop) is not None else "",
                **numbers,
            }
        )


@dataclass(frozen=True, slots=True)
class Collected:
    """``pulls`` counts what was new; ``problem`` is one sentence where the journal lost some."""

    pulls: int
    problem: str | None = None


def collect(log: Path = AUDIT_LOG, cursor: Path = PULLS_CURSOR) -> Collected:
    """Bring what the journal holds of pulls into the log.

    The journal drops its oldest entries as new ones come, and a user with a shell can write many.
    So ``cursor`` names the newest entry of all at the last collection: where that is gone, pulls
    may be gone, too, and the log says so. What is collected twice has the same ``act`` and is
    read once.
    """
    known = cursor.read_text().strip() if cursor.exists() else None
    newest = next(_journal("--lines=1"), None)
    lost = _lost_since(known) if known else None
    # Not --after-cursor: systemd 252 (Debian 12) then skips the first entry that is chosen.
    since = [f"--cursor={known}"] if known else []
    entries = _journal(f"--identifier={_IDENTIFIER}", *since)
    events = list(_bounded(entry for entry in entries if entry["__CURSOR"] != known))
    if lost or events:
        append([*([lost] if lost else []), *events], log)
    problem = lost.detail["problem"] if lost else None
    if newest is not None:
        try:
            write_when_full(cursor, f"{newest['__CURSOR']}\n", mode=0o600)
        except OSError as error:
            problem = f"pulls will be collected twice: {cursor} cannot be written: {error.strerror}"
    return Collected(len(events), problem)


def _lost_since(known: str) -> Event | None:
    """An event where the journal does not hold the entry of this cursor any more."""
    there = next(_journal(f"--cursor={known}", "--lines=1"), None)
    if there is not None and there["__CURSOR"] == known:
        return None
    since = re.search(r"\bt=([0-9a-f]{1,16})\b", known)
    of = f" of {_instant(int(since[1], 16)):{_SHOWN}}" if since else ""
    until = f", up to {_instant(int(there['__REALTIME_TIMESTAMP'])):{_SHOWN}}" if there else ""
    problem = f"pulls may be missing: the journal does not hold its entries{of}{until} any more"
    return Event(datetime.now(UTC), "pull", current_actor(), None, "failed", None, _about(problem))


def _bounded(entries: Iterable[dict[str, Any]]) -> Iterator[Event]:
    """So many of each account, then one for the others: the file may only grow."""
    seen = Counter[int]()
    more: dict[int, Event] = {}
    for entry in entries:
        event = parse_pull(entry)
        uid = event.actor.uid
        seen[uid] += 1
        if seen[uid] <= MOST_PULLS:
            yield event
        else:
            more[uid] = event
    for uid, last in more.items():
        problem = f"{seen[uid] - MOST_PULLS:,} more entries of this account are left out"
        yield replace(last, result="refused", detail=_about(problem))


def _about(problem: str) -> dict[str, Any]:
    return {"problem": problem}


def parse_pull(entry: dict[str, Any]) -> Event:
    """An event of one entry of the journal; a forged or broken one is kept and marked as such."""
    uid = int(entry.get("_UID", -1))
    actor = Actor(uid, name_of(uid), "session")
    act = hashlib.sha256(str(entry["__CURSOR"]).encode()).hexdigest()[:16]
    at = _instant(int(entry["__REALTIME_TIMESTAMP"]))
    detail: dict[str, Any] = {"path": str(entry.get("BROKER_PATH", ""))[:200]}
    generation = str(entry.get("BROKER_GENERATION", ""))
    numbers = {name: str(entry.get(field, "")) for name, field in _NUMBERS.items()}
    whole = all(re.fullmatch(r"-?\d{1,18}", value) for value in numbers.values())
    if uid < FIRST_PERSON_UID or not whole or not is_generation(generation):
        detail["problem"] = "this is not an entry that the broker's own transport writes"
        return Event(at, "pull", actor, actor.name, "refused", act, detail)
    note = parse_note(str(entry.get("BROKER_LAPTOP", "")))
    if note is not None:
        detail["laptop"] = note.name
    detail |= {"generation": generation, **{name: int(v) for name, v in numbers.items()}}
    result = "failed" if detail["code"] else "done"
    return Event(at, "pull", actor, actor.name, result, act, detail)  # type: ignore[arg-type]


def _instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _journal(*chosen: str) -> Iterator[dict[str, Any]]:
    """Entries one by one; a field beyond some KiB is left out, whatever an account wrote in it."""
    line = ["journalctl", "--quiet", "--no-pager", "--output=json", _FIELDS, *chosen]
    with os.fdopen(os.memfd_create("errors"), "w+b") as errors:
        try:
            with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors) as running:
                for text in running.stdout or ():
                    yield json.loads(text)
        except OSError as error:
            raise _unreadable(str(error)) from error
        if running.returncode > 0:
            errors.seek(0)
            raise _unreadable(errors.read(200).decode(errors="replace"))


def _unreadable(found: str) -> BrokerError:
    return BrokerError(
        "the journal cannot be read, so the newest pulls are missing",
        found=found,
        remedy="Look at: systemctl status systemd-journald.",
    )
