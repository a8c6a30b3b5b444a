"""When an analyst last logged in and last pulled, by which key and from which laptops.

All of it reaches back as far as the journal does: what is not there is unknown.

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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...foreign.laptop_note import LaptopNote, parse_note
from ..records.laptops import LaptopContact, latest_contacts

__all__ = ["Activity", "parse_journal", "read_activity"]

# For a certificate sshd names the key that it was issued for in the same place.
_LOGIN = re.compile(r"Accepted \S+ for (\S+) from (?:.*? ssh2: \S+ (SHA256:[A-Za-z0-9+/]{43}))?")
_PULL = re.compile(r"\S+ pulls ")
_SSHD = frozenset({"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session"})
_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_UID,_EXE,BROKER_LAPTOP,BROKER_EXIT_CODE"
_SECONDS = 20
_MOST_LINES = 20_000
_COMMAND = ("journalctl", "--quiet", "--reverse", "--output=json", f"--output-fields={_FIELDS}")
_LOGINS = "_UID=0"
_PULLS = "--identifier=broker-transport"
_ENDS = "--identifier=broker-pull"
_MOST_ENDS = 1_000  # of one account, where all accounts together have too many
_CODE = re.compile(r"-?[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Activity:
    """Moments in UTC, or None where the journal has none.

    ``key_uses`` are the last logins by the fingerprints of keys, ``laptops`` what calls itself
    one, by the account's own word.
    """

    last_login: str | None = None
    last_sync: str | None = None
    key_uses: Mapping[str, str] = field(default_factory=dict)
    laptops: tuple[LaptopContact, ...] = ()


def read_activity(names: Mapping[int, str]) -> Mapping[str, Activity]:
    """What the journal of this host has; empty without a journal. ``names`` are by uid."""
    # A call for each: many lines of one kind push none of the other kinds out.
    logins = _lines(f"--lines={_MOST_LINES}", "--grep=^Accepted ", _LOGINS)
    pulls = _lines(f"--lines={_MOST_LINES}", _PULLS)
    ends = _lines(f"--lines={_MOST_LINES}", _ENDS)
    found = parse_journal([*logins, *pulls, *ends], names)
    is_cut = len(ends) >= _MOST_LINES
    # Nor do many lines of one account push out those of another: the others are asked for alone.
    deadline = time.monotonic() + _SECONDS
    for uid, name in names.items():
        known = found.get(name, Activity())
        if time.monotonic() < deadline:
            if known.last_login is None and len(logins) >= _MOST_LINES:
                logins += _lines("--lines=1", rf"--grep=^Accepted \S+ for {name} from ", _LOGINS)
            if known.last_sync is None and len(pulls) >= _MOST_LINES:
                pulls += _lines("--lines=1", r"--grep=^\S+ pulls ", _PULLS, f"_UID={uid}")
            if is_cut and not known.laptops:
                ends += _lines(f"--lines={_MOST_ENDS}", _ENDS, f"_UID={uid}")
    return parse_journal([*logins, *pulls, *ends], names)


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
    keys: dict[str, dict[str, str]] = {}
    ends: dict[str, list[tuple[str, int, LaptopNote | None]]] = {}
    for entry in map(json.loads, lines):
        moment = _moment(entry["__REALTIME_TIMESTAMP"])
        for name, fingerprint in _login(entry):
            logins.setdefault(name, moment)
            if fingerprint:
                keys.setdefault(name, {}).setdefault(fingerprint, moment)
        for name in _pull(entry, names):
            pulls.setdefault(name, moment)
        for name, code, note in _end(entry, names):
            ends.setdefault(name, []).append((moment, code, note))
    people = logins | pulls | dict.fromkeys(ends, "")
    return {
        name: Activity(
            logins.get(name),
            pulls.get(name),
            keys.get(name, {}),
            latest_contacts(ends.get(name, ())),
        )
        for name in people
    }


def _login(entry: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    if entry.get("_UID") == "0" and entry.get("_EXE") in _SSHD:
        found = _LOGIN.match(_message(entry))
        if found is not None:
            yield found[1], found[2]


def _pull(entry: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    ours = entry.get("SYSLOG_IDENTIFIER") == "broker-transport"
    uid = str(entry.get("_UID", ""))
    if ours and uid.isdecimal() and int(uid) in names and _PULL.match(_message(entry)):
        yield names[int(uid)]


def _end(
    entry: Mapping[str, Any], names: Mapping[int, str]
) -> Iterator[tuple[str, int, LaptopNote | None]]:
    ours = entry.get("SYSLOG_IDENTIFIER") == "broker-pull"
    uid, code = str(entry.get("_UID", "")), str(entry.get("BROKER_EXIT_CODE", ""))
    if ours and uid.isdecimal() and int(uid) in names and _CODE.fullmatch(code):
        yield names[int(uid)], int(code), parse_note(str(entry.get("BROKER_LAPTOP", "")))


def _message(entry: Mapping[str, Any]) -> str:
    """journalctl gives a text that is not UTF-8, or is missing, as something else."""
    message = entry.get("MESSAGE")
    return message if isinstance(message, str) else ""


def _moment(microseconds: str) -> str:
    return datetime.fromtimestamp(int(microseconds) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
