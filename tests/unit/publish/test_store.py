from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from broker.errors import LockedError, PublishError
from broker.manifest import Manifest, Status, TableEntry
from broker.publish import Audience, PruneRule, RenderedDocument, Store

from .making import contents, entry, publish, republish, version

ORDERS, SALARIES = entry("orders"), entry("salaries", "private", "hr")
TABLES = {ORDERS: 3, SALARIES: 2}


def test_an_empty_store_is_read_without_being_made(store: Store) -> None:
    assert store.current() is None
    assert store.generations() == []
    assert not store.root.exists()
    with pytest.raises(PublishError, match="nothing was published yet"):
        store.verify()


def test_a_generation_is_published_whole(store: Store) -> None:
    made = publish(store, TABLES)
    current = store.current()
    assert current is not None
    assert current.id == made.id == current.manifest.generation
    assert [table.rows for table in current.manifest.tables] == [3, 2]
    assert (store.root / "parquet/sales/orders.parquet").is_file()
    assert (store.root / "metadata/hr/salaries.json").is_file()
    assert store.verify() == []
    assert list((store.root / "staging").iterdir()) == []


def test_without_a_commit_nothing_happened(store: Store) -> None:
    first = publish(store, TABLES)
    before = contents(store.root / "generations")
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 9))
    assert store.current() == first
    assert contents(store.root / "generations") == before
    assert list((store.root / "staging").iterdir()) == []


def test_nothing_changed_is_hard_links_and_two_files_a_tree(store: Store) -> None:
    first = publish(store, TABLES)
    second = republish(store)
    assert second.manifest.previous == first.id
    new = {
        path
        for path in contents(second.path)
        if not (second.path / path).samefile(first.path / path)
    }
    trees = ("", "views/tree/", "views/private/tree/")
    files = {tree + name for tree in trees for name in ("manifest.json", "manifest.json.sig")}
    assert new == {*files, "state/readers.json"}  # which stands in the whole tree alone
    assert store.verify() == []


def test_the_same_bytes_written_again_are_linked(store: Store) -> None:
    first, second = publish(store, TABLES), publish(store, TABLES)
    for path in (
        "parquet/sales/orders.parquet",
        *("docs/schema.yml", "docs/views.sql"),
        "docs/tables/sales/orders.markdown",
        "metadata/sales/orders.json",
    ):
        assert (first.path / path).samefile(second.path / path)


def test_published_bytes_never_change(store: Store) -> None:
    first = publish(store, TABLES)
    before = contents(first.path)
    publish(store, {ORDERS: 7, SALARIES: 2}, word="other")
    store.rollback()
    publish(store, {ORDERS: 1})
    assert contents(first.path) == before
    assert store.verify(first.id) == []


def test_a_view_is_links_into_its_generation(store: Store) -> None:
    made = publish(store, TABLES)
    public, private = made.view(Audience()), made.view(Audience.of(["private"]))
    assert set(contents(public)) == {
        *("docs/schema.yml", "docs/views.sql"),
        "docs/tables/sales/orders.markdown",
        "manifest.json",
        "manifest.json.sig",
        "metadata/sales/orders.json",
        "parquet/sales/orders.parquet",
    }
    assert set(contents(private)) - set(contents(public)) == {
        "docs/tables/hr/salaries.markdown",
        "metadata/hr/salaries.json",
        "parquet/hr/salaries.parquet",
    }
    for view in (public, private):
        file = "parquet/sales/orders.parquet"
        assert (view / file).samefile(made.path / file)
    schema = yaml.safe_load((public / "docs/schema.yml").read_bytes())
    assert list(schema["tables"]) == ["sales/orders"]


def test_documents_follow_their_class_and_descriptions_their_tree(store: Store) -> None:
    def describe(manifest: Manifest) -> dict[str, bytes]:
        names = ",".join(table.name for table in manifest.tables)
        return {"docs/tables.txt": names.encode()}

    with store.begin() as staging:
        for table, rows in TABLES.items():
            staging.put(table, version(staging, table, rows))
        made = staging.commit(
            {"metadata/hr/salaries.profile.json": RenderedDocument("private", b"{}")}, describe
        )
    private = made.view(Audience.of(["private"]))
    assert (made.view(Audience()) / "docs/tables.txt").read_text() == "orders"
    assert (private / "docs/tables.txt").read_text() == "orders,salaries"
    profile = "metadata/hr/salaries.profile.json"
    assert (private / profile).samefile(made.path / profile)
    assert profile not in contents(made.view(Audience()))
    assert store.verify() == []


