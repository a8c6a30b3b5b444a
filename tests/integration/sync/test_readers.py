"""A table that more people could read than before waits for a person, and nothing tells of it."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from broker.cli import store as opening
from broker.publish import Audience, Generation, Store
from tests.unit.publish.making import contents

from .conftest import DESCRIPTION, SALARIES, Instance

SALARY = "in.c-hr.salaries"
HELD = f"{SALARY}: more people could read it than before; expected no more readers than before"
TEXT = Path(__file__).parents[3] / "docs/generations.md"
(APPROVE,) = re.findall(
    r"^    broker (approve .+) --config \./config --data \./data$", TEXT.read_text(), re.MULTILINE
)
BEFORE = "before, class private could read it; now every analyst (class public) could"


def describe(instance: Instance, old: str, new: str) -> None:
    path = instance.config / "data_description.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def current(instance: Instance) -> Generation:
    return Store(instance.data).generation()


def view(instance: Instance, *classes: str) -> dict[str, bytes]:
    return contents(current(instance).view(Audience.of(classes)))


def says(instance: Instance, *classes: str) -> bytes:
    """Every name and byte of a view. Look for long words: a signature may hold any short one."""
    return b"".join(path.encode() + content for path, content in view(instance, *classes).items())


@pytest.fixture
def published(instance: Instance) -> Instance:
    assert instance.sync()["exit_code"] == 0
    return instance


def opened(instance: Instance) -> None:
    """The private table becomes public in the description."""
    describe(instance, "    access: private\n", "")


def test_a_table_that_leaves_its_class_is_held_and_the_others_go_on(published: Instance) -> None:
    before = view(published, "private")["parquet/hr/salaries.parquet"]
    opened(published)
    published.csv("salaries", SALARIES + "2,6000.00\n")
    published.csv("customers", "id,name\n1,Ada\n2,Grace\n3,Mary\n")
    report = published.sync()
    assert report["exit_code"] == 1
    tables = {one["table"]: one for one in report["tables"]}
    assert tables["hr/salaries"]["error"].startswith(HELD)
    assert tables["hr/salaries"]["warnings"] == [BEFORE]
    assert tables["shop/customers"]["rows"] == 3
    status = published.status()
    assert (status["hr/salaries"]["status"], status["hr/salaries"]["access"]) == ("held", "private")
    assert f"hr/salaries: {BEFORE}" in published.here("status").stdout.replace("\n", "")
    assert view(published, "private")["parquet/hr/salaries.parquet"] == before
    assert b"salaries" not in says(published)
    assert Store(published.data).verify() == []


def test_tables_that_change_their_places_with_a_held_one_wait_and_others_go_on(
    published: Instance,
) -> None:
    opened(published)
    describe(published, "    folder: hr\n", "    folder: shop\n    name: customers\n")
    customers = "  - id: in.c-shop.customers\n"
    describe(published, customers, f"{customers}    folder: hr\n    name: salaries\n")
    describe(published, "tables:\n", "tables:\n  - {id: in.c-x.cities}\n  - {id: a.b, folder: c}\n")
    published.csv("cities", "id\n1\n")
    published.csv("b", "id\n1\n")
    report = published.sync()
    assert report["exit_code"] == 1
    found = {path: one["status"] for path, one in published.status().items()}
    assert found == {
        "hr/salaries": "held",
        "shop/customers": "failed",
        "shop/orders": "ok",
        "in.c-x/cities": "ok",
        "c/b": "ok",
    }
    error = published.status()["shop/customers"]["error"]
    assert "another table stands at this path until it is published at its own" in error
    assert "found hr/salaries" in error
    assert SALARY not in error
    describe(published, "  - {id: a.b, folder: c}\n", "  - {id: a.b, folder: hr, name: salaries}\n")
    describe(published, "    folder: hr\n    name: salaries\n", "")
    describe(published, "    folder: shop\n    name: customers\n", "    folder: payroll\n")
    report = published.sync()
    failed = next(one for one in report["tables"] if one["status"] == "failed")
    assert "another table stands at this path" in failed["error"]
    assert failed["table"] == "c/b"
    assert published.here("approve", SALARY).returncode == 0
    assert published.sync()["exit_code"] == 0
    assert {"payroll/salaries", "hr/salaries", "shop/customers"} <= published.status().keys()


def test_a_new_table_finds_no_room_at_the_path_of_a_held_one(published: Instance) -> None:
    opened(published)
    describe(published, "    folder: hr\n", "    folder: payroll\n")
    new = "tables:\n  - {id: a.b, folder: hr, name: Salaries}\n"
    describe(published, "tables:\n", new)
    published.csv("b", "secret\n1\n")
    report = published.sync()
    assert report["exit_code"] == 1
    assert [one["status"] for one in report["tables"]] == ["failed", "ok", "ok", "held"]
    assert b"secret" not in says(published) + says(published, "private")
    assert "hr/Salaries" not in published.status()
    assert published.here("approve", SALARY).returncode == 0
    assert published.sync()["exit_code"] == 0
    assert published.rows("hr/Salaries") == [(1,)]


def test_the_journal_tells_it(published: Instance) -> None:
    opened(published)
    done = published.broker("sync")
    assert done.returncode == 1
    line = next(line for line in done.stderr.splitlines() if "status=held" in line)
    assert f"broker approve {SALARY}" in line
    assert f'warning="{BEFORE}"' in done.stderr
    assert "1 not brought up to date" in done.stdout


def test_it_stays_held_until_it_is_approved_and_then_is_as_described(published: Instance) -> None:
    opened(published)
    for _ in range(2):
        assert published.sync()["exit_code"] == 1
    approved = published.here(*APPROVE.split())
    assert approved.stdout.splitlines() == [
        f"{SALARY}: {BEFORE}",
        f"{SALARY}: approved, for the next sync",
    ]
    assert published.sync()["exit_code"] == 0
    assert "parquet/hr/salaries.parquet" in view(published)
    assert list((published.data / "approvals").iterdir()) == []
    assert published.sync()["exit_code"] == 0


def test_a_description_that_is_put_back_needs_no_word(published: Instance) -> None:
    opened(published)
    published.sync()
    closed(published)
    assert published.sync()["exit_code"] == 0
    assert published.status()["hr/salaries"]["access"] == "private"
    assert published.here("approve", "hr/salaries").returncode == 1


def test_a_source_that_fails_shows_a_held_table_to_nobody_else(published: Instance) -> None:
    opened(published)
    (published.root / "csv/salaries.csv").unlink()
    assert published.sync()["exit_code"] == 1
    assert published.status()["hr/salaries"]["status"] == "held"
    assert b"salaries" not in says(published)


def closed(instance: Instance) -> None:
    """It becomes private again."""
    describe(instance, "key: person\n", "key: person\n    access: private\n")


RENAMED = {
    "another id": ("in.c-hr.salaries", "in.c-payroll.salaries"),
    "another id and its file": (
        "in.c-hr.salaries\n",
        "in.c-payroll.wages\n    file: ./salaries.csv\n",
    ),
    "a pattern of endings": ("in.c-hr.salaries\n", "in.c-payroll.wages\n    file: salaries.*\n"),
    "a pattern that finds it": (
        "in.c-hr.salaries\n",
        "in.c-payroll.wages\n    file: sal*.csv\n",
    ),
}


@pytest.mark.parametrize(("old", "new"), RENAMED.values(), ids=RENAMED)
def test_nothing_of_a_renamed_table_is_published(published: Instance, old: str, new: str) -> None:
    describe(published, old, new)
    describe(published, "    folder: hr\n", "    folder: payroll\n")
    describe(published, "    primary_key: person\n", "    description: Zeppelin\n")
    opened(published)
    for _ in range(2):
        report = published.sync()
        assert report["exit_code"] == 1
    waiting = [one for one in report["tables"] if one["table"].startswith("payroll/")]
    assert [one["status"] for one in waiting] == ["held"]
    assert waiting[0]["warnings"] == [
        "before, class private could read the same rows as in.c-hr.salaries; "
        "now every analyst (class public) could"
    ]
    words = (b"payroll", b"wages", b"zeppelin", b"person")
    for audience in ((), ("private",)):
        text = says(published, *audience).lower()
        assert [word for word in words if word in text] == []
    whole = contents(current(published).path)
    assert not [path for path in whole if path.startswith(("parquet/payroll", "metadata/payroll"))]
    assert Store(published.data).verify() == []
    assert published.here("approve", waiting[0]["table"]).returncode == 0
    assert published.sync()["exit_code"] == 0
    assert b"zeppelin" in says(published).lower()
    assert published.rows(waiting[0]["table"]) == [(1, Decimal("5000.00"))]


def test_a_table_that_comes_back_after_some_generations_is_still_known(
    published: Instance,
) -> None:
    path = published.config / "data_description.md"
    start = DESCRIPTION.index(f"  - id: {SALARY}")
    table = DESCRIPTION[start : DESCRIPTION.rindex("```")]
    path.write_text(DESCRIPTION.replace(table, ""))
    for _ in range(2):
        assert published.sync()["exit_code"] == 0
        assert "hr/salaries" not in published.status()
    path.write_text(DESCRIPTION.replace("    access: private\n", ""))
    assert published.sync()["exit_code"] == 1
    assert b"salaries" not in says(published) + says(published, "private")
    path.write_text(DESCRIPTION)
    assert published.sync()["exit_code"] == 0
    assert "parquet/hr/salaries.parquet" in view(published, "private")


def test_a_new_table_and_one_that_fewer_may_read_need_no_word(instance: Instance) -> None:
    describe(instance, "  - id: in.c-shop.orders\n", "  - id: in.c-shop.orders\n    folder: x\n")
    assert instance.sync()["exit_code"] == 0
    describe(instance, "    folder: x\n", "    folder: y\n    access: private\n")
    assert instance.sync()["exit_code"] == 0
    assert instance.status()["y/orders"]["access"] == "private"


def test_an_approval_is_for_one_change_and_used_once(published: Instance) -> None:
    opened(published)
    published.sync()
    assert published.here("approve", "hr/salaries").returncode == 0
    kept = (published.data / "approvals" / SALARY).read_bytes()
    closed(published)
    report = published.sync()
    assert report["exit_code"] == 0
    assert report["tables"][2]["warnings"] == [
        "an approval of more readers is not needed and no longer valid"
    ]
    assert list((published.data / "approvals").iterdir()) == []
    opened(published)
    (published.data / "approvals" / SALARY).write_bytes(kept)
    report = published.sync()
    assert report["exit_code"] == 1
    assert "found an approval of another change" in report["tables"][2]["error"]


def test_a_configuration_that_changed_since_is_not_approved(published: Instance) -> None:
    opened(published)
    published.sync()
    closed(published)
    refused = published.here("approve", "hr/salaries")
    assert refused.returncode == 1
    assert "names other readers than the last sync found; expected every analyst" in refused.stderr
    assert list((published.data / "approvals").iterdir()) == []


def test_rows_and_readers_are_approved_one_after_the_other(published: Instance) -> None:
    opened(published)
    published.csv("salaries", "person,amount\n")
    assert published.sync()["exit_code"] == 1
    assert published.here("approve", "hr/salaries").returncode == 0
    report = published.sync()
    assert "1 of 1 rows are gone" in report["tables"][2]["error"]
    assert published.status()["hr/salaries"]["access"] == "public"
    assert published.here("approve", "hr/salaries").returncode == 0
    assert published.sync()["exit_code"] == 0
    assert published.status()["hr/salaries"]["status"] == "empty"


def test_a_load_in_many_generations_forgets_nothing(published: Instance) -> None:
    opened(published)
    describe(
        published,
        "tables:\n",
        "tables:\n  - id: in.c-x.long\n    sync_strategy: incremental\n    primary_key: id\n"
        "    incremental_column: day\n    max_history_days: 90\n",
    )
    days = [datetime.now(UTC).date() - timedelta(days=age) for age in range(1, 80)]
    published.csv("long", "id,day\n" + "".join(f"{n},{day}\n" for n, day in enumerate(days)))
    before = len(list((published.data / "generations").iterdir()))
    assert published.sync()["exit_code"] == 1
    assert len(list((published.data / "generations").iterdir())) - before > 1
    assert current(published).memory.widenings.keys() == {SALARY}
    assert current(published).memory.places.keys() >= {"source csv/orders", "source csv/long"}
    assert published.here("approve", "hr/salaries").returncode == 0
    assert published.sync()["exit_code"] == 0


def test_a_store_of_an_older_release_counts_by_its_manifest(
    published: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.publish.staging.Staging._memory", _writes_none)
    monkeypatch.setattr("broker.publish.staging.READERS", "docs/older.json")
    published.sync()
    monkeypatch.undo()
    assert not current(published).remembers
    opened(published)
    assert published.sync()["exit_code"] == 1
    assert published.status()["hr/salaries"]["access"] == "private"
    assert current(published).remembers


def _writes_none(_: object) -> SimpleNamespace:
    return SimpleNamespace(to_json=lambda _: b"{}\n", widenings={})


def test_who_could_read_is_told_in_no_view(published: Instance) -> None:
    opened(published)
    published.sync()
    whole = current(published).path
    assert json.loads((whole / "state/readers.json").read_text())["widenings"].keys() == {SALARY}
    for audience in ((), ("private",)):
        assert not any(path.startswith("state") for path in view(published, *audience))
        assert b"every analyst" not in says(published, *audience)
        assert b"widening" not in says(published, *audience)


def test_going_back_to_more_readers_needs_a_word(published: Instance) -> None:
    wide = current(published).id
    describe(published, "    primary_key: id\n    partition_by: day\n", "    access: private\n")
    assert published.sync()["exit_code"] == 0
    narrow = current(published).id
    refused = published.here("rollback")
    assert refused.returncode == 1
    assert "more people could read a table of this generation than now" in refused.stderr
    assert "in.c-shop.orders: before, class private could read it; now every an" in refused.stderr
    remedy = f"broker approve in.c-shop.orders --generation {wide}"
    assert remedy in refused.stderr
    assert current(published).id == narrow
    approved = published.here(*remedy.split()[1:])
    assert approved.returncode == 0, approved.stderr
    assert approved.stdout.endswith(f"approved, for `broker rollback {wide}`\n")
    assert published.here("rollback", wide).returncode == 0
    assert current(published).id == wide
    assert list((published.data / "approvals").iterdir()) == []
    assert published.here("rollback", narrow).returncode == 0
    assert published.here("rollback", wide).returncode == 1


def test_a_table_that_was_rolled_back_from_is_still_known(published: Instance) -> None:
    first = current(published).id
    describe(published, "tables:\n", "tables:\n  - id: in.c-x.extra\n    access: private\n")
    published.csv("extra", "id\n1\n")
    assert published.sync()["exit_code"] == 0
    assert published.here("rollback", first).returncode == 0
    describe(published, "  - id: in.c-x.extra\n    access: private\n", "  - id: in.c-x.extra\n")
    assert published.sync()["exit_code"] == 1
    assert b"extra" not in says(published)


def test_what_cannot_be_read_of_the_readers_is_not_nothing(published: Instance) -> None:
    path = current(published).path / "state/readers.json"
    path.chmod(0o600)
    path.write_text('{"format": 1}\n')
    done = published.here("sync")
    assert done.returncode == 1
    assert "the list of who could read the tables cannot be read" in done.stderr


def test_a_newer_generation_that_cannot_be_read_makes_new_tables_wait(
    published: Instance,
) -> None:
    first = current(published).id
    published.sync()
    broken = current(published).path / "manifest.json"
    assert published.here("rollback", first).returncode == 0
    broken.chmod(0o600)
    broken.write_text("{")
    describe(published, "tables:\n", "tables:\n  - id: in.c-x.extra\n")
    published.csv("extra", "id\n1\n")
    for _ in range(2):
        report = published.sync()
        assert report["exit_code"] == 1
        assert report["tables"][0]["warnings"] == [
            "before, no analyst, as far as is known, could read it; now every analyst (class "
            "public) could"
        ]
    assert published.here("approve", "in.c-x.extra").returncode == 0
    assert published.sync()["exit_code"] == 0


GIDS = {
    "dataread": 61001,
    "data-private": 61002,
    "data-hr": 61003,
    "data-finance": 61004,
    "people": 61005,
    "data-ops": 61009,
}
HR = "    access: private\n"


@pytest.fixture
def grouped(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """The private table is of a class that ``instance.yaml`` declares."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files to any group")
    found = {name: SimpleNamespace(gr_gid=gid) for name, gid in GIDS.items()}
    monkeypatch.setattr(opening, "grp", SimpleNamespace(getgrnam=found.__getitem__))
    describe(instance, HR, "")
    classes(instance, "hr: {folders: hr}", "finance: {}")
    assert instance.sync()["exit_code"] == 0
    assert instance.here("expose", "hr", "finance").returncode == 0
    return instance


