"""How the last sync of a folder ended, for those who did not watch it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from ..files import write_atomic
from ..foreign.strict_json import read_json
from .workspace import Workspace

__all__ = ["LastSync", "read_last_sync", "write_last_sync"]

_NAME = "last-sync.json"


@dataclass(frozen=True, slots=True)
class LastSync:
    """``error`` is the sentence with which it failed; ``news`` are the tables that it changed.

    ``ended`` is by this laptop's clock. ``news_of`` is the generation that brought the news, which
    stay until another one comes.
    """

    ended: datetime
    generation: str | None = None
    error: str | None = None
    news_of: str | None = None
    news: Sequence[str] = field(default_factory=tuple)


def write_last_sync(workspace: Workspace, last: LastSync) -> None:
    """Keep it; raises ``OSError``."""
    facts = {**asdict(last), "ended": last.ended.astimezone(UTC).isoformat()}
    write_atomic(workspace.state / _NAME, json.dumps(facts) + "\n", mode=0o644)


def read_last_sync(workspace: Workspace) -> LastSync | None:
    """None where there was none, or where what was kept of it cannot be read."""
    try:
        facts = read_json(workspace.state / _NAME)
        return LastSync(
            ended=datetime.fromisoformat(facts["ended"]),
            generation=facts["generation"],
            error=facts["error"],
            news_of=facts["news_of"],
            news=tuple(map(str, facts["news"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
