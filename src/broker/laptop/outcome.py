"""How a sync ended, in a line for people and as facts for programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..manifest import Manifest
from .amounts import amount
from .freshness import summary
from .pull import Pulled

__all__ = ["SyncOutcome", "went_back"]


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What was pulled, what it took, and what is not as it should be.

    ``moved`` counts bytes, ``phases`` leads from each one to its seconds; ``left_out`` are files
    that were not pushed, ``stale`` a sentence for each table that is older than promised.
    """

    pulled: Pulled
    moved: int
    seconds: float
    phases: dict[str, float]
    left_out: Sequence[str]
    stale: Sequence[str]

    @property
    def line(self) -> str:
        """The last line of a sync."""
        manifest, count = self.pulled.manifest, self.pulled.brought.replayed
        replayed = f", {count} tables from their changes" if count else ""
        return (
            f"generation {manifest.generation}: {summary(manifest)}, signed, "
            f"{amount(self.moved)} moved{replayed} in {self.seconds:.0f} s"
        )

    @property
    def phases_line(self) -> str:
        """How long each phase took."""
        return ", ".join(f"{name} {took:.1f} s" for name, took in self.phases.items())

    @property
    def facts(self) -> dict[str, Any]:
        """For a program."""
        brought = self.pulled.brought
        return {
            **_generation(self.pulled.manifest),
            "is_new": self.pulled.is_new,
            "bytes_moved": self.moved,
            "replayed": brought.replayed,
            "fallbacks": list(brought.fallbacks),
            "removed": list(self.pulled.gone),
            "not_pushed": list(self.left_out),
            "stale": list(self.stale),
            "seconds": round(self.seconds, 2),
            "phases": {name: round(took, 2) for name, took in self.phases.items()},
        }


def went_back(manifest: Manifest) -> dict[str, Any]:
    """The same where a generation that is kept here is in use again."""
    return {**_generation(manifest), "is_new": True, "bytes_moved": 0}


def _generation(manifest: Manifest) -> dict[str, Any]:
    return {
        "generation": manifest.generation,
        "tables": len(manifest.tables),
        "rows": sum(entry.rows for entry in manifest.tables),
    }
