"""What was measured of one column in one file: small, and added up without the file."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import Kind

__all__ = ["MOST_TEXT", "MOST_VALUES", "ColumnState", "by_frequency"]

MOST_VALUES = 200  # of which the count of each is kept
MOST_TEXT = 200  # characters of a value: a longer one is never shown


def by_frequency(pair: tuple[str, int]) -> tuple[int, str]:
    """The order of values with their counts: the most frequent first."""
    return -pair[1], pair[0]


@dataclass(frozen=True, slots=True)
class ColumnState:
    """One column of one file, which is named by its SHA-256.

    ``distinct`` is None where only the sketch has seen how many different values there are.
    ``not_finite`` counts infinite values and NaN. ``low`` and ``high`` are the least and the
    greatest finite value as DuckDB writes them; of times also in microseconds since 1970.
    ``values`` are the most frequent ones with their counts, all of them if ``has_all``.
    ``sketch`` is the state of DuckDB's ``approx_count_distinct``. ``cells`` as in ``cells``.
    """

    file: str
    column: str
    kind: Kind
    rows: int
    nulls: int
    distinct: int | None
    not_finite: int = 0
    zeros: int = 0
    low: str | None = None
    high: str | None = None
    low_us: int | None = None
    high_us: int | None = None
    total: float | None = None
    characters: tuple[int, int, int] | None = None
    values: tuple[tuple[str, int], ...] = ()
    has_all: bool = False
    sketch: bytes = b""
    level: int = 0
    cells: dict[int, int] = field(default_factory=dict, hash=False)
