"""What agents run at the start of a session and before a command. It never stands in their way.

An agent takes exit code 2 for a refusal and any other failure for consent. So this ends with 0
whatever happens, and refuses by the JSON that it prints alone; why something failed stands in
``.broker/agents/hooks.log``. Standard library only until a session starts: it runs before each
command.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .guard import refusal

__all__ = ["EVENTS", "answer", "main"]

_MOST_INPUT = 8 << 20
_MOST_LOG = 100_000


def main() -> None:
    """``hook ROOT EVENT``, with the agent's JSON on stdin."""
    root = Path(os.path.realpath(sys.argv[1]))
    text = ""
    try:
        event = json.loads(sys.stdin.buffer.read(_MOST_INPUT))
        text = answer(root, sys.argv[2], event)
    except Exception:
        with suppress(OSError):
            _log(root)
    if text:
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


def answer(root: Path, name: str, event: Mapping[str, Any]) -> str:
    """What to print; ``name`` is one of ``EVENTS``."""
    return EVENTS[name](root, event)


def _before_a_tool(root: Path, event: Mapping[str, Any]) -> str:
    cwd = Path(os.path.realpath(event.get("cwd") or root))
    home = Path(os.path.realpath(os.environ.get("HOME") or "/nonexistent"))
    reason = refusal(event["tool_name"], event["tool_input"], cwd, root, home)
    if reason is None:
        return ""
    verdict = {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }
    return json.dumps({"hookSpecificOutput": verdict})


def _at_the_start(root: Path, event: Mapping[str, Any]) -> str:
    from ...errors import LaptopError  # noqa: PLC0415  heavy, and needed once in a session
    from ..ages import now_by  # noqa: PLC0415  as above
    from ..workspace import Workspace  # noqa: PLC0415  as above
    from .background import start, take_outcome  # noqa: PLC0415  as above
    from .session import opening  # noqa: PLC0415  as above

    workspace = Workspace.at(root)
    # A session that is cleared or compacted has had its sync.
    starts_sync = event.get("source") in ("startup", "resume")
    try:
        manifest, _ = workspace.in_use()
    except LaptopError as error:
        return str(error)
    now = now_by(datetime.now(UTC), manifest)
    text = opening(manifest, take_outcome(workspace), now, starts_sync=starts_sync)
    if starts_sync:
        start(workspace)
    return text


EVENTS: Mapping[str, Callable[[Path, Mapping[str, Any]], str]] = {
    "pre-tool-use": _before_a_tool,
    "session-start": _at_the_start,
}


def _log(root: Path) -> None:
    """Keep why it failed, and of older failures no more than a person reads."""
    place = root / ".broker" / "agents" / "hooks.log"
    place.parent.mkdir(parents=True, exist_ok=True)
    before = place.read_bytes()[-_MOST_LOG:] if place.exists() else b""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {sys.argv[2:]}\n"
    place.write_bytes(before + (when + traceback.format_exc()).encode("utf-8", "replace"))