def classes(instance: Instance, *declared: str) -> None:
    path = instance.config / "instance.yaml"
    lines = "".join(f"  {one}\n" for one in declared)
    path.write_text(f"data_source: {{type: csv, path: ../csv}}\naccess_classes:\n{lines}")


def gids(path: Path) -> set[int]:
    return {one.stat().st_gid for one in path.rglob("*salaries*")}


@pytest.mark.parametrize(
    ("declared", "after"),
    [
        (("hr: {}", "finance: {}"), "every analyst (class public)"),
        (("hr: {}", "finance: {folders: hr}"), "class finance (group data-finance)"),
    ],
)
def test_readers_of_before_keep_a_table_of_a_class_that_stands(
    grouped: Instance, declared: tuple[str, ...], after: str
) -> None:
    classes(grouped, *declared)
    report = grouped.sync()
    assert report["tables"][2]["warnings"] == [
        f"before, class hr (group data-hr) could read it; now {after} could"
    ]
    assert "parquet/hr/salaries.parquet" in view(grouped, "hr")
    assert b"salaries" not in says(grouped) + says(grouped, "finance")
    assert gids(current(grouped).path / "parquet") == {GIDS["data-hr"]}


@pytest.mark.parametrize(
    ("declared", "after"),
    [
        (("finance: {}",), "every analyst (class public)"),
        (("hr: {folders: hr, group: people}", "finance: {}"), "class hr (group people)"),
        (("finance: {folders: hr}",), "class finance (group data-finance)"),
    ],
)
def test_a_class_that_lost_its_group_is_shown_to_nobody_until_approved(
    grouped: Instance, declared: tuple[str, ...], after: str
) -> None:
    classes(grouped, *declared)
    for _ in range(2):
        report = grouped.sync()
        assert report["exit_code"] == 1
        assert report["tables"][2]["warnings"] == [
            f"before, class hr (group data-hr) could read it; now {after} could"
        ]
        audiences = current(grouped).audiences()
        texts = b"".join(says(grouped, *one.classes) for one in audiences)
        assert b"salaries" not in texts
        assert gids(current(grouped).path) == {os.getegid()}, "the service's own"
        assert opening_store(grouped).verify() == []
    assert grouped.here("approve", "hr/salaries").returncode == 0
    assert grouped.sync()["exit_code"] == 0
    assert grouped.status()["hr/salaries"]["rows"] == 1
    assert gids(current(grouped).path / "parquet") != {os.getegid()}


