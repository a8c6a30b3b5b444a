"""Where the demo keeps what it makes: all of it below one folder.

``BROKER_DEMO_DIR`` (default: ``.cache/demo`` in the checkout) names another, whose own name the
hosts' run has too, so that two demos stand side by side; ``inventories/demo`` reads it as well.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "COMPANY",
    "DEPLOYED",
    "HOSTS",
    "LOCAL",
    "LOGS",
    "QUESTIONS",
    "ROOT",
    "SOURCE",
    "STATE",
    "VARIABLES",
]

ROOT = Path(__file__).resolve().parents[1]
STATE = Path(os.environ.get("BROKER_DEMO_DIR") or ROOT / ".cache" / "demo").resolve()
COMPANY = STATE / "company"
LOCAL = STATE / "local"
LOGS = STATE / "logs"
HOSTS = STATE / "hosts.json"
DEPLOYED = STATE / "deployed"
SOURCE = STATE / "source"
VARIABLES = STATE / "variables.json"
QUESTIONS = Path(__file__).resolve().parent / "questions"
