"""The limit of what is billed on a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from broker.errors import SourceError
from broker.sources.bigquery.budget import Budget


def test_tables_side_by_side_never_pass_the_limit_of_the_day() -> None:
    calls: list[datetime] = []
    budget = Budget(100, lambda since: calls.append(since) or 30)

    def read(_: int) -> int:
        try:
            with budget.granted(10, 50, "t") as settle:
                settle(20)
                return 20
        except SourceError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        billed = sum(pool.map(read, range(50)))
    assert len(calls) == 1
    assert 30 + billed - 20 * 8 <= 100  # each of the eight may turn out to cost more than estimated
    with pytest.raises(SourceError, match="left of the daily limit"), budget.granted(10, 50, "t"):
        raise AssertionError("granted")


def test_midnight_begins_a_new_day() -> None:
    days = [date(2026, 1, 1)]
    budget = Budget(100, lambda _: 0, lambda: days[-1])
    with budget.granted(90, 100, "t"):
        days.append(days[-1] + timedelta(days=1))
        with budget.granted(90, 100, "t") as settle:
            settle(10)
    with budget.granted(90, 100, "t"):
        pass
