"""Where the demo keeps what it makes: all of it below ``.cache/demo`` of the checkout."""

from __future__ import annotations

from pathlib import Path

from broker import workspace

__all__ = [
    "COMPANY",
    "DEPLOYED",
    "HOSTS",
    "LOCAL",
    "LOGS",
    "QUESTIONS",
    "ROOT",
    "STATE",
    "WORKSPACE",
]

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".cache" / "demo"
COMPANY = STATE / "company"
LOCAL = STATE / "local"
LOGS = STATE / "logs"
HOSTS = STATE / "hosts.json"
DEPLOYED = STATE / "deployed"
QUESTIONS = Path(__file__).resolve().parent / "questions"
WORKSPACE = Path(workspace.__file__).resolve().parent / "files"
