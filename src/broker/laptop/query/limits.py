"""What one query may take of a laptop, and how much of its answer is shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QueryLimits"]

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """``characters`` bounds the values of the answer; memory and temporary files are in bytes.

    ``threads`` is None for as many as the laptop has processors.
    """

    rows: int = 1_000
    characters: int = 1_000_000
    seconds: float = 60.0
    memory_bytes: int = 2 * _GIB
    temporary_bytes: int = 10 * _GIB
    threads: int | None = None
