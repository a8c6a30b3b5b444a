from __future__ import annotations

import pytest

from demo.board import Step
from demo.story import sync_phase, sync_result


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("INFO table=shop/orders phase=read", "shop/orders: read"),
        (
            "INFO table=shop/orders phase=done status=ok rows=200000 rejects=0",
            "shop/orders: ok, 200,000 rows",
        ),
        ("generation X, 10 tables", "generation X, 10 tables"),
    ],
)
def test_what_a_line_of_the_sync_is_worth_showing(line: str, shown: str) -> None:
    assert sync_phase(line) == shown


def test_a_sync_of_the_laptop_ends_with_its_own_summary() -> None:
    step = Step("Sync")
    sync_result(step, ["generation A: 4 files are new", "generation A: 2 tables", ""])
    assert step.result == "generation A: 2 tables"
