"""Where Claude Code keeps its transcripts, and which of them began in a folder.

``projects/ENC/ID.jsonl``, with a folder for each one in which a session began: its path with ``-``
for all that is not a letter or digit, and cut after 200 of them. So two folders can share one; the
``cwd`` in the lines tells them apart.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = [
    "MOST_LETTERS",
    "SESSION_ID",
    "Transcript",
    "encoded",
    "opened",
    "projects",
    "start_of",
    "transcripts",
]

SESSION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_LETTERS = 200
_MOST_LINES = 20
_MOST_LINE = 1 << 20
if sys.platform == "win32":
    _READ = os.O_RDONLY | os.O_BINARY
else:
    _READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session as it stands: ``size`` in bytes, ``changed`` in nanoseconds since 1970."""

    id: str
    path: Path
    size: int
    changed: int


def projects(environment: Mapping[str, str]) -> Path:
    """The folder of all transcripts of a person; ``environment`` says where they keep settings."""
    own = environment.get("CLAUDE_CONFIG_DIR")
    home = environment.get("HOME") or environment.get("USERPROFILE") or "/nonexistent"
    settings = Path(own) if own else Path(home) / ".claude"
    return settings / "projects"


def encoded(root: Path) -> str:
    """A folder as the name of one with transcripts, before that is cut."""
    return re.sub("[^A-Za-z0-9]", "-", str(root))


def transcripts(root: Path, environment: Mapping[str, str]) -> list[Transcript]:
    """The sessions that began in this very folder, the one that changed last at the end.

    Links, and files that are not of a session, such as those of subagents, are not among them.
    """
    found = []
    for folder in _folders(projects(environment), encoded(root)):
        with suppress(OSError):
            found += [one for path in folder.glob("*.jsonl") for one in _of(path, root)]
    return sorted(found, key=lambda one: (one.changed, one.id))


def _folders(place: Path, name: str) -> list[Path]:
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return []
    cut = f"{name[:MOST_LETTERS]}-"
    is_long = len(name) > MOST_LETTERS
    return [
        entry
        for entry in entries
        if entry.name == name or (is_long and entry.name.startswith(cut))
        if entry.is_dir() and not entry.is_symlink()
    ]


def _of(path: Path, root: Path) -> Iterator[Transcript]:
    if SESSION_ID.fullmatch(path.stem) is None:
        return
    try:
        with opened(path) as lines:
            facts = os.fstat(lines.fileno())
            if _start(lines) == root:
                yield Transcript(path.stem, path, facts.st_size, facts.st_mtime_ns)
    except OSError:
        return


def opened(path: Path) -> IO[bytes]:
    """A plain file, opened for reading; raises ``OSError`` for a link or anything else."""
    descriptor = os.open(path, _READ)
    stream = os.fdopen(descriptor, "rb")
    is_link = sys.platform == "win32" and path.is_symlink()  # which it opens nevertheless
    if is_link or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise OSError(f"this is not a plain file: {path}")
    return stream


def start_of(transcript: Path) -> Path | None:
    """Where a session was started; nothing else is read of it. Raises ``OSError``."""
    with opened(transcript) as lines:
        return _start(lines)


def _start(lines: IO[bytes]) -> Path | None:
    for _ in range(_MOST_LINES):
        line = lines.readline(_MOST_LINE)
        if not line:
            return None
        try:
            return Path(json.loads(line)["cwd"])
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
    return None
