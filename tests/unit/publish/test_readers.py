"""Who could read what: certain or not, remembered or not, the same rows or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.publish import Approval, Deletion, Memory, Readers, Store, Widening
from broker.publish.readers import Published, meet

from .making import entry, publish, republish

PUBLIC = Readers("public", "dataread")
HR = Readers("hr", "data-hr")
FINANCE = Readers("finance", "data-finance")


@pytest.mark.parametrize(
    ("before", "after", "certain"),
    [
        (PUBLIC, HR, True),
        (PUBLIC, Readers("public", "people"), True),
        (HR, HR, True),
        (HR, Readers("people", "data-hr"), True),
        (Readers("hr"), HR, True),
        (HR, Readers("hr"), True),
        (HR, PUBLIC, False),
        (HR, FINANCE, False),
        (HR, Readers("hr", "people"), False),
        (HR, Readers("public", "data-hr"), False),
        (Readers("hr"), FINANCE, False),
        (Readers("hr"), Readers("public"), False),
        (Readers("-"), Readers("hr"), False),
    ],
)
def test_what_is_certain(before: Readers, after: Readers, certain: bool) -> None:
    assert before.cover(after) == certain


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("csv /in/pay", "csv /in/pay", True),
        ("csv /in/pay", "csv /in/pay/2026", True),
        ("csv /in/pay", "csv /in/p*", True),
        ("csv /in/pay", "csv /in/**/x", True),
        ("csv /in/pay*", "csv /in/*y", True),
        ("csv /in/pay[12]", "csv /in/pay1", True),
        ("csv /in/a*", "csv /in/b*", False),
        ("csv /in/*a", "csv /in/*b", False),
        ("csv /in/pay", "csv /in/payroll", False),
        ("csv /in/pay", "csv /other/pay", False),
        ("csv /in/pay/1", "csv /in/pay/2", False),
    ],
)
def test_places_of_the_same_rows(one: str, other: str, may: bool) -> None:
    assert meet(one, other) == meet(other, one) == may


def memory(**tables: tuple[Readers, str]) -> Memory:
    """Tables by name, each with its readers and the place of its rows."""
    return Memory().after(
        {name: readers for name, (readers, _) in tables.items()},
        {name: frozenset({place}) for name, (_, place) in tables.items()},
        {},
    )


def narrower(known: Memory, name: str, place: str, after: Readers) -> set[str]:
    return {one.id for one in known.narrower(name, frozenset({place}), after)}


def test_a_table_is_known_by_its_id_and_its_rows_by_their_place() -> None:
    known = memory(pay=(HR, "x"), cities=(PUBLIC, "y"))
    assert narrower(known, "pay", "z", PUBLIC) == {"pay"}
    assert narrower(known, "new", "x", PUBLIC) == {"pay"}
    assert narrower(known, "cities", "x", PUBLIC) == {"pay"}
    assert narrower(known, "new", "x", HR) == set()
    assert narrower(known, "new", "z", PUBLIC) == set()
    assert narrower(known, "new", "y", HR) == set()
    assert narrower(known, "cities", "y", HR) == set()


def test_readers_with_and_without_a_known_group_stand_beside_each_other() -> None:
    known = memory(pay=(Readers("hr"), "x")).after({"pay": HR}, {"pay": frozenset({"y"})}, {})
    found = known.narrower("pay", frozenset({"x"}), PUBLIC)
    assert found == (Published("pay", HR), Published("pay", Readers("hr")))


def test_two_tables_of_the_same_rows_from_the_start_need_no_word() -> None:
    known = memory(pay=(HR, "x"), open=(PUBLIC, "x"))
    for _ in range(2):
        assert narrower(known, "pay", "x", HR) == narrower(known, "open", "x", PUBLIC) == set()
        known = known.after(
            {"pay": HR, "open": PUBLIC}, dict.fromkeys(("pay", "open"), frozenset({"x"})), {}
        )


def test_rows_that_a_table_had_before_another_took_them_too_need_no_word() -> None:
    known = memory(pay=(HR, "in/pay"), every=(PUBLIC, "in/*"))
    assert narrower(known, "every", "in/*", PUBLIC) == set()
    assert narrower(known, "other", "in/*", PUBLIC) == {"pay"}


def test_the_last_readers_of_a_place_count_and_not_those_before() -> None:
    known = memory(cities=(PUBLIC, "x"))
    known = known.after({"towns": HR}, {"towns": frozenset({"x"})}, {})
    assert narrower(known, "third", "x", PUBLIC) == {"towns"}
    known = known.after({}, {}, {})
    assert narrower(known, "third", "x", PUBLIC) == {"towns"}


def test_rows_that_a_table_left_are_still_known() -> None:
    known = memory(pay=(HR, "x")).after({"pay": HR}, {"pay": frozenset({"y"})}, {})
    assert narrower(known, "new", "x", PUBLIC) == {"pay"}


def test_a_held_table_keeps_its_place_beside_others() -> None:
    known = memory(pay=(HR, "x"))
    waits = Widening("pay", (Published("pay", HR),), FINANCE, "g")
    known = known.after({"same": HR}, {"same": frozenset({"x"})}, {"pay": waits})
    assert known.places["x"] == {"same": HR, "pay": HR}
    assert known.tables == {"pay": HR, "same": HR}


def test_it_is_kept_and_comes_back() -> None:
    known = memory(pay=(HR, "x"), open=(Readers("public"), "x"))
    known = known.after({}, {}, {"pay": Widening("pay", (Published("pay", HR),), PUBLIC, "g")})
    assert Memory.from_json(known.to_json("g"), "g", where="") == known
    with pytest.raises(PublishError, match="it belongs to another generation"):
        Memory.from_json(known.to_json("g"), "h", where="")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format": 2}', b'{"format": 1, "tables": 1}', b"[" * 10**5]
)
def test_what_no_broker_writes_is_one_sentence(content: bytes) -> None:
    with pytest.raises(PublishError, match="the list of who could read the tables cannot be read"):
        Memory.from_json(content, "g", where="state/readers.json")


def test_each_generation_has_its_own_so_that_one_that_breaks_breaks_no_other(store: Store) -> None:
    first = publish(store, {entry("a"): 1, entry("b", "private"): 2})
    second = republish(store)
    assert second.memory == first.memory
    (second.path / "state/readers.json").chmod(0o600)
    (second.path / "state/readers.json").write_text("{")
    assert store.rollback() == first
    republish(store)


def test_an_approval_is_of_one_change(tmp_path: Path) -> None:
    approvals = Store(tmp_path).approvals
    waits = Widening("pay", (Published("pay", HR),), PUBLIC, "g")
    approvals.give_readers(waits)
    approvals.give("pay", Deletion("deletion", 3, "3" * 64))
    assert approvals.of("pay") == Approval(3, "3" * 64, waits.digest)
    assert approvals.of("pay").fits(waits)
    for other in (
        Widening("pay", waits.before, PUBLIC, "h"),
        Widening("pay", waits.before, FINANCE, "g"),
        Widening("pay", (Published("pay", FINANCE),), PUBLIC, "g"),
        Widening("pay", (Published("cities", HR),), PUBLIC, "g"),
    ):
        assert not approvals.of("pay").fits(other)
    approvals.use_up_readers(["pay", "cities"])
    assert approvals.of("pay") == Approval(3, "3" * 64)
    approvals.use_up(["pay"])
    approvals.give_readers(waits)
    approvals.use_up_readers(["pay"])
    assert list((tmp_path / "approvals").iterdir()) == []


def test_words_say_who_could_and_who_could_now() -> None:
    before = (Published("cities", Readers("hr")), Published("pay", HR))
    assert Widening("pay", before, PUBLIC, "g").words == (
        "before, class hr could read the same rows as cities, and class hr (group data-hr) could "
        "read it; now every analyst (class public) could"
    )


def test_a_table_without_a_class_is_in_no_view_and_is_the_publishers_own(store: Store) -> None:
    made = publish(store, {entry("a"): 1, entry("secret", "-"): 2})
    for audience in made.audiences():
        assert "secret" not in (made.view(audience) / "manifest.json").read_text()
    assert not (made.path / "metadata/sales/secret.json").exists()
    (found,) = (one for one in made.manifest.tables if one.name == "secret")
    files = [made.path / file.path for file in found.files]
    assert {path.stat().st_gid for path in files} == {os.getegid()}
    assert store.verify() == []
