"""What the last proof says of what is published now. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from .proof import Proof

__all__ = ["ProofStatus", "proof_status"]

# TimeoutStartSec= of broker-access-prove.service: after that its proof is not on its way any more.
_LIMIT = timedelta(hours=1)


class ProofStatus(StrEnum):
    """What the last proof says of the generation that readers see."""

    PROVED = "proved"
    UNEXPECTED = "unexpected"  # it found something
    PENDING = "pending"  # published since, and the proof of that is on its way
    OVERDUE = "overdue"  # no proof has ended for longer than one takes

    @property
    def is_failure(self) -> bool:
        """Whether a person has to look."""
        return self in (ProofStatus.UNEXPECTED, ProofStatus.OVERDUE)


def proof_status(
    proof: Proof | None,
    generation: str | None,
    published: datetime | None,
    now: datetime,
    begun: datetime | None = None,
) -> ProofStatus:
    """``generation`` is the current one, pointed at since ``published``; None where none is.

    ``begun`` is when the first of the proofs began that have not ended. Root records it, while the
    service can give the link ``current``, and so ``published``, any time. Either is to come where
    the clock was set back.
    """
    if proof is not None and proof.violations:
        return ProofStatus.UNEXPECTED
    if begun is not None and abs(now - begun) > _LIMIT:
        return ProofStatus.OVERDUE
    if published is None or (proof is not None and proof.generation == generation):
        return ProofStatus.PROVED
    return ProofStatus.OVERDUE if abs(now - published) > _LIMIT else ProofStatus.PENDING
