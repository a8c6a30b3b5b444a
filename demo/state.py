"""What is remembered of the hosts between runs: ``.cache/demo/hosts.json``.

``inventories/demo`` reads its entry ``broker``.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from broker.files import write_atomic
from rig.hosts import Run

from .places import DEPLOYED, HOSTS, STATE, VARIABLES

__all__ = ["forget", "remember", "remembered", "tell_inventory"]

_WRITING = threading.Lock()


def remember(run: Run, *, ready: bool = False) -> None:
    """Write down every host of the run; ``ready`` once all steps are done on them."""
    with _WRITING:
        hosts = {name: host.describe() for name, host in run.hosts().items()}
        STATE.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"mode": "hosts", "ready": ready, **hosts}, indent=2)
        write_atomic(HOSTS, text + "\n", mode=0o644)


def remembered() -> dict[str, Any]:
    """What was written down; empty where nothing was."""
    facts: dict[str, Any] = json.loads(HOSTS.read_text()) if HOSTS.is_file() else {}
    return facts


def forget() -> None:
    """No host of the demo stands any more."""
    for path in (HOSTS, DEPLOYED):
        path.unlink(missing_ok=True)


def tell_inventory(**variables: Any) -> None:
    """Let ``inventories/demo`` give these settings to the broker; None takes one away."""
    with _WRITING:
        before = json.loads(VARIABLES.read_bytes()) if VARIABLES.is_file() else {}
        wanted = {name: value for name, value in {**before, **variables}.items() if value}
        write_atomic(VARIABLES, json.dumps(wanted), mode=0o600)
