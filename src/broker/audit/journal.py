"""Events as entries of the journal, with a field each. Protocol: systemd's
JOURNAL_NATIVE_PROTOCOL; the journal adds the sender (``_UID``, ``_PID``), who cannot forge it.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..foreign.text import shown
from .event import Event

__all__ = ["encode", "send", "write_journal"]

_SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "broker-audit"
_NOTICE, _WARNING = "5", "4"


def send(event: Event) -> None:
    """Write to the journal; nothing where none runs, since the file has it already."""
    with suppress(OSError):
        write_journal(_fields(event))


def write_journal(fields: Mapping[str, str], path: Path = _SOCKET) -> None:
    """Write one entry. Raises ``OSError``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as journal:
        journal.sendto(encode(fields), os.fspath(path))


def encode(fields: Mapping[str, str]) -> bytes:
    """Every value with its length, and safe to show; no line break can begin a field of its own."""
    parts = []
    for name, value in fields.items():
        content = shown(value).encode()
        parts.append(name.encode() + b"\n" + len(content).to_bytes(8, "little") + content + b"\n")
    return b"".join(parts)


def _fields(event: Event) -> dict[str, str]:
    about = f" {event.subject}" if event.subject else ""
    return {
        "MESSAGE": f"{event.action}{about}: {event.result}, by {event.actor}",
        "PRIORITY": _NOTICE if event.result in ("begun", "done") else _WARNING,
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "BROKER_ACTION": event.action,
        "BROKER_SUBJECT": event.subject or "",
        "BROKER_RESULT": event.result,
        "BROKER_ACT": event.act or "",
        "BROKER_ACTOR": str(event.actor),
        "BROKER_ACTOR_UID": str(event.actor.uid),
        "BROKER_DETAIL": json.dumps(dict(event.detail))[:4096],
    }
