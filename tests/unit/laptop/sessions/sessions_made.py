"""Transcripts as Claude Code writes them, in a folder of a person's settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broker.laptop.agents.transcripts import encoded

__all__ = ["ONE", "OTHER", "line", "session"]

ONE = "11111111-2222-4333-8444-555555555555"
OTHER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


def line(root: Path, text: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "cwd": str(root),
        "sessionId": ONE,
        "timestamp": "2026-11-29T23:59:01.000Z",
        "message": {"role": "user", "content": text},
        **more,
    }


def session(
    settings: Path,
    root: Path,
    *lines: Mapping[str, Any] | bytes,
    name: str = ONE,
    folder: str = "",
    seconds: int = 1_800_000_000,
) -> Path:
    """Write one; bytes stand as they are."""
    place = settings / "projects" / (folder or encoded(root)) / f"{name}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    content = [one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines]
    place.write_bytes(b"".join(content))
    os.utime(place, (seconds, seconds))
    return place
