"""Agent programs that read what a laptop writes for them, installed on first use.

They are locked: Claude Code in ``requirements/claude.txt``, whose wheel carries the program, the
others in ``package-lock.json`` beside this. None of them is part of the project.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from rig.node import NodeError, locked_packages
from rig.venvs import locked_venv

__all__ = ["AgentError", "claude", "codex", "opencode"]

HERE = Path(__file__).parent


class AgentError(Exception):
    """A program cannot be installed or started here; the text says why."""


def claude() -> Path:
    """Claude Code. 178 MB are fetched once."""
    try:
        site = locked_venv("claude")
    except RuntimeError as error:
        raise AgentError(str(error)) from error
    return _started(site, "lib/python*/site-packages/claude_agent_sdk/_bundled/claude")


def codex() -> Path:
    """Codex. With opencode, 300 MB are fetched once."""
    return _started(_packages(), "codex-*/vendor/*/bin/codex")


def opencode() -> Path:
    """The same of opencode, in the build for older processors."""
    return _started(_packages(), "opencode-*-baseline/bin/opencode")


def _packages() -> Path:
    try:
        return locked_packages(HERE, "agents")
    except (NodeError, RuntimeError) as error:
        raise AgentError(str(error)) from error


def _started(folder: Path, pattern: str) -> Path:
    """The program, if it runs on this machine."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise AgentError("the package has no program for this machine")
    try:
        done = subprocess.run(
            [found[0], "--version"], check=False, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AgentError(str(error)) from error
    if done.returncode:
        raise AgentError(done.stderr.strip()[-500:] or f"it ends with {done.returncode}")
    return found[0]
