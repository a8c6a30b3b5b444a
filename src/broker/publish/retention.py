"""Which generations may go. The plan is pure; ``in_use`` looks at the processes of the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

__all__ = ["Candidate", "PruneRule", "expired", "in_use", "removable"]


@dataclass(frozen=True, slots=True)
class PruneRule:
    """Keep the newest ``count``, none older than ``days``; fewer while space is short.

    Space is short when less than ``min_free_bytes`` are free.
    ``grace`` is how long a reader may still be inside a generation after it was replaced, and for
    how long a clock that is ahead makes none old.
    """

    count: int = 30
    days: int = 90
    min_free_bytes: int = 0
    grace: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A generation as retention sees it.

    ``superseded_at`` is None where it is not known until when it was current.
    """

    id: str
    taken_at: datetime
    is_current: bool
    is_good: bool
    superseded_at: datetime | None
    in_use: bool


def removable(candidates: Sequence[Candidate], policy: PruneRule, now: datetime) -> list[Candidate]:
    """Those that nothing protects, oldest first.

    Protected are the current one, the newest good one, any that a process stands in, and any
    that was current within the grace: a reader may be inside whom this host does not show us.
    """
    newest_good = max((c.id for c in candidates if c.is_good), default=None)
    free = [
        c
        for c in candidates
        if not c.is_current
        and c.id != newest_good
        and not c.in_use
        and c.superseded_at is not None
        and now - c.superseded_at >= policy.grace
    ]
    return sorted(free, key=lambda candidate: candidate.id)


def expired(candidates: Sequence[Candidate], policy: PruneRule, now: datetime) -> set[str]:
    """The ids that are past the count or the age, protected or not."""
    newest_first = sorted((c.id for c in candidates), reverse=True)
    reached = _reached(candidates, policy, now)
    old = {c.id for c in candidates if reached - c.taken_at > timedelta(days=policy.days)}
    return old | set(newest_first[policy.count :])


def _reached(candidates: Sequence[Candidate], policy: PruneRule, now: datetime) -> datetime:
    """The time that the store itself has reached: by one generation at least as old as the grace.

    By a clock that has just jumped ahead all would be past the age at once, and go for good. One
    that is set right within the grace has cost none.
    """
    settled = [c.taken_at for c in candidates if now - c.taken_at >= policy.grace]
    return min(now, max(settled, default=now) + policy.grace)


def in_use(generations: Path, processes: Path = Path("/proc")) -> set[str]:
    """The generations in which some process works or holds a file or folder open.

    Only root sees the processes of other users; ``Retention.grace`` covers the others.
    """
    base = str(generations.resolve()) + os.sep
    found: set[str] = set()
    for process in processes.glob("[0-9]*"):
        for target in _targets(process):
            if target.startswith(base):
                found.add(target.removeprefix(base).split(os.sep, 1)[0])
    return found


def _targets(process: Path) -> list[str]:
    """What a process has open; nothing, where it ended meanwhile or is not ours to look at."""
    links = [process / "cwd"]
    try:
        links.extend((process / "fd").iterdir())
    except OSError:
        return []
    return [target for link in links if (target := _target(link))]


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None