def test_a_table_that_changes_its_class_moves_without_touching_the_past(store: Store) -> None:
    first = publish(store, TABLES)
    with store.begin() as staging:
        for table in first.manifest.tables:
            staging.keep(replace(table, access="private"))
        second = staging.commit()
    file = "parquet/sales/orders.parquet"
    assert (first.view(Audience()) / file).is_file()
    assert not (second.view(Audience()) / file).exists()
    assert (second.view(Audience.of(["private"])) / file).is_file()


def test_back_to_the_one_before_and_to_any(store: Store) -> None:
    made = [publish(store, {ORDERS: rows}) for rows in (1, 2, 3)]
    assert store.rollback() == made[1]
    assert store.rollback() == made[0]
    with pytest.raises(PublishError, match="no older generation"):
        store.rollback()
    assert store.rollback(made[2].id) == made[2]
    assert store.current() == made[2]
    assert store.generations() == made
    with pytest.raises(PublishError, match="no such generation"):
        store.rollback("2020-01-01T000000Z-0000")


def test_after_going_back_the_next_run_goes_on_from_there(store: Store) -> None:
    first = publish(store, {ORDERS: 1})
    second = publish(store, {ORDERS: 2})
    store.rollback()
    third = republish(store)
    assert third.manifest.previous == first.id
    assert second.id < third.id
    assert store.before(third) == first
    assert store.rollback() == first
    assert third.manifest.tables[0].rows == 1
    assert third.id > second.id


def test_nobody_goes_back_to_a_generation_that_is_not_whole(store: Store) -> None:
    first = publish(store, {ORDERS: 1})
    second = publish(store, {ORDERS: 2})
    (first.path / "parquet/sales/orders.parquet").unlink()
    with pytest.raises(PublishError, match=r"not whole.*orders\.parquet is missing"):
        store.rollback()
    assert store.current() == second


def test_a_new_audience_gets_its_view_now_and_later(store: Store) -> None:
    hr = entry("people", "hr", "hr")
    first = publish(store, {ORDERS: 1, hr: 1, entry("ledger", "finance"): 1})
    wanted = Audience.of(["finance", "hr"])
    assert store.expose([["hr", "finance"]]) == [wanted]
    assert store.expose([["public", "finance", "hr"]]) == []
    assert store.expose([["finance"], ["hr"]]) == [Audience.of(["finance"]), Audience.of(["hr"])]
    names = {"sales/orders.parquet", "hr/people.parquet", "sales/ledger.parquet"}
    for generation in (first, republish(store)):
        assert store.verify(generation.id) == []
        assert set(contents(generation.view(wanted) / "parquet")) == names
    assert store.root.joinpath("audiences.json").stat().st_mode & 0o7777 == 0o640


def test_going_back_finds_the_views_of_today(store: Store) -> None:
    first = publish(store, {ORDERS: 1})
    publish(store, {ORDERS: 2})
    store.expose([["hr"]])
    assert store.rollback() == first
    assert (first.view(Audience.of(["hr"])) / "parquet/sales/orders.parquet").is_file()
    assert store.verify() == []


def test_an_audience_may_be_asked_for_before_there_is_data(store: Store) -> None:
    assert store.expose([["hr"]]) == []
    assert publish(store, {ORDERS: 1}).view(Audience.of(["hr"])).is_dir()


def test_a_torn_list_of_audiences_forgets_nobody(store: Store) -> None:
    publish(store, {ORDERS: 1})
    for torn in ("", "{", "7", "[1]"):
        (store.root / "audiences.json").write_text(torn)
        with pytest.raises(PublishError, match="list of audiences"):
            publish(store, {ORDERS: 2})
    assert store.verify() == []


def test_an_audience_may_be_exposed_while_a_run_goes_on(store: Store) -> None:
    publish(store, {ORDERS: 1})
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 2))
        store.expose([["hr"]])
        made = staging.commit()
    assert made.view(Audience.of(["hr"])).is_dir()
    assert store.verify() == []


def test_two_publishers_at_once(store: Store) -> None:
    with store.begin() as staging:
        with pytest.raises(LockedError):
            store.begin()
        with pytest.raises(LockedError):
            store.rollback()
        staging.put(ORDERS, version(staging, ORDERS, 1))
        staging.commit()
        publish(store, {ORDERS: 2})


def test_what_a_dead_run_left_is_swept(store: Store) -> None:
    publish(store, {ORDERS: 1})
    left = store.root / "staging" / "2020-01-01T000000Z-0000" / "new"
    left.mkdir(parents=True)
    (left / "half.parquet").write_bytes(b"PAR1")
    (store.root / ".current.new").symlink_to("nowhere")
    publish(store, {ORDERS: 2})
    assert list((store.root / "staging").iterdir()) == []
    assert not (store.root / ".current.new").is_symlink()


