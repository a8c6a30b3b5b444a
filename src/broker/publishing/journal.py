"""What one run of a sync wrote to the journal, as far as admins of the portal read it.

A sync writes lines of the forms below, in which no secret stands and no value of a row: shapes of
values and places of rows at most. Any other line is of a crash or of another program of the unit,
and may have either, so it is counted and not shown. Lines of systemd about the run are shown.
Which line is of which run is journald's word, by fields that no process of the unit writes.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import BrokerError

__all__ = ["MOST_LINES", "JournalLine", "RunLog", "parse_run_log", "read_run_log"]

MOST_LINES = 500
_MOST_BYTES = 64_000
_SECONDS = 20
# A field of more than 4 kB comes as null, so what is read is bounded.
_FIELDS = "MESSAGE,PRIORITY,_PID,_TRANSPORT"
_COMMAND = (
    *("journalctl", "--quiet", "--no-pager", "--output=json", f"--output-fields={_FIELDS}"),
    *("--reverse", f"--lines={MOST_LINES}"),
)
# Of `cli.progress`, of a run that ended or was refused, and of its warnings.
_FORMS = re.compile(
    r"(?:(?P<level>INFO|WARNING|ERROR) (?=table=)|(?P<refused>broker: )|(?P<warned>warning: )"
    r"|(?=generation [0-9TZa-f-]+, ))(?P<text>.*)",
    re.DOTALL,
)
_LEVELS = {"INFO": "info", "WARNING": "warning", "ERROR": "error"}
_SYSTEMD = "1"


@dataclass(frozen=True, slots=True)
class JournalLine:
    """``level`` is info, warning or error; ``text`` is foreign. ``is_systemd``: it is about the
    run, and not of it."""

    at: datetime
    level: str
    text: str
    is_systemd: bool


@dataclass(frozen=True, slots=True)
class RunLog:
    """The newest ``lines``, oldest first; ``is_cut`` says that there may be older ones.

    ``hidden`` is how many of the newest are not shown, since they are of no known form.
    """

    lines: tuple[JournalLine, ...]
    hidden: int
    is_cut: bool

    def facts(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        lines = [{**asdict(one), "at": one.at.isoformat()} for one in self.lines]
        return {"lines": lines, "hidden": self.hidden, "is_cut": self.is_cut}


def read_run_log(unit: str, invocation: str) -> RunLog:
    """What the journal of this host has of one run. Raises ``BrokerError``."""
    own = (f"_SYSTEMD_INVOCATION_ID={invocation}", f"_SYSTEMD_UNIT={unit}")
    about = (f"_PID={_SYSTEMD}", f"INVOCATION_ID={invocation}", f"UNIT={unit}")
    command = (*_COMMAND, *own, "+", *about)
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
        lines = done.stdout.decode(errors="replace").split("\n")  # no other break ends an entry
        return parse_run_log(filter(None, lines))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise BrokerError(
            "the journal of the host cannot be read",
            where="journalctl",
            found=type(error).__name__,
            remedy="Look at: systemctl status systemd-journald.",
        ) from error


def parse_run_log(lines: Iterable[str]) -> RunLog:
    """From lines of JSON, newest first. Raises ``ValueError`` or ``KeyError``."""
    shown: list[JournalLine] = []
    count = hidden = size = 0
    for entry in map(json.loads, lines):
        count += 1
        line = _line(entry)
        if line is None:
            hidden += 1
            continue
        size += len(line.text.encode(errors="replace"))
        if size > _MOST_BYTES:
            return RunLog((*reversed(shown),), hidden, is_cut=True)
        shown.append(line)
    return RunLog((*reversed(shown),), hidden, is_cut=count >= MOST_LINES)


def _line(entry: Mapping[str, Any]) -> JournalLine | None:
    text = entry.get("MESSAGE")
    if not isinstance(text, str):  # too long, or not UTF-8
        return None
    at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    if entry.get("_PID") == _SYSTEMD:
        return JournalLine(at, _level_of(entry), text, is_systemd=True)
    found = _FORMS.fullmatch(text)
    if found is None or entry.get("_TRANSPORT") != "stdout":
        return None
    level = "error" if found["refused"] else "warning" if found["warned"] else "info"
    return JournalLine(at, _LEVELS.get(found["level"], level), found["text"], is_systemd=False)


def _level_of(entry: Mapping[str, Any]) -> str:
    """Of a line of systemd, by its priority: see syslog(3)."""
    priority = str(entry.get("PRIORITY"))
    return "error" if priority in "0123" else "warning" if priority == "4" else "info"
