"""The last proof of access on this host, beside what is published now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import BrokerError
from ..hostpaths import PROOF
from ..runs import unit_states
from .proof import begun_at, read_proof
from .proof_status import proof_status

__all__ = ["STARTERS", "proof_now"]

_UNIT = Path("/etc/systemd/system/broker-access-prove.service")
STARTERS = (
    "broker-access-prove.timer",
    "broker-access-prove.path",
    "broker-access-unproved.timer",
)


def proof_now(generation: str | None, data: Path, now: datetime) -> dict[str, Any] | None:
    """The last proof and how it stands, as plain values; None where this host does not prove.

    ``generation`` is what is published in ``data``, the folder of the store; None where nothing is.
    """
    known: dict[str, Any] = {"at": None, "generation": None, "checks": 0, "unexpected": None}
    proves, stopped = _UNIT.exists(), list[str]()
    try:
        proof, begun = read_proof(PROOF), begun_at(PROOF)
        stopped = _stopped() if proves else stopped
    except BrokerError as error:
        known |= {"stopped": stopped, "state": "unreadable", "failed": True}
        return {**known, "problem": str(error)}
    if proof is None and not proves:
        return None
    published = _since(data / "current") if generation else None
    state = proof_status(proof, generation, published, now, begun)
    facts = known if proof is None else proof.facts()
    failed = state.is_failure or bool(stopped)
    return {**facts, "problem": None, "state": str(state), "stopped": stopped, "failed": failed}


def _stopped() -> list[str]:
    """Which of the units that start proofs are not active, so that changed rights go unproved."""
    return [name for name, unit in unit_states(STARTERS).items() if unit["ActiveState"] != "active"]


def _since(link: Path) -> datetime:
    """When this link was made, or pointed elsewhere."""
    return datetime.fromtimestamp(link.lstat().st_mtime, UTC)
