from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.catalog.model import CatalogColumn, CatalogTable, TableDetails
from broker.errors import CatalogError
from broker.manifest import Status
from broker.portal.reading.freshness import freshness_of
from broker.portal.reading.profile import profile_of, taken_at
from broker.portal.reading.queries import metric_queries, table_queries
from broker.portal.reading.tables import graph_of, history_of, null_share
from broker.publish.table_pages import page_path
from broker.tables.model import Partitioning
from tests.unit.catalog.example import HOSTILE, NOW, example_catalog

TABLE = CatalogTable(
    path="shop/orders",
    id="in.orders",
    name="orders",
    view="orders",
    access="public",
    sha256="0" * 64,
    columns=(CatalogColumn("id", "BIGINT"), CatalogColumn("day", "DATE")),
)


@pytest.mark.parametrize(
    ("changes", "grade", "word", "age"),
    [
        ({"as_of": NOW - timedelta(hours=1)}, "", "", "1 h ago"),
        (
            {"as_of": NOW - timedelta(hours=1), "freshness_seconds": 3_600},
            "good",
            "fresh",
            "1 h ago",
        ),
        (
            {"as_of": NOW - timedelta(hours=2), "freshness_seconds": 3_600},
            "warn",
            "late",
            "2 h ago",
        ),
        ({}, "", "never loaded", "never loaded"),
        (
            {"status": Status.EMPTY, "as_of": NOW, "freshness_seconds": 3_600},
            "warn",
            "empty at the source",
            "just now",
        ),
        ({"status": Status.HELD, "as_of": NOW}, "bad", "waits for approval", "just now"),
    ],
)
def test_freshness(changes: dict[str, object], grade: str, word: str, age: str) -> None:
    found = freshness_of(replace(TABLE, **changes), NOW)  # type: ignore[arg-type]
    assert (found.grade, found.word, found.age) == (grade, word, age)


@pytest.mark.parametrize("status", [one for one in Status if not one.is_good])
def test_every_status_that_is_not_good_has_its_words(status: Status) -> None:
    assert freshness_of(replace(TABLE, status=status), NOW).word


def test_a_table_is_asked_in_each_form() -> None:
    found = table_queries(replace(TABLE, partitioning=Partitioning("day", "month")))
    assert found is not None
    assert found.sql == (
        'SELECT "id", "day"\nFROM "orders"\nWHERE "day" >= current_date - INTERVAL 30 DAY\nLIMIT 10'
    )
    assert found.shell.startswith("bash server/scripts/broker.sh sql 'SELECT ")
    assert "\n" not in found.shell
    assert f"server/{page_path('shop/orders')}" in found.agent
    compile(found.python, "python", "exec")


@pytest.mark.parametrize("name", ["a'b", 'a"b', "a\\b", '"""', "$(id)", "`id`"])
def test_a_name_in_a_query_stays_a_name(name: str) -> None:
    found = table_queries(replace(TABLE, columns=(CatalogColumn(name, "BIGINT"),)))
    assert found is not None
    code = compile(found.python, "python", "exec")
    assert any(isinstance(one, str) and found.sql in one for one in code.co_consts)


@pytest.mark.parametrize("name", ["a\nb", "a\u202eb", HOSTILE, "\x1b[2J"])
def test_a_name_that_cannot_be_shown_gives_no_query(name: str) -> None:
    assert table_queries(replace(TABLE, columns=(CatalogColumn(name, "BIGINT"),))) is None


def test_a_metric_is_asked_by_its_name() -> None:
    metric = next(one for one in example_catalog().index.metrics if one.name == "monthly_revenue")
    found = metric_queries(metric)
    assert found is not None
    assert found.shell == "bash server/scripts/broker.sh metric monthly_revenue"


def test_a_table_without_profile_has_none() -> None:
    assert profile_of(TableDetails("a/b")) is None


def test_a_profile_of_another_shape_is_refused() -> None:
    with pytest.raises(CatalogError, match="profile of the table cannot be read"):
        profile_of(TableDetails("a/b", profile={"rows": "many"}))


def test_history_has_rows_and_null_of_all_values() -> None:
    details = example_catalog().details["shop/table_0"]
    profile = profile_of(details)
    until = datetime(2026, 12, 9, tzinfo=UTC)
    found = history_of(profile, until)
    assert profile is not None
    assert found is not None
    assert len(found.versions) == 30
    last = found.versions[-1]
    assert null_share(last) == sum(last.nulls.values()) / (last.rows * 2)
    assert found.rows is not None
    assert found.rows.peak == max(one.rows for one in profile.history)
    assert found.nulls is not None
    assert (found.rows.last, found.nulls.last) == (until, until)


def test_the_time_of_a_generation_is_in_its_id() -> None:
    assert taken_at("2026-11-30T121914Z-3724") == datetime(2026, 11, 30, 12, 19, 14, tzinfo=UTC)


def test_a_table_that_refers_to_itself_stands_on_both_sides() -> None:
    index = example_catalog().index
    relation = replace(index.relations[0], table="shop/table_0", target="shop/table_0")
    graph = graph_of(replace(index, relations=(relation,)), "shop/table_0")
    assert graph is not None
    assert (len(graph.left), len(graph.right)) == (1, 1)
