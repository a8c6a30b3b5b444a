"""What a proof found: kept as JSON for ``broker status``, for root and operators alone.

Its violations name what others may not know of.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..beneath import read_file
from ..errors import BrokerError
from ..files import write_atomic
from ..hostpaths import PROOF

__all__ = [
    "Proof",
    "Violation",
    "begin_proof",
    "begun_at",
    "begun_file",
    "read_proof",
    "write_proof",
]


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """Something that is not as the policy says: who, where, and what of it."""

    who: str
    path: str
    problem: str

    def __str__(self) -> str:
        """A line of a report."""
        return f"{self.who}: {self.path} {self.problem}"


@dataclass(frozen=True, slots=True)
class Proof:
    """``checks`` counts single questions: may this account do this here, is this name there.

    ``tried`` says how many of them were tries of each account.
    """

    at: datetime
    generation: str | None
    analysts: int
    checks: int
    violations: tuple[Violation, ...]
    seconds: float
    tried: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """How a person reads it."""
        return f"{self.checks:,} checks, {len(self.violations):,} unexpected"

    def facts(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "at": self.at.astimezone(UTC).isoformat(),
            "generation": self.generation,
            "analysts": self.analysts,
            "checks": self.checks,
            "unexpected": len(self.violations),
            "findings": [asdict(one) for one in self.violations],  # as operators' scripts read it
            "seconds": round(self.seconds, 2),
            "tried": dict(self.tried),
        }


def begin_proof(path: Path = PROOF, gid: int | None = None) -> None:
    """Note when a proof begins, unless one before it has not ended. Raises ``OSError``."""
    begun = begun_file(path)
    if not begun.exists():
        text = f"{datetime.now(UTC).isoformat()}\n"
        write_atomic(begun, text, mode=0o640, gid=gid if os.geteuid() == 0 else None)


def begun_at(path: Path = PROOF) -> datetime | None:
    """When the first of the proofs began that have not ended; None where the last one ended.

    Raises ``BrokerError``.
    """
    begun = begun_file(path)
    try:
        return datetime.fromisoformat(read_file(begun.parent, begun.name).decode().strip())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _forbidden(begun) from error
    except (OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)  # cut off while it was written: no success either


def write_proof(proof: Proof, path: Path = PROOF, gid: int | None = None) -> None:
    """Keep it for ``broker status``; ``gid`` is the operators' group. Raises ``OSError``."""
    text = json.dumps(proof.facts(), indent=1) + "\n"
    write_atomic(path, text, mode=0o640, gid=gid if os.geteuid() == 0 else None)
    begun_file(path).unlink(missing_ok=True)


def _forbidden(path: Path) -> BrokerError:
    return BrokerError(
        "you may not read the proof of access",
        where=str(path),
        remedy="Run this as root, or as a member of data-ops.",
    )


def begun_file(path: Path) -> Path:
    """Where it stands beside a proof when one began that has not ended."""
    return path.with_suffix(".begun")


def read_proof(path: Path = PROOF) -> Proof | None:
    """The last one, None where there never was any. Raises ``BrokerError``."""
    try:
        facts = json.loads(read_file(path.parent, path.name))
        return Proof(
            datetime.fromisoformat(facts["at"]),
            facts["generation"],
            int(facts["analysts"]),
            int(facts["checks"]),
            tuple(Violation(**violation) for violation in facts["findings"]),
            float(facts["seconds"]),
            facts.get("tried", {}),
        )
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _forbidden(path) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokerError(
            "the proof of access cannot be read",
            where=str(path),
            found=getattr(error, "strerror", None) or f"{type(error).__name__}: {error}",
            remedy="Move it away, then run `broker access prove --record`.",
        ) from error
