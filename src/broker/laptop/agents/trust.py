"""Whether agents trust the folder of the data, and were started in it: else no rail counts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...foreign.text import shown
from ..workspace import Workspace
from .rail import Rail
from .transcripts import MOST_LETTERS, encoded, projects, start_of

__all__ = ["claude_trust", "codex_trust"]

_MOST_SESSIONS = 50


def claude_trust(workspace: Workspace, environment: Mapping[str, str]) -> Iterator[Rail]:
    """Of Claude Code; ``environment`` says where it keeps what it knows of folders."""
    root, home = workspace.root, Path(environment.get("HOME", "/nonexistent"))
    own = environment.get("CLAUDE_CONFIG_DIR")
    yield _start(root, projects(environment))
    yield _trust(root, (Path(own) if own else home) / ".claude.json")


def _start(root: Path, transcripts: Path) -> Rail:
    """Settings and hooks count in the very folder of the start, so the last one is looked at."""
    name = "start of Claude Code"
    start = _last_start(root, transcripts)
    if start is None:
        return Rail(name, works=None, message="it was not started here yet")
    if start == root:
        return Rail(name, works=True, message="it was started in the folder itself")
    return Rail(
        name,
        works=False,
        message=f"it was last started in {shown(start)}, where neither the hooks nor the rules of"
        f" this folder count. Start it in {shown(root)}",
    )


def _last_start(root: Path, transcripts: Path) -> Path | None:
    """The folder of the newest session in this folder or below it, by its transcript."""
    prefix = encoded(root)[:MOST_LETTERS]
    try:
        found = [
            path
            for folder in transcripts.iterdir()
            if folder.name.startswith(prefix)
            for path in folder.glob("*.jsonl")
        ]
        found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except OSError:
        return None
    for path in found[:_MOST_SESSIONS]:
        try:
            start = start_of(path)
        except OSError:
            continue
        # Another folder may begin with the same letters.
        if start is not None and (start == root or root in start.parents):
            return start
    return None


def _trust(root: Path, place: Path) -> Rail:
    name = "trust of Claude Code"
    try:
        entry = json.loads(place.read_bytes())["projects"][str(root)]
        is_trusted = entry["hasTrustDialogAccepted"] is True
    except (OSError, ValueError, LookupError, TypeError):
        return Rail(name, works=None, message="it was not started here on a terminal yet")
    if is_trusted:
        return Rail(name, works=True, message="the folder is trusted")
    return Rail(
        name,
        works=False,
        message="it does not trust this folder, so it asks before each command and starts no MCP"
        f" server: start `claude` in {shown(root)} once, and accept",
    )


def codex_trust(workspace: Workspace, environment: Mapping[str, str]) -> Rail:
    """Of Codex, which reads ``.codex/`` of trusted folders alone."""
    name = "trust of Codex"
    home = Path(environment.get("HOME", "/nonexistent"))
    place = Path(environment.get("CODEX_HOME") or home / ".codex") / "config.toml"
    try:
        entry = tomllib.loads(place.read_text(encoding="utf-8"))["projects"][str(workspace.root)]
        is_trusted = entry["trust_level"] == "trusted"
    except (OSError, ValueError, LookupError, TypeError):
        return Rail(name, works=None, message="it was not started in this folder")
    if is_trusted:
        return Rail(name, works=True, message="the folder is trusted; it asks once about hooks")
    return Rail(
        name,
        works=False,
        message="it does not trust this folder, so it reads none of .codex/ in it: start `codex`"
        " here once, and accept",
    )
