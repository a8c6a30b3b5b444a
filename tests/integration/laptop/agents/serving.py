"""Puts a server of MCP in the place of the broker's own."""

from __future__ import annotations

import sys

from broker.laptop.workspace import Workspace
from rig.venvs import ROOT

SERVER = ROOT / "tests/integration/laptop/agents/mcp_server.py"


def serve_mcp(workspace: Workspace) -> None:
    """Let the Python that the sync brings start it where the files for agents ask for ours."""
    venv = workspace.state / "venv"
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\n[ "$6" = mcp ] || exit 0\nexec "{sys.executable}" "{SERVER}"\n')
    python.chmod(0o755)
