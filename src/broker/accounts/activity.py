"""When somebody last logged in and last pulled, as far as the journal reaches back."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Activity", "parse_journal", "read_activity"]

_LOGIN = re.compile(r"Accepted \S+ for (\S+) from ")
_SYNC = re.compile(r"(\S+) pulls ")
_SECONDS = 20
_COMMAND = (
    *("journalctl", "--quiet", "--reverse", "--output=json", "--lines=20000"),
    "--output-fields=MESSAGE,SYSLOG_IDENTIFIER",
    *("--identifier=sshd", "--identifier=sshd-session", "--identifier=broker-transport"),
    "--grep=^Accepted | pulls ",
)


@dataclass(frozen=True, slots=True)
class Activity:
    """Moments in UTC, or None where the journal tells of none."""

    last_login: str | None = None
    last_sync: str | None = None


def read_activity() -> Mapping[str, Activity]:
    """What the journal of this host tells; nothing where there is none."""
    try:
        done = subprocess.run(_COMMAND, check=False, capture_output=True, timeout=_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return {}
    return parse_journal(done.stdout.decode(errors="replace").splitlines())


def parse_journal(lines: Iterable[str]) -> Mapping[str, Activity]:
    """The newest of each kind by name, from lines of JSON, newest first."""
    logins: dict[str, str] = {}
    syncs: dict[str, str] = {}
    for line in lines:
        entry = json.loads(line)
        message, moment = entry.get("MESSAGE"), _moment(entry["__REALTIME_TIMESTAMP"])
        ours = entry.get("SYSLOG_IDENTIFIER") == "broker-transport"
        found = (_SYNC if ours else _LOGIN).match(message) if isinstance(message, str) else None
        if found is not None:
            (syncs if ours else logins).setdefault(found[1], moment)
    return {name: Activity(logins.get(name), syncs.get(name)) for name in logins | syncs}


def _moment(microseconds: str) -> str:
    return datetime.fromtimestamp(int(microseconds) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
