"""Whether what keeps an agent on its rails works here: each file is read, each command is run."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...errors import LaptopError
from ...foreign.strict_json import parse_json
from ...foreign.text import code, prose, shown
from ..workspace import Workspace
from . import commands
from .block import BEGIN
from .files import EVENTS, FILES, FileFacts, imports_instructions
from .rail import Rail
from .trust import claude_trust, codex_trust
from .write import read_own

__all__ = ["rails"]

_SECONDS = 30
_MOST_SHOWN = 200
_SYNC_AGAIN = f"Run: {commands.SYNC}"


def rails(workspace: Workspace, environment: Mapping[str, str] | None = None) -> tuple[Rail, ...]:
    """Try all of them. ``environment`` is that of the agent or the person, if not this one."""
    known = os.environ if environment is None else environment
    return (
        *_files(workspace),
        _import(workspace),
        *_hooks(workspace),
        _server(workspace),
        *claude_trust(workspace, known),
        codex_trust(workspace, known),
    )


def _files(workspace: Workspace) -> Iterator[Rail]:
    """Each file as the next sync would write it is as it stands."""
    facts = FileFacts(workspace.root, workspace.in_use()[0])
    for path, render in FILES.items():
        try:
            existing = read_own(workspace.root, path)
            is_current = existing is not None and render(existing, facts) == existing
        except (LaptopError, OSError) as error:
            yield Rail(path, works=False, message=shown(error))
            continue
        message = "as the last sync wrote it"
        if not is_current:
            message = (
                f"it is missing, or the broker's part in it is not as it should be. {_SYNC_AGAIN}"
            )
        yield Rail(path, is_current, message)


def _import(workspace: Workspace) -> Rail:
    name = "instructions of Claude Code"
    try:
        content = (workspace.root / "CLAUDE.md").read_bytes()
    except OSError:
        content = b""
    if imports_instructions(content) or BEGIN.encode() in content:
        return Rail(name, works=True, message="CLAUDE.md imports AGENTS.md")
    return Rail(
        name,
        works=False,
        message="CLAUDE.md does not import AGENTS.md, so Claude Code knows neither tables nor"
        " rules. Add a line to it: @AGENTS.md",
    )


def _hooks(workspace: Workspace) -> Iterator[Rail]:
    """Run as Claude Code runs them: the command of the file, with the documented input."""
    server = workspace.server / "parquet"
    tries = {
        # It shows ages, and starts no sync as a session that begins does.
        "SessionStart": [({"source": "compact"}, "generation")],
        "PreToolUse": [
            (_tool(f"rm -rf '{server}'"), '"permissionDecision": "deny"'),
            (_tool("ls"), ""),
        ],
    }
    for event in EVENTS:
        name = f"hook {event}"
        command = _hook_command(workspace, event)
        if command is None:
            message = f".claude/settings.json has no hook of the broker for it. {_SYNC_AGAIN}"
            yield Rail(name, works=False, message=message)
            continue
        problems = [
            problem
            for values, expected in tries[event]
            if (
                problem := _tried(
                    workspace, command, {**values, "hook_event_name": event}, expected
                )
            )
        ]
        yield Rail(name, not problems, problems[0] if problems else "it answered as it should")


def _tool(line: str) -> dict[str, Any]:
    return {"tool_name": "Bash", "tool_input": {"command": line}, "tool_use_id": "status"}


def _hook_command(workspace: Workspace, event: str) -> list[str] | None:
    """The command of our hook as it stands in the file."""
    try:
        settings = parse_json(read_own(workspace.root, ".claude/settings.json") or b"", rows=True)
        hooks = [hook for group in settings["hooks"][event] for hook in group["hooks"]]
        ours = next(hook for hook in hooks if commands.is_ours(hook))
        return [ours["command"], *ours["args"]]
    except (LaptopError, OSError, ValueError, LookupError, TypeError, StopIteration):
        return None


def _tried(
    workspace: Workspace, command: Sequence[str], event: Mapping[str, Any], expected: str
) -> str | None:
    """What is wrong with the answer; None if it is right."""
    values = {"session_id": "status", "transcript_path": "", "cwd": str(workspace.root), **event}
    try:
        done = _run(workspace, command, json.dumps(values))
    except (OSError, subprocess.SubprocessError) as error:
        return f"it cannot be run: {shown(error, _MOST_SHOWN)}. {_SYNC_AGAIN}"
    if done.returncode == 0 and (expected in done.stdout if expected else not done.stdout):
        return None
    output = code(prose(done.stdout + done.stderr, _MOST_SHOWN))
    log = workspace.state / "agents" / "hooks.log"
    return (
        f"expected {expected or 'no word'} and exit code 0; found {output} and exit code"
        f" {done.returncode}. See {log}, then run: {commands.SYNC}"
    )


def _server(workspace: Workspace) -> Rail:
    """The MCP server of ``.mcp.json``, greeted as agents greet it."""
    name = "MCP server"
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "status", "version": "1"},
        },
    }
    try:
        settings = parse_json(read_own(workspace.root, ".mcp.json") or b"", rows=True)
        entry = settings["mcpServers"][commands.SERVER]
        done = _run(workspace, [entry["command"], *entry["args"]], json.dumps(hello) + "\n")
        first = parse_json(done.stdout.partition("\n")[0].encode(), rows=True)
        works = first["id"] == 1 and "serverInfo" in first["result"]
    except (LaptopError, ValueError, LookupError, TypeError, OSError) as error:
        works, reason = False, shown(error, _MOST_SHOWN)
    except subprocess.TimeoutExpired:
        works, reason = False, f"no answer within {_SECONDS} seconds"
    else:
        reason = code(prose(done.stderr or done.stdout, _MOST_SHOWN))
    if works:
        return Rail(name, works=True, message="it answered")
    return Rail(
        name,
        works=False,
        message=f"it did not answer: {reason}. Agents query without it: {commands.QUERY}",
    )


def _run(
    workspace: Workspace, command: Sequence[str], text: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        input=text,
        cwd=workspace.root,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
