"""How much queries may cost: a limit for each, and one for the day. No network of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from ...errors import SourceError

__all__ = ["Budget"]


class Budget:
    """The bytes that one day may still be billed, shared by tables that are read side by side.

    What was billed before this process began comes from BigQuery's own job statistics, so that
    no file can be lost that says so, and a second host counts as well.
    """

    def __init__(
        self,
        per_day: int | None,
        billed: Callable[[datetime], int],
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        """``billed`` says how many bytes the broker's jobs were billed since an instant."""
        self._per_day = per_day
        self._billed = billed
        self._today = today
        self._lock = threading.Lock()
        self._day: date | None = None
        self._used = 0

    @contextmanager
    def granted(self, estimate: int, limit: int, where: str) -> Iterator[Callable[[int], None]]:
        """Hold ``estimate`` bytes while a query runs; the block gets a function to report the bill.

        Raises ``SourceError`` before anything runs if that is more than ``limit`` (the table's)
        or than is left of the day.
        """
        if estimate > limit:
            raise SourceError(
                "reading this would cost more than its limit",
                where=where,
                expected=f"at most {_size(limit)} (max_bytes_billed)",
                found=_size(estimate),
                remedy="Nothing was read. Choose columns, where_filters or a strategy that prune "
                "partitions, or raise max_bytes_billed.",
            )
        if self._per_day is None:
            yield lambda _: None
            return
        with self._lock:
            day = self._reserve(estimate, self._per_day, where)
        final = [estimate]
        try:
            yield lambda bill: final.__setitem__(0, bill)
        finally:
            with self._lock:
                self._used += final[0] - estimate if self._day == day else 0

    def _reserve(self, estimate: int, per_day: int, where: str) -> date:
        today = self._today()
        if self._day != today:
            midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
            self._day, self._used = today, self._billed(midnight)
        if self._used + estimate > per_day:
            raise SourceError(
                "reading this would cost more than what is left of the daily limit",
                where=where,
                expected=f"at most {_size(per_day)} from 0:00 UTC (max_bytes_billed_per_day)",
                found=f"{_size(self._used)} so far and {_size(estimate)} for this table",
                remedy="Nothing was read. Wait for the next day, or raise the limit.",
            )
        self._used += estimate
        return today


def _size(bytes_: int) -> str:
    """As a person reads it, and never less than it is."""
    for unit, factor in (("TB", 1000**4), ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if bytes_ >= factor:
            return f"{-(-bytes_ * 10 // factor) / 10:,.1f} {unit}"
    return f"{bytes_:,} bytes"