def opening_store(instance: Instance) -> Store:
    from broker.config import load_instance  # noqa: PLC0415

    return opening.open_store(load_instance(instance.config), instance.data)


def test_a_class_of_another_name_with_the_same_group_has_the_same_readers(
    grouped: Instance,
) -> None:
    classes(grouped, "people: {folders: hr, group: data-hr}", "finance: {}")
    assert grouped.sync()["exit_code"] == 0
    assert grouped.status()["hr/salaries"]["access"] == "people"


def test_a_class_that_came_back_shows_its_table_again(grouped: Instance) -> None:
    classes(grouped, "finance: {}")
    grouped.sync()
    classes(grouped, "hr: {folders: hr}", "finance: {}")
    assert grouped.sync()["exit_code"] == 0
    assert "parquet/hr/salaries.parquet" in view(grouped, "hr")


@pytest.mark.parametrize(("folder", "code"), [("other", 1), ("pay", 0)])
def test_a_mapping_of_folders_that_changed(grouped: Instance, folder: str, code: int) -> None:
    describe(grouped, "    folder: hr\n", "")
    describe(grouped, "  in.c-shop: shop\n", "  in.c-shop: shop\n  in.c-hr: pay\n")
    classes(grouped, f"hr: {{folders: {folder}}}", "finance: {}")
    assert grouped.sync()["exit_code"] == code


def test_a_broken_generation_is_left_and_the_doubt_is_told(published: Instance) -> None:
    published.sync()
    broken = current(published).path / "manifest.json"
    broken.chmod(0o600)
    broken.write_text("{")
    done = published.here("rollback")
    assert done.returncode == 0, done.stderr
    assert "warning: who could read which table is known only in part: " in done.stderr
    assert published.sync()["exit_code"] == 0


@pytest.mark.parametrize("name", ["manifest.json", "state/readers.json"])
def test_going_back_from_a_broken_one_still_asks_for_the_readers_that_are_known(
    published: Instance, name: str
) -> None:
    wide = current(published).id
    describe(published, "    primary_key: id\n    partition_by: day\n", "    access: private\n")
    for _ in range(2):
        assert published.sync()["exit_code"] == 0
    broken = current(published).path / name
    broken.chmod(0o600)
    broken.write_text("{")
    assert published.here("rollback", wide).returncode == 1
    assert published.here("rollback").returncode == 0
