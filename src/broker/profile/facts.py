"""What is known of the columns of a table before anything is left out, merged from its files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from itertools import pairwise

from .cells import coarser
from .kinds import Kind
from .state import MOST_VALUES, ColumnState, by_frequency

__all__ = ["ColumnFacts", "merged"]

# Of DuckDB's sketch with 1,024 registers: 1.04 / sqrt(1024), see Flajolet et al., "HyperLogLog"
# (2007).
SKETCH_ERROR = 0.0325
_TOTAL_ERROR = 5e-14  # of the sum of a file, of which 14 digits are kept
_DOUBLE_ERROR = 2**-53  # of a number that is rounded to a double


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of the whole table.

    ``distinct`` is off by a share of ``distinct_error`` as a standard error, and exact at 0.
    ``values`` are the most frequent ones with how often each comes at least; exactly, and all of
    them, if ``has_all``. ``mean`` is of numbers, ``characters`` the least, mean and greatest length
    of texts. ``cells`` and ``level`` as in ``cells``.
    """

    name: str
    type: str
    kind: Kind
    rows: int
    nulls: int
    distinct: int
    distinct_error: float
    not_finite: int = 0
    zeros: int = 0
    low: str | None = None
    high: str | None = None
    mean: float | None = None
    characters: tuple[int, float, int] | None = None
    values: tuple[tuple[str, int], ...] = ()
    has_all: bool = False
    level: int = 0
    cells: dict[int, int] = field(default_factory=dict, hash=False)

    @property
    def finite(self) -> int:
        """Rows that have a value, and one that can be compared."""
        return self.rows - self.nulls - self.not_finite


def merged(
    name: str, type_: str, states: Sequence[ColumnState], estimate: Callable[[bytes], int]
) -> ColumnFacts:
    """The states of one column in all files of a table.

    ``estimate`` answers how many different values a sketch has seen.
    """
    kind = states[0].kind
    level = max(one.level for one in states)
    cells: Counter[int] = Counter()
    for one in states:
        cells.update(coarser(kind, one.cells, one.level, level))
    values: Counter[str] = Counter()
    for one in states:
        values.update(dict(one.values))
    has_all = all(one.has_all for one in states) and len(values) <= MOST_VALUES
    distinct, error = _distinct(states, values if has_all else None, estimate)
    low, high = _ends(states)
    rows, nulls = sum(one.rows for one in states), sum(one.nulls for one in states)
    not_finite = sum(one.not_finite for one in states)
    return ColumnFacts(
        name=name,
        type=type_,
        kind=kind,
        rows=rows,
        nulls=nulls,
        distinct=distinct,
        distinct_error=error,
        not_finite=not_finite,
        zeros=sum(one.zeros for one in states),
        low=low,
        high=high,
        mean=_mean(states, is_double=type_ == "DOUBLE"),
        characters=_characters(states, rows - nulls),
        values=tuple(sorted(values.items(), key=by_frequency)[:MOST_VALUES]),
        has_all=has_all,
        level=level,
        cells=dict(cells),
    )


def _mean(states: Sequence[ColumnState], *, is_double: bool) -> float | None:
    """To 12 digits, or as many as are certain where numbers cancel each other.

    None where there is no number, or their sum is past all doubles.
    """
    counts = [one.rows - one.nulls - one.not_finite for one in states]
    counted = [(one, count) for one, count in zip(states, counts, strict=True) if count]
    known = [one.total for one, _ in counted if one.total is not None]
    if not known or len(known) < len(counted) or not math.isfinite(sum(map(abs, known))):
        return None
    error = _TOTAL_ERROR * sum(map(abs, known))
    if not is_double:  # numbers were added up as the doubles next to them
        error += sum(_DOUBLE_ERROR * count * _greatest(one) for one, count in counted)
    return _certain(math.fsum(known) / sum(counts), error / sum(counts))


def _greatest(state: ColumnState) -> float:
    """The greatest distance of a number from 0."""
    return max(abs(float(state.low or 0)), abs(float(state.high or 0)))


def _certain(value: float, error: float) -> float:
    """The digits of a number that are right with this error, 12 at most."""
    place = math.floor(-math.log10(error)) if error > 0 else 0
    certain = round(value, place) if error > 0 else value
    return float(f"{certain:.11e}") + 0.0  # there is one zero


def _distinct(
    states: Sequence[ColumnState], values: Counter[str] | None, estimate: Callable[[bytes], int]
) -> tuple[int, float]:
    """How many different values there are, and the standard error of that as a share.

    Exact where all values are listed, or where they were counted and none can be in two files.
    """
    if values is not None:
        return len(values), 0.0
    counts = [one.distinct for one in states if one.distinct is not None]
    if len(counts) == len(states) and (sum(map(bool, counts)) <= 1 or _are_apart(states)):
        return sum(counts), 0.0
    sketch = reduce(_united, (one.sketch for one in states if one.sketch))
    known = [one.rows - one.nulls if one.distinct is None else one.distinct for one in states]
    return min(max(estimate(sketch), *counts, 0), sum(known)), SKETCH_ERROR


def _are_apart(states: Sequence[ColumnState]) -> bool:
    """Whether the values of each file end before those of the next one begin."""
    if not states[0].kind.has_cells or any(one.not_finite for one in states):
        return False
    ranges = sorted(
        (low, high)
        for one in states
        if (low := _order(one, "low")) is not None and (high := _order(one, "high")) is not None
    )
    return all(before[1] < after[0] for before, after in pairwise(ranges))


def _united(one: bytes, other: bytes) -> bytes:
    """The sketch of all that either has seen: the greater of each register."""
    return bytes(map(max, one, other))


def _order(state: ColumnState, end: str) -> Decimal | None:
    """Where an end of a number or time lies among others."""
    if state.kind is Kind.TIME:
        micros = state.low_us if end == "low" else state.high_us
        return None if micros is None else Decimal(micros)
    text = state.low if end == "low" else state.high
    return None if text is None else Decimal(text)


def _ends(states: Iterable[ColumnState]) -> tuple[str | None, str | None]:
    """The least and the greatest value, as text."""
    known = [one for one in states if one.low is not None and one.high is not None]
    if not known:
        return None, None
    if known[0].kind.has_cells:
        first = min(known, key=lambda one: _order(one, "low") or Decimal(0))
        last = max(known, key=lambda one: _order(one, "high") or Decimal(0))
        return first.low, last.high
    return min(one.low or "" for one in known), max(one.high or "" for one in known)


def _characters(states: Iterable[ColumnState], known: int) -> tuple[int, float, int] | None:
    lengths = [one.characters for one in states if one.characters is not None]
    if not lengths or not known:
        return None
    mean = sum(total for _, total, _ in lengths) / known
    return min(one[0] for one in lengths), mean, max(one[2] for one in lengths)
