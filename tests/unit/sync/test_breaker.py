"""When losses are held back, and what a person's approval is worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.sync.approvals import Approvals
from broker.sync.breaker import HeldError, check_losses


@pytest.mark.parametrize(
    ("before", "losses", "fraction", "approved"),
    [
        (100, 50, 0.5, 0),
        (100, 0, 0.0, 0),
        (0, 0, 0.5, 0),
        (100, 100, 1.0, 0),
        (100, 80, 0.5, 80),
    ],
)
def test_losses_within_the_promise_pass(
    before: int, losses: int, fraction: float, approved: int
) -> None:
    check_losses("shop.orders", before, losses, fraction, approved)


@pytest.mark.parametrize(
    ("before", "losses", "fraction", "approved"),
    [(100, 51, 0.5, 0), (100, 1, 0.0, 0), (100, 81, 0.5, 80), (1, 1, 0.5, 0)],
)
def test_losses_past_it_are_held(before: int, losses: int, fraction: float, approved: int) -> None:
    with pytest.raises(HeldError) as held:
        check_losses("shop.orders", before, losses, fraction, approved)
    assert held.value.losses == losses
    assert "broker approve shop.orders" in str(held.value)


def test_the_message_says_how_much_and_how_much_was_allowed() -> None:
    with pytest.raises(HeldError) as held:
        check_losses("shop.orders", 5000, 4000, 0.5, 0)
    assert str(held.value) == (
        "shop.orders: 4,000 of 5,000 rows are gone (80%); expected at most 50% "
        "(max_delete_fraction). If that is right, run `broker approve shop.orders` and sync again."
    )


def test_an_approval_is_kept_until_it_is_used(tmp_path: Path) -> None:
    Approvals.read(tmp_path).plus("shop.orders", 80).plus("shop.items", 3).write()
    kept = Approvals.read(tmp_path)
    assert (kept.of("shop.orders"), kept.of("shop.items"), kept.of("other")) == (80, 3, 0)
    kept.without(["shop.orders"]).write()
    assert Approvals.read(tmp_path).losses == {"shop.items": 3}


def test_approvals_that_cannot_be_read_stop_everything(tmp_path: Path) -> None:
    (tmp_path / "approvals.json").write_text("{")
    with pytest.raises(PublishError, match="approvals cannot be read"):
        Approvals.read(tmp_path)
