"""When losses are held back, what an approval is worth, and which rows would go."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.manifest import Status, TableEntry
from broker.publish import Approval, Approvals, Deletion, Generation, Store
from broker.publish.deletions import deletion_note, deletion_of
from broker.sync.held import HeldError, check_losses, is_promised

ONE, OTHER = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("before", "losses", "fraction"), [(100, 50, 0.5), (100, 0, 0.0), (0, 0, 0.5), (100, 100, 1.0)]
)
def test_losses_within_the_promise_need_no_approval(
    before: int, losses: int, fraction: float
) -> None:
    assert is_promised(before, losses, fraction)


@pytest.mark.parametrize(("before", "losses", "fraction"), [(100, 51, 0.5), (100, 1, 0.0)])
def test_losses_past_it_do(before: int, losses: int, fraction: float) -> None:
    assert not is_promised(before, losses, fraction)


def test_exactly_what_was_approved_passes() -> None:
    check_losses("shop.orders", 100, Deletion("deletion", 80, ONE), 0.5, Approval(80, ONE))


@pytest.mark.parametrize(
    "approval",
    [
        Approval(),
        Approval(80, OTHER),
        Approval(81, OTHER),
        Approval(81, ONE),
        Approval(79, ONE),
        Approval(80),
        Approval(readers=ONE),
    ],
)
def test_all_else_is_held(approval: Approval) -> None:
    deletion = Deletion("deletion", 80, ONE)
    with pytest.raises(HeldError) as caught:
        check_losses("shop.orders", 100, deletion, 0.5, approval)
    assert caught.value.deletion == deletion
    assert "`broker approve --if-found 111111111111 shop.orders`" in str(caught.value)


def test_what_is_not_known_is_not_approved(approvals: Approvals) -> None:
    unknown = Deletion("deletion", 80, "")
    assert not Approval(80, "").lets_go(unknown)
    with pytest.raises(PublishError, match="it is not known which rows would go"):
        approvals.give("shop.orders", unknown)


def test_the_message_says_how_much_and_how_much_was_allowed() -> None:
    with pytest.raises(HeldError) as caught:
        check_losses("shop.orders", 5000, Deletion("deletion", 4000, ONE), 0.5, Approval())
    assert str(caught.value) == (
        "shop.orders: 4,000 of 5,000 rows are gone (80 %); expected at most 50 % "
        "(max_delete_fraction). If that is right, run `broker approve --if-found 111111111111 "
        "shop.orders` and sync again."
    )


@pytest.mark.parametrize(
    ("approval", "sentence"),
    [
        (Approval(problem="/x: broken"), "found an approval that does not count, /x: broken"),
        (
            Approval(4000, OTHER),
            "found an approval of other rows than would go now: 4,000 rows (222222222222)",
        ),
    ],
)
def test_an_approval_that_does_not_fit_is_in_the_message(approval: Approval, sentence: str) -> None:
    with pytest.raises(HeldError, match=re.escape(sentence)):
        check_losses("shop.orders", 5000, Deletion("deletion", 4000, ONE), 0.5, approval)


@pytest.fixture
def approvals(tmp_path: Path) -> Approvals:
    return Store(tmp_path).approvals


def test_an_approval_is_kept_until_it_is_used(approvals: Approvals) -> None:
    approvals.give("shop.orders", Deletion("deletion", 80, ONE))
    approvals.give("shop.items", Deletion("columns", 3, OTHER))
    assert [approvals.of(name) for name in ("shop.orders", "shop.items", "other")] == [
        Approval(80, ONE),
        Approval(3, OTHER),
        Approval(),
    ]
    approvals.use_up(["shop.orders", "other"])
    assert [approvals.of(name) for name in ("shop.orders", "shop.items")] == [
        Approval(),
        Approval(3, OTHER),
    ]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "-1\n", "1.5\n", "80", "80\n80\n", "9" * 5000 + "\n", "[" * 10**5),
        *(f"deletion 80 {ONE}", f"deletion {ONE}\n", f"deletion 80 {ONE[:12]}\n"),
        *(f"deletion 80 {ONE}\n" * 2, f"readers {ONE}\ndeletion 80 {ONE}\n", f"80\n{ONE}\n"),
    ],
)
def test_an_approval_that_is_broken_is_none_and_a_new_one_mends_it(
    approvals: Approvals, tmp_path: Path, content: str
) -> None:
    approvals.give("shop.orders", Deletion("deletion", 1, ONE))
    approvals.give("shop.items", Deletion("deletion", 3, ONE))
    (tmp_path / "approvals/shop.orders").write_text(content)
    broken = approvals.of("shop.orders")
    assert broken == Approval(problem=f"{tmp_path}/approvals/shop.orders: is not an approval")
    assert approvals.of("shop.items") == Approval(3, ONE)
    approvals.give("shop.orders", Deletion("deletion", 2, OTHER))
    assert approvals.of("shop.orders") == Approval(2, OTHER)


@pytest.mark.parametrize("readers", [None, ONE])
def test_an_approval_of_an_older_release_lets_no_row_go(
    approvals: Approvals, tmp_path: Path, readers: str | None
) -> None:
    approvals.give("shop.orders", Deletion("deletion", 1, ONE))
    content = "80\n" + (f"readers {readers}\n" if readers else "")
    (tmp_path / "approvals/shop.orders").write_text(content)
    found = approvals.of("shop.orders")
    assert (found.rows, found.deletion, found.readers) == (0, None, readers)
    assert "an older release wrote it, for a number of rows" in str(found.problem)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "folder of all"])
def test_nor_does_anything_but_a_file_count(
    approvals: Approvals, tmp_path: Path, kind: str
) -> None:
    approvals.give("shop.orders", Deletion("deletion", 1, ONE))
    path = tmp_path / "approvals/shop.orders"
    path.unlink()
    if kind == "link":
        (tmp_path / "80").write_text(f"deletion 80 {ONE}\n")
        path.symlink_to("../80")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.parent.rmdir()
        path.parent.write_text("")
    approval = approvals.of("shop.orders")
    assert (approval.rows, approval.deletion) == (0, None)
    assert str(approval.problem).startswith(f"{path}: ")


def test_only_the_owner_of_the_store_approves(
    approvals: Approvals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PublishError, match="only the owner of the store may write into it"):
        approvals.give("shop.orders", Deletion("deletion", 1, ONE))
    assert list(tmp_path.iterdir()) == []


HELD = TableEntry(
    *("a", "a", "s/a"),
    status=Status.HELD,
    as_of=datetime(2026, 11, 22, tzinfo=UTC),
    losses=7,
)


def generation(folder: Path, content: bytes) -> Generation:
    path = folder / "metadata" / "s" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return Generation(folder)


@pytest.mark.parametrize("what", ["deletion", "columns"])
def test_what_would_go_is_read_back_with_fractions(tmp_path: Path, what: str) -> None:
    deletion = Deletion(what, 7, ONE, [{"id": 1.5}])
    one = generation(tmp_path, json.dumps(deletion_note(deletion)).encode())
    assert deletion_of(one, HELD) == deletion
    assert deletion_of(one, replace(HELD, losses=0)) is None
    assert deletion_of(one, replace(HELD, status=Status.FAILED)) is None


def test_what_an_older_release_held_is_read_back_without_a_digest(tmp_path: Path) -> None:
    one = generation(tmp_path, b'{"lost_keys": [{"id": 1}]}')
    found = deletion_of(one, HELD)
    assert found == Deletion("deletion", 7, "", [{"id": 1}])
    assert "did not record which" in found.words
    assert deletion_note(found) == {"lost_keys": [{"id": 1}]}
    assert deletion_note(None) == {}


NOTE = {"what": "deletion", "digest": ONE}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"[" * 100_000, b'{"lost_keys": {}}', b'{"lost_keys": [1]}', b"\xff"),
        *(
            json.dumps({"deletion": note}).encode()
            for note in (
                *(None, [], {}, {"what": "deletion"}, NOTE | {"what": "readers"}),
                *(NOTE | {"digest": ONE[:12]}, NOTE | {"digest": 1}, NOTE | {"rows": 3}),
                *(NOTE | {"digest": None}, NOTE | {"what": []}, NOTE | {"digest": ONE + "\n"}),
            )
        ),
    ],
)
def test_what_no_sync_has_written_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PublishError, match="cannot be read"):
        deletion_of(generation(tmp_path, content), HELD)
