"""Which transcripts were kept, as they stood then.

A copy that its owner removed stays away until its session goes on; whether a file is there does
not decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ...files import write_atomic
from ...foreign.strict_json import read_json
from ..agents.transcripts import SESSION_ID
from ..workspace import Workspace

__all__ = ["KeptSession", "read_ledger", "write_ledger"]

_NAME = "sessions.json"
_COPY = re.compile(rf"\d{{4}}-\d\d-\d\d_{SESSION_ID.pattern}\.jsonl\.gz")


@dataclass(frozen=True, slots=True)
class KeptSession:
    """``name`` of the copy; ``size`` and ``changed`` are of the transcript that was read.

    ``ids`` are the sessions that its lines name: it may go on another one.
    """

    name: str
    size: int
    changed: int
    ids: Sequence[str] = ()


def read_ledger(workspace: Workspace) -> dict[str, KeptSession]:
    """By id of the session. What cannot be read counts as not kept: it is then kept anew."""
    try:
        facts = read_json(workspace.state / _NAME)
        found = {str(session): KeptSession(**entry) for session, entry in facts.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {
        session: one
        for session, one in found.items()
        if isinstance(one.name, str)
        and _COPY.fullmatch(one.name)
        and one.name.endswith(f"_{session}.jsonl.gz")
    }


def write_ledger(workspace: Workspace, ledger: Mapping[str, KeptSession]) -> None:
    """Keep it; raises ``OSError``."""
    facts = {session: asdict(one) for session, one in sorted(ledger.items())}
    write_atomic(workspace.state / _NAME, json.dumps(facts) + "\n", mode=0o600)
