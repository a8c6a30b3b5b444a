"""One transcript, line by line, without its secrets and compressed."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from ..agents.transcripts import Transcript, opened
from .secrets import without_secrets

__all__ = ["SessionCopy", "copied"]

_MOST_LINE = 8 << 20
_MOST_BYTES = 1 << 30
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=T)")


@dataclass
class SessionCopy:
    """``day`` is when it began, ``ids`` are the sessions that its lines name: it may go on one."""

    content: bytes = b""
    day: str = ""
    ids: set[str] = field(default_factory=set)


def copied(transcript: Transcript) -> SessionCopy:
    """Read it; raises ``OSError``, also for one that is too long.

    A line that is not an object of JSON, or longer than 8 MiB, is left out, and a line in its
    place says so. What stands behind the last end of a line is still being written.
    """
    made, packed = SessionCopy(), io.BytesIO()
    if transcript.size > _MOST_BYTES:
        raise OSError(f"this transcript is longer than {_MOST_BYTES >> 30} GiB: {transcript.path}")
    with (
        opened(transcript.path) as stream,
        gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as out,
    ):
        for line in _lines(stream):
            out.write(_redacted(line, made).encode() + b"\n")
    began = datetime.fromtimestamp(transcript.changed / 1e9, UTC)
    made.day = made.day or f"{began:%Y-%m-%d}"
    made.content = packed.getvalue()
    return made


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Whole lines; None for one that is too long. No more than one of them is in memory."""
    read = 0
    while line := stream.readline(_MOST_LINE):
        read += len(line)
        if read > _MOST_BYTES:
            raise OSError("this transcript grows faster than it is read")
        if line.endswith(b"\n"):
            yield line
        elif len(line) == _MOST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(_MOST_LINE)
            yield None


def _redacted(line: bytes | None, made: SessionCopy) -> str:
    if line is None:
        return _left_out(f"longer than {_MOST_LINE >> 20} MiB")
    try:
        facts = json.loads(line)
        if not isinstance(facts, dict):
            raise ValueError("a line of another kind")
        _note(facts, made)
        return json.dumps(without_secrets(facts), separators=(",", ":"))
    except (ValueError, RecursionError):
        return _left_out("it cannot be read as JSON")


def _left_out(why: str) -> str:
    return json.dumps({"type": "left-out", "why": why}, separators=(",", ":"))


def _note(facts: dict[str, Any], made: SessionCopy) -> None:
    """When it began, and whose lines these are."""
    when = facts.get("timestamp")
    if not made.day and isinstance(when, str) and (day := _DAY.match(when)):
        made.day = day[0]
    fork = facts.get("forkedFrom")
    for one in (facts, fork if isinstance(fork, dict) else {}):
        if isinstance(one.get("sessionId"), str):
            made.ids.add(one["sessionId"])
