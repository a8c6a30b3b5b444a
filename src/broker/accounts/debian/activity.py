"""When an analyst last logged in and last pulled, as far as the journal reaches back.

Any account may write any text under any identifier (``logger -t sshd``). So the fields that
journald takes from the kernel decide: a login counts when root's own sshd reports it, and a
pull is that of the uid that reports it, whatever name its text holds.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["Activity", "parse_journal", "read_activity"]

_LOGIN = re.compile(r"Accepted \S+ for (\S+) from ")
_PULL = re.compile(r"\S+ pulls ")
_SSHD = frozenset({"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session"})
_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_UID,_EXE"
_SECONDS = 20
_MOST_LINES = 20_000
_COMMAND = ("journalctl", "--quiet", "--reverse", "--output=json", f"--output-fields={_FIELDS}")
_LOGINS = "_UID=0"
_PULLS = "--identifier=broker-transport"


@dataclass(frozen=True, slots=True)
class Activity:
    """Moments in UTC, or None where the journal has none."""

    last_login: str | None = None
    last_sync: str | None = None


def read_activity(names: Mapping[int, str]) -> Mapping[str, Activity]:
    """What the journal of this host has; empty without a journal. ``names`` are by uid."""
    # Two calls: many lines of one kind push none of the other kind out.
    logins = _lines(f"--lines={_MOST_LINES}", "--grep=^Accepted ", _LOGINS)
    pulls = _lines(f"--lines={_MOST_LINES}", _PULLS)
    found = parse_journal([*logins, *pulls], names)
    # Nor do many lines of one account push out those of another: the others are asked for alone.
    deadline = time.monotonic() + _SECONDS
    for uid, name in names.items():
        known = found.get(name, Activity())
        if time.monotonic() < deadline:
            if known.last_login is None and len(logins) >= _MOST_LINES:
                logins += _lines("--lines=1", rf"--grep=^Accepted \S+ for {name} from ", _LOGINS)
            if known.last_sync is None and len(pulls) >= _MOST_LINES:
                pulls += _lines("--lines=1", r"--grep=^\S+ pulls ", _PULLS, f"_UID={uid}")
    return parse_journal([*logins, *pulls], names)


def _lines(*chosen: str) -> list[str]:
    """What the journal has, newest first; nothing where it takes too long."""
    command = (*_COMMAND, *chosen)
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").splitlines()


def parse_journal(lines: Iterable[str], names: Mapping[int, str]) -> Mapping[str, Activity]:
    """The newest of each kind by name, from lines of JSON, each kind newest first."""
    logins: dict[str, str] = {}
    pulls: dict[str, str] = {}
    for entry in map(json.loads, lines):
        moment = _moment(entry["__REALTIME_TIMESTAMP"])
        for name in _login(entry):
            logins.setdefault(name, moment)
        for name in _pull(entry, names):
            pulls.setdefault(name, moment)
    people = logins | pulls
    return {name: Activity(logins.get(name), pulls.get(name)) for name in people}


def _login(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry.get("_UID") == "0" and entry.get("_EXE") in _SSHD:
        found = _LOGIN.match(_message(entry))
        if found is not None:
            yield found[1]


def _pull(entry: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    ours = entry.get("SYSLOG_IDENTIFIER") == "broker-transport"
    uid = str(entry.get("_UID", ""))
    if ours and uid.isdecimal() and int(uid) in names and _PULL.match(_message(entry)):
        yield names[int(uid)]


def _message(entry: Mapping[str, Any]) -> str:
    """journalctl gives a text that is not UTF-8, or is missing, as something else."""
    message = entry.get("MESSAGE")
    return message if isinstance(message, str) else ""


def _moment(microseconds: str) -> str:
    return datetime.fromtimestamp(int(microseconds) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
