"""Who pulled which generation, and how much of it.

The command that serves an analyst runs with the analyst's own rights, so whatever it writes the
analyst could write, too. It therefore says nothing of who it is: the journal takes that from the
kernel. An analyst can invent pulls of their own, and no pull of anybody else.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import BrokerError
from ..files import write_atomic
from ..foreign.text import shown
from .actor import Actor, name_of
from .event import Event
from .journal import write_journal
from .log import LOG, append

__all__ = ["CURSOR", "Transfer", "collect", "note_pull", "parse_transfer"]

CURSOR = Path("/var/lib/data-broker/pulls.cursor")
_IDENTIFIER = "broker-pull"
_GENERATION = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{4}")
_SENT = re.compile(r"sent ([\d,]+) bytes\s+received ([\d,]+) bytes")
_NUMBERS = {
    "sent_bytes": "BROKER_SENT_BYTES",
    "received_bytes": "BROKER_RECEIVED_BYTES",
    "code": "BROKER_EXIT_CODE",
}
_FIRST_PERSON = 1000  # Debian's UID_MIN; lower ones are the system's


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes over the wire as the server counts them; ``code`` is rsync's own exit code."""

    sent_bytes: int
    received_bytes: int
    code: int = 0


def parse_transfer(rsync_log: str, code: int = 0) -> Transfer:
    """What the last line of rsync's ``--log-file`` counts; nothing where it was cut off."""
    found = _SENT.findall(rsync_log)
    sent, received = found[-1] if found else ("0", "0")
    return Transfer(int(sent.replace(",", "")), int(received.replace(",", "")), code)


def note_pull(generation: str, path: str, transfer: Transfer) -> None:
    """Tell the journal of one transfer, as whoever made it. Silent where there is no journal.

    ``generation`` is the id that the view belongs to, ``path`` what was asked for.
    """
    asked = shown(path, 200)
    numbers = {field: str(getattr(transfer, name)) for name, field in _NUMBERS.items()}
    with suppress(OSError):
        write_journal(
            {
                "MESSAGE": f"pulled {asked} of {generation}: {transfer.sent_bytes} bytes",
                "PRIORITY": "6",
                "SYSLOG_IDENTIFIER": _IDENTIFIER,
                "BROKER_GENERATION": generation,
                "BROKER_PATH": asked,
                **numbers,
            }
        )


def collect(log: Path = LOG, cursor: Path = CURSOR) -> int:
    """Bring what the journal holds of pulls into the log; returns how many were new.

    What a crash lets us collect twice has the same ``act`` and is read once.
    """
    known = cursor.read_text().strip() if cursor.exists() else None
    entries = list(_journal(known))
    if entries:
        append([parse_pull(entry) for entry in entries], log)
        write_atomic(cursor, f"{entries[-1]['__CURSOR']}\n", mode=0o600)
    return len(entries)


def parse_pull(entry: dict[str, Any]) -> Event:
    """An event of one entry of the journal; a forged or broken one is kept and told as such."""
    uid = int(entry.get("_UID", -1))
    actor = Actor(uid, name_of(uid), "session")
    act = hashlib.sha256(str(entry["__CURSOR"]).encode()).hexdigest()[:16]
    at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    detail: dict[str, Any] = {"path": str(entry.get("BROKER_PATH", ""))[:200]}
    generation = str(entry.get("BROKER_GENERATION", ""))
    numbers = {name: str(entry.get(field, "")) for name, field in _NUMBERS.items()}
    whole = all(re.fullmatch(r"-?\d{1,18}", value) for value in numbers.values())
    if uid < _FIRST_PERSON or not whole or not _GENERATION.fullmatch(generation):
        detail["problem"] = "this is no entry that the broker's own transport writes"
        return Event(at, "pull", actor, actor.name, "refused", act, detail)
    detail |= {"generation": generation, **{name: int(v) for name, v in numbers.items()}}
    result = "failed" if detail["code"] else "done"
    return Event(at, "pull", actor, actor.name, result, act, detail)  # type: ignore[arg-type]


def _journal(after: str | None) -> Iterator[dict[str, Any]]:
    line = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json"]
    line += [f"--identifier={_IDENTIFIER}"]
    line += [f"--after-cursor={after}"] if after else []
    try:
        done = subprocess.run(line, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BrokerError(
            "the journal cannot be read, so the newest pulls are missing",
            found=str(getattr(error, "stderr", None) or error)[:200],
            remedy="Look at: systemctl status systemd-journald.",
        ) from error
    for text in done.stdout.splitlines():
        yield json.loads(text)
