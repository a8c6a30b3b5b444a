"""Which files agents read, and what becomes of each. Pure: bytes in, bytes out."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...manifest import Manifest
from ...portable import IS_WINDOWS
from . import commands
from .block import with_block
from .codex import with_codex_server
from .instructions import COMMENT, instructions
from .merging import added, merged, part, with_hook, with_server

__all__ = ["FILES", "IMPORT", "FileFacts", "imports_instructions"]

IMPORT = "@AGENTS.md"
EVENTS: Mapping[str, str] = {"SessionStart": "session-start", "PreToolUse": "pre-tool-use"}
_MATCHERS = {
    "SessionStart": "startup|resume|clear|compact",
    "PreToolUse": "Bash|Write|Edit|MultiEdit|NotebookEdit|apply_patch",
}
# For a laptop that has much else to do: an agent goes on without the answer when they are over.
_SECONDS = {"SessionStart": 60, "PreToolUse": 30}
_ALLOWED = (f"Bash({commands.SYNC} *)", f"Bash({commands.QUERY} *)", f"mcp__{commands.SERVER}__*")
_DENIED = ("Edit(/server/**)",)
_SERVER = "**/server/**"  # as opencode writes it
_OLD_IMPORT = b"@server/CLAUDE.md"  # all that an older release wrote into CLAUDE.md


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the files depend on: where they stand, and what data there are."""

    root: Path
    manifest: Manifest


Render = Callable[[bytes | None, FileFacts], bytes]


def imports_instructions(content: bytes) -> bool:
    """Whether a CLAUDE.md has the import, where Claude Code follows one: not in code."""
    text = content.decode("utf-8", "replace")
    for hidden in (r"<!--.*?-->", r"^(```+|~~~+).*?^\1", r"(`+).*?\1"):
        text = re.sub(hidden, "", text, flags=re.DOTALL | re.MULTILINE)
    return re.search(r"(?<!\S)@(?:\./)?AGENTS\.md(?!\S)", text) is not None


def _agents(existing: bytes | None, facts: FileFacts) -> bytes:
    return with_block(existing or b"", instructions(facts.manifest), COMMENT, where="AGENTS.md")


def _claude(existing: bytes | None, _: FileFacts) -> bytes:
    is_old = existing is not None and existing.strip() == _OLD_IMPORT
    return f"{IMPORT}\n".encode() if existing is None or is_old else existing


def _claude_settings(existing: bytes | None, facts: FileFacts) -> bytes:
    where = ".claude/settings.json"

    def merge(settings: dict[str, Any]) -> None:
        permissions = part(settings, "permissions", dict, where=where)
        added(permissions, "allow", _ALLOWED, where=where)
        added(permissions, "deny", _DENIED, where=where)
        added(settings, "enabledMcpjsonServers", [commands.SERVER], where=where)
        for event, name in EVENTS.items():
            program, *arguments = commands.hook(facts.root, name)
            _add_hook(settings, event, {"command": program, "args": arguments}, where)

    return merged(existing, merge, where=where)


def _codex_hooks(existing: bytes | None, facts: FileFacts) -> bytes:
    where = ".codex/hooks.json"

    def merge(settings: dict[str, Any]) -> None:
        for event, name in EVENTS.items():
            line = _as_line(commands.hook(facts.root, name))
            _add_hook(settings, event, {"command": line}, where)

    return merged(existing, merge, where=where)


def _as_line(words: list[str]) -> str:
    """Words as one line of this system's shell."""
    return subprocess.list2cmdline(words) if IS_WINDOWS else shlex.join(words)


def _add_hook(settings: dict[str, Any], event: str, call: dict[str, Any], where: str) -> None:
    hook = {"type": "command", **call, "timeout": _SECONDS[event]}
    with_hook(settings, event, {"matcher": _MATCHERS[event], "hooks": [hook]}, where=where)


def _servers(where: str) -> Render:
    def render(existing: bytes | None, facts: FileFacts) -> bytes:
        program, *arguments = commands.mcp_server(facts.root)
        server = {"command": program, "args": arguments}

        def merge(settings: dict[str, Any]) -> None:
            with_server(settings, "mcpServers", server, where=where)

        return merged(existing, merge, where=where)

    return render


def _opencode(existing: bytes | None, facts: FileFacts) -> bytes:
    where = "opencode.json"
    server = {"type": "local", "command": commands.mcp_server(facts.root), "enabled": True}

    def merge(settings: dict[str, Any]) -> None:
        settings.setdefault("$schema", "https://opencode.ai/config.json")
        with_server(settings, "mcp", server, where=where)
        permission = part(settings, "permission", dict, where=where)
        edit = permission.setdefault("edit", {})
        if isinstance(edit, dict):  # else one word for all files, which is theirs to say
            edit.pop(_SERVER, None)
            edit[_SERVER] = "deny"  # last, as of the rules that fit a file the last one counts

    return merged(existing, merge, where=where)


def _codex(existing: bytes | None, facts: FileFacts) -> bytes:
    return with_codex_server(existing or b"", commands.mcp_server(facts.root))


# In this order they are written. Each is that of an agent, or of several.
FILES: Mapping[str, Render] = {
    "AGENTS.md": _agents,
    "CLAUDE.md": _claude,
    ".claude/settings.json": _claude_settings,
    ".mcp.json": _servers(".mcp.json"),
    ".codex/config.toml": _codex,
    ".codex/hooks.json": _codex_hooks,
    ".cursor/mcp.json": _servers(".cursor/mcp.json"),
    "opencode.json": _opencode,
}
