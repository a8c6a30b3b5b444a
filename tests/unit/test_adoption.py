"""A store of another host belongs to the accounts of this one, whatever numbers they have."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from broker.adoption import StoreIds, adopt, is_foreign
from broker.mark import NAME
from broker.publish import Store
from tests.unit.publish.making import entry, publish

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

CLASSES = ("public", "private", "hr")
THERE = StoreIds(993, 993, 995, {"public": 996, "private": 994, "hr": 992}, 991)
ELSEWHERE = StoreIds(987, 986, 989, {"public": 990, "private": 988, "hr": 985}, 984)
# Numbers that were others': what was private there is that of all analysts here.
SWAPPED = StoreIds(993, 995, 992, {"public": 994, "private": 996, "hr": 993}, 991)
# The service has the number that analysts' group had, and is it itself no more.
SHIFTED = StoreIds(994, 994, 996, {"public": 995, "private": 993, "hr": 997}, 992)


class Disk:
    """What a host published, as another finds it."""

    def __init__(self, folder: Path) -> None:
        self.store, self.inputs = folder / "src_data", folder / "input"
        self.record = folder / "state/store-owners.json"
        store = Store(self.store, THERE.classes, operators=THERE.operators, catalog=THERE.catalog)
        tables = {entry(name, access=name): 3 for name in ("public", "private")}
        publish(store, tables)
        store.expose([["hr"], ["hr", "private"]])
        publish(store, {**tables, entry("people", access="hr"): 2})
        (self.store / NAME).write_text("a1234567\n")
        for path in (self.store, *self.store.rglob("*")):
            own = path.lstat().st_gid or THERE.own
            os.chown(path, THERE.service, own, follow_symlinks=False)
        os.chown(self.store / NAME, 0, THERE.operators)
        self.inputs.mkdir()
        (self.inputs / "rows.csv").write_text("n\n1\n")
        for path in (self.inputs, self.inputs / "rows.csv"):
            os.chown(path, 0, THERE.own)

    def owners(self, accounts: StoreIds) -> dict[str, tuple[str, str]]:
        """Each path with the names of its owner and group, where these are the accounts."""
        groups = {gid: name for name, gid in accounts.classes.items()}
        groups |= {accounts.operators: "operators", 0: "root"}
        if accounts.catalog is not None:
            groups[accounts.catalog] = "catalog"
        groups.setdefault(accounts.own, "own")
        users = {accounts.service: "service", 0: "root"}
        found = {}
        for path in sorted([*self.store.rglob("*"), self.inputs, *self.inputs.iterdir()]):
            status = path.lstat()
            named = users.get(status.st_uid, "?"), groups.get(status.st_gid, "?")
            found[str(path.relative_to(self.store.parent))] = named
        return found

    def adopt(self, accounts: StoreIds) -> None:
        adopt(self.store, self.inputs, accounts, self.record)

    def is_foreign(self, accounts: StoreIds, *, known: bool = False) -> bool:
        return is_foreign(self.store, accounts, self.record, known=known)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.mark.parametrize("accounts", [ELSEWHERE, SWAPPED, SHIFTED])
def test_each_file_goes_to_who_stands_for_its_owner_here(disk: Disk, accounts: StoreIds) -> None:
    before = disk.owners(THERE)
    assert "?" not in {name for owner in before.values() for name in owner}
    assert {group for _, group in before.values()} >= {"operators", "own", "catalog", *CLASSES}
    assert disk.is_foreign(accounts)
    disk.adopt(accounts)
    assert disk.owners(accounts) == before
    assert not disk.is_foreign(accounts)
    assert not disk.record.exists()


class CutOffError(Exception):
    """In place of a power failure."""


def cut_off_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of chown(2) is the last one of its run, later each time."""
    real, calls, last = os.chown, count(), iter(range(0, 1_000_000, 23))
    ends = next(last)

    def _chown(*arguments: object, **options: object) -> None:
        nonlocal ends
        if next(calls) == ends:
            ends += next(last)
            raise CutOffError
        real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "chown", _chown)


@pytest.mark.parametrize("accounts", [ELSEWHERE, SWAPPED, SHIFTED])
def test_what_was_cut_off_at_any_file_is_completed_by_the_next_run(
    disk: Disk, accounts: StoreIds, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, runs = disk.owners(THERE), 0
    with monkeypatch.context() as patched:
        cut_off_often(patched)
        while disk.is_foreign(accounts):
            runs += 1
            with suppress(CutOffError):
                disk.adopt(accounts)
    assert runs > 5
    assert disk.owners(accounts) == before


def test_a_store_of_this_host_stays_as_it_is_where_a_class_gets_another_group(disk: Disk) -> None:
    moved = replace(THERE, classes={**THERE.classes, "hr": 984})
    assert not disk.is_foreign(THERE)
    assert not disk.is_foreign(moved, known=True)
    assert disk.is_foreign(moved)


def test_what_belonged_to_an_unknown_class_is_for_the_service_alone(disk: Disk) -> None:
    less = StoreIds(987, 986, 989, {"public": 990, "private": 988})
    before = disk.owners(THERE)
    disk.adopt(less)
    after = disk.owners(less)
    assert {after[path] for path, owner in before.items() if owner[1] == "hr"} == {
        ("service", "own")
    }


def test_files_of_other_accounts_and_what_a_link_names_are_left_alone(disk: Disk) -> None:
    outside = disk.store.parent / "outside"
    outside.write_text("")
    os.chown(outside, THERE.service, THERE.own)
    (disk.store / "staging/link").symlink_to(outside)
    strange = disk.store / "staging/strange"
    strange.write_text("")
    os.chown(strange, 4711, THERE.own)
    disk.adopt(ELSEWHERE)
    assert (outside.stat().st_uid, outside.stat().st_gid) == (THERE.service, THERE.own)
    assert strange.stat().st_uid == 4711


def test_there_is_nothing_to_adopt_before_the_first_sync_or_of_roots(tmp_path: Path) -> None:
    store = tmp_path / "src_data"
    assert not is_foreign(store, THERE, tmp_path / "record", known=False)
    store.mkdir()
    assert not is_foreign(store, THERE, tmp_path / "record", known=False)
