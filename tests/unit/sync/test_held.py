"""When losses are held back, what an approval is worth, and which keys were lost."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.manifest import Status, TableEntry
from broker.publish import Approval, Approvals, Generation, Store
from broker.sync.held import HeldError, check_losses, lost_keys


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
    check_losses("shop.orders", before, losses, fraction, Approval(approved))


@pytest.mark.parametrize(
    ("before", "losses", "fraction", "approved"),
    [(100, 51, 0.5, 0), (100, 1, 0.0, 0), (100, 81, 0.5, 80), (1, 1, 0.5, 0)],
)
def test_losses_past_it_are_held(before: int, losses: int, fraction: float, approved: int) -> None:
    with pytest.raises(HeldError) as caught:
        check_losses("shop.orders", before, losses, fraction, Approval(approved))
    assert caught.value.losses == losses
    assert "broker approve shop.orders" in str(caught.value)


def test_the_message_says_how_much_and_how_much_was_allowed() -> None:
    with pytest.raises(HeldError) as caught:
        check_losses("shop.orders", 5000, 4000, 0.5, Approval())
    assert str(caught.value) == (
        "shop.orders: 4,000 of 5,000 rows are gone (80 %); expected at most 50 % "
        "(max_delete_fraction). If that is right, run `broker approve shop.orders` and sync again."
    )


def test_an_approval_that_cannot_be_read_is_in_the_message() -> None:
    with pytest.raises(HeldError, match="found an approval that cannot be read, /x: broken"):
        check_losses("shop.orders", 5000, 4000, 0.5, Approval(problem="/x: broken"))


@pytest.fixture
def approvals(tmp_path: Path) -> Approvals:
    return Store(tmp_path).approvals


def test_an_approval_is_kept_until_it_is_used(approvals: Approvals) -> None:
    approvals.give("shop.orders", 80)
    approvals.give("shop.items", 3)
    assert [approvals.of(name).rows for name in ("shop.orders", "shop.items", "other")] == [
        80,
        3,
        0,
    ]
    approvals.use_up(["shop.orders", "other"])
    assert [approvals.of(name) for name in ("shop.orders", "shop.items")] == [
        Approval(),
        Approval(3),
    ]


@pytest.mark.parametrize(
    "content", ["", "{", "-1\n", "1.5\n", "80", "80\n80\n", "9" * 5000 + "\n", "[" * 10**5]
)
def test_an_approval_that_is_broken_is_none_and_a_new_one_mends_it(
    approvals: Approvals, tmp_path: Path, content: str
) -> None:
    approvals.give("shop.orders", 1)
    approvals.give("shop.items", 3)
    (tmp_path / "approvals/shop.orders").write_text(content)
    broken = approvals.of("shop.orders")
    assert broken == Approval(problem=f"{tmp_path}/approvals/shop.orders: is not a number of rows")
    assert approvals.of("shop.items") == Approval(3)
    approvals.give("shop.orders", 2)
    assert approvals.of("shop.orders") == Approval(2)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "folder of all"])
def test_nor_does_anything_but_a_file_count(
    approvals: Approvals, tmp_path: Path, kind: str
) -> None:
    approvals.give("shop.orders", 1)
    path = tmp_path / "approvals/shop.orders"
    path.unlink()
    if kind == "link":
        (tmp_path / "80").write_text("80\n")
        path.symlink_to("../80")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.parent.rmdir()
        path.parent.write_text("")
    approval = approvals.of("shop.orders")
    assert approval.rows == 0
    assert str(approval.problem).startswith(f"{path}: ")


def test_only_the_owner_of_the_store_approves(
    approvals: Approvals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PublishError, match="only the owner of the store may write into it"):
        approvals.give("shop.orders", 1)
    assert list(tmp_path.iterdir()) == []


HELD = TableEntry("a", "a", "s/a", status=Status.HELD, as_of=datetime(2026, 11, 22, tzinfo=UTC))


def generation(folder: Path, content: bytes) -> Generation:
    path = folder / "metadata" / "s" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return Generation(folder)


def test_keys_are_read_back_with_fractions(tmp_path: Path) -> None:
    one = generation(tmp_path, b'{"lost_keys": [{"id": 1.5}]}')
    assert lost_keys(one, HELD) == [{"id": 1.5}]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 100_000, b'{"lost_keys": {}}', b'{"lost_keys": [1]}', b"\xff"]
)
def test_what_no_sync_has_written_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PublishError, match="cannot be read"):
        lost_keys(generation(tmp_path, content), HELD)