def test_below_the_reserve_no_run_begins(tmp_path: Path) -> None:
    store = Store(tmp_path / "data", reserve_bytes=2**62)
    with pytest.raises(PublishError, match="not enough free space"):
        store.begin()
    assert store.current() is None
    assert list((store.root / "staging").iterdir()) == []


def test_a_lost_generation_is_not_taken_for_an_empty_store(store: Store) -> None:
    made = publish(store, {ORDERS: 1})
    made.path.rename(store.root / "elsewhere")
    with pytest.raises(PublishError, match="no such generation"):
        store.current()
    with pytest.raises(PublishError, match="no such generation"):
        store.begin()


def test_a_torn_manifest_stops_the_next_run(store: Store) -> None:
    made = publish(store, {ORDERS: 1})
    (made.path / "manifest.json").write_bytes(b"{")
    with pytest.raises(PublishError, match=r"cannot be read.*rollback"):
        store.begin()


def _aged(store: Store, count: int) -> list[str]:
    """Generations a day apart, each superseded as the next came."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for day in range(count):
        with store.begin(now=start + timedelta(days=day)) as staging:
            staging.put(ORDERS, version(staging, ORDERS, day + 1))
            made.append(staging.commit().id)
    for day, name in enumerate(made[:-1], start=1):
        stamp = (start + timedelta(days=day)).timestamp()
        os.utime(store.root / ".superseded" / name, (stamp, stamp))
    return made


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_prune_keeps_the_newest_by_count(store: Store) -> None:
    made = _aged(store, 6)
    assert store.prune(PruneRule(count=3), NEW_YEAR + timedelta(days=8)) == made[:3]
    assert [generation.id for generation in store.generations()] == made[3:]
    assert {path.name for path in (store.root / ".superseded").iterdir()} == set(made[3:5])
    assert list((store.root / "staging").iterdir()) == []
    assert store.verify() == []


def test_prune_by_age_and_by_space(store: Store) -> None:
    made = _aged(store, 4)
    now = NEW_YEAR + timedelta(days=8)
    assert store.prune(PruneRule(days=3), now) == made[:1]
    assert store.prune(PruneRule(min_free_bytes=1), now) == []
    assert store.prune(PruneRule(min_free_bytes=2**62), now) == made[1:3]
    assert [generation.id for generation in store.generations()] == made[3:]


def test_prune_leaves_readers_their_time(store: Store) -> None:
    made = _aged(store, 4)
    now = NEW_YEAR + timedelta(days=3, hours=12)
    assert store.prune(PruneRule(count=1), now) == made[:2]


def test_prune_leaves_a_generation_that_is_open(store: Store) -> None:
    made = _aged(store, 3)
    reader = os.open(store.generation(made[0]).view(Audience()), os.O_RDONLY)
    try:
        later = NEW_YEAR + timedelta(days=9)
        assert store.prune(PruneRule(count=1), later) == made[1:2]
    finally:
        os.close(reader)
    assert store.prune(PruneRule(count=1), later) == made[:1]


def test_prune_never_takes_the_newest_good_one(store: Store) -> None:
    made = _aged(store, 2)
    for _ in range(2):
        with store.begin() as staging:
            assert staging.previous is not None
            for table in staging.previous.manifest.tables:
                staging.keep(replace(table, status=Status.FAILED, error="no answer"))
            staging.commit()
    far = datetime.now(UTC) + timedelta(days=400)
    assert made[0] in store.prune(PruneRule(count=1), far)
    assert made[1] in [generation.id for generation in store.generations()]


def test_prune_gives_a_generation_of_unknown_end_its_time(store: Store) -> None:
    made = _aged(store, 2)
    (store.root / ".superseded" / made[0]).unlink()
    far = datetime.now(UTC) + timedelta(days=400)
    assert store.prune(PruneRule(count=1), far) == []
    assert store.prune(PruneRule(count=1), far) == made[:1]


def test_the_owner_of_the_store_publishes_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, {ORDERS: 1})
    monkeypatch.setattr(os, "geteuid", lambda: store.root.stat().st_uid + 1)
    with pytest.raises(PublishError, match="only the owner"):
        store.begin()


def test_what_spans_classes_is_not_given_to_a_class(tmp_path: Path) -> None:
    own = os.getegid()
    with pytest.raises(PublishError, match="operators' group"):
        Store(tmp_path / "data", {"public": own, "private": own + 1}).begin()


def test_a_table_is_found_by_its_id(store: Store) -> None:
    made = publish(store, TABLES)
    found = made.manifest.table("in.orders")
    assert isinstance(found, TableEntry)
    assert found.rows == 3
    assert made.manifest.table("in.none") is None
