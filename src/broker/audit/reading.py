"""Reading the log back, rotated parts first. Lines that cannot be read are reported."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import BrokerError
from .event import Event, parse_event
from .log import READERS
from .pending import pending_of
from .recording import END

__all__ = ["History", "read_log"]

_ROTATED = re.compile(r"\.(\d+)(\.gz)?")


@dataclass(frozen=True, slots=True)
class _Garbled:
    """A line that the broker did not write, or not to its end."""

    where: str
    problem: str


@dataclass(frozen=True, slots=True)
class History:
    """Events in the order in which they were written, and the lines that are not events.

    An act has its end in its ``result``; one that is still ``begun`` was interrupted, or goes on.
    ``pending`` is the number of lines among them that are not yet in the file.
    """

    events: tuple[Event, ...]
    garbled: tuple[_Garbled, ...]
    pending: int = 0


def read_log(log: Path) -> History:
    """Everything that is kept. Raises ``BrokerError`` where the reader may not read it."""
    events, garbled, pending = list[Event](), list[_Garbled](), 0
    try:
        for where, line in _lines(log):
            pending += where.startswith(f"{pending_of(log).name}:")
            try:
                events.append(parse_event(line))
            except ValueError as error:
                garbled.append(_Garbled(where, str(error)[:200]))
    except PermissionError as error:
        raise BrokerError(
            "you may not read the audit log",
            where=str(error.filename),
            remedy=f"Run this as root, or as a member of {READERS}.",
        ) from error
    return History(tuple(_named(_ended(events))), tuple(garbled), pending)


def _lines(log: Path) -> Iterator[tuple[str, str]]:
    for path in _files(log):
        opened = gzip.open if path.suffix == ".gz" else open
        try:
            with opened(path, "rb") as stream:
                for number, line in enumerate(stream, start=1):
                    yield f"{path.name}:{number}", line.decode("utf-8", "replace").rstrip("\n")
        except (EOFError, gzip.BadGzipFile) as error:
            yield f"{path.name}", f"not whole: {error}"


def _files(log: Path) -> list[Path]:
    """Oldest first: logrotate numbers upwards into the past; pending lines come last."""
    numbered = [
        (int(found[1]), path)
        for path in log.parent.glob(f"{log.name}.*")
        if (found := _ROTATED.fullmatch(path.name.removeprefix(log.name)))
    ]
    log.parent.stat()  # a folder that may not be entered looks empty to glob
    kept = [path for _, path in sorted(numbered, reverse=True)]
    return [*kept, *(path for path in (log, pending_of(log)) if path.exists())]


def _ended(events: Iterable[Event]) -> Iterator[Event]:
    """Each act with the result of its end; duplicates are removed."""
    every = list(events)
    ends = {event.act: event for event in every if event.action == END}
    seen = set[tuple[object, ...]]()
    for event in every:
        key = (event.act, event.action, event.subject)
        if event.action == END or (event.act is not None and key in seen):
            continue
        seen.add(key)
        end = ends.get(event.act) if event.act else None
        yield (
            event
            if end is None
            else replace(event, result=end.result, detail={**event.detail, **end.detail})
        )


def _named(events: Iterable[Event]) -> Iterator[Event]:
    """A pull that was collected after its account was removed has the number of the account.

    No number is given twice, and a removal tells whose it was.
    """
    every = list(events)
    removed = {uid: event.subject for event in every if (uid := _removed_uid(event))}
    for event in every:
        name = removed.get(event.subject or "") if event.action == "pull" else None
        yield (
            replace(event, subject=name, actor=replace(event.actor, name=name)) if name else event
        )


def _removed_uid(event: Event) -> str | None:
    """Whose account a removal ended; None for other events, and for a line of an older release."""
    before = event.detail.get("before") if event.action == "analyst.remove" else None
    uid = before.get("uid") if isinstance(before, Mapping) else None
    return str(uid) if uid else None
