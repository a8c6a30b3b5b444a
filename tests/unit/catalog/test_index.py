"""What the catalog of an audience says, and that nothing in it depends on any other table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.catalog.details import details_basis, details_of
from broker.catalog.facts import (
    CatalogFacts,
    CatalogNotes,
    DatasetFacts,
    DetailsMark,
    FolderFacts,
)
from broker.catalog.index import index_of
from broker.catalog.model import CatalogDataset, CatalogFolder, CatalogIndex, Relation, TableSource
from broker.catalog.since import contents_since
from broker.catalog.written import to_json
from broker.manifest import NO_CLASS, Audience, ForeignKey, Manifest, Status, TableEntry
from broker.metrics.bound import BoundMetric, BoundMetrics
from broker.metrics.model import Metric
from broker.metrics.results import MetricPast, MetricPoint, MetricResult
from broker.publish import cut
from broker.tables.issues import Issue, IssueKind
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GENERATION = "2026-11-22T120000Z-0000"
CANARY = "zeppelin"
CLASSES = ("public", "private", "finance", "hr", NO_CLASS)
AUDIENCES = [Audience.of(names) for names in ((), ("private",), ("finance", "private"))]
FACTS = CatalogFacts(
    datasets={
        "sales": DatasetFacts("Sales", "All sales", "~50 MB", ("people", "private", "shop")),
        "people": DatasetFacts("People", "Everybody", "~1 GB", ()),
    },
    folders={"hr": FolderFacts("People")},
    order=("ledger", "shop"),
    classes=("public", "private", "finance", "hr"),
)


def table(path: str, access: str = "public", **more: Any) -> TableEntry:
    folder, _, name = path.rpartition("/")
    files = (DataFile(f"parquet/{path}.parquet", 100, 10, "0" * 64),)
    schema = TableSchema((Column("id", "BIGINT", nullable=False), Column("word")))
    known = {"files": files, "schema": schema, "rows": 10, "key": ("id",)} | more
    return TableEntry(id=f"in.{folder}.{name}", name=name, path=path, access=access, **known)


def metric(name: str, *tables: TableEntry) -> BoundMetric:
    """A metric over tables that are called by their names."""
    return BoundMetric(
        Metric(name, name.title(), f"SELECT 1 FROM {' '.join(one.name for one in tables)}"),
        ({one.name: one.id for one in tables},),
    )


def index(
    tables: list[TableEntry],
    audience: Audience,
    *metrics: BoundMetric,
    facts: CatalogFacts = FACTS,
    pasts: dict[str, MetricPast] | None = None,
) -> CatalogIndex:
    manifest = Manifest(GENERATION, NOON, tuple(tables))
    marks = {
        one.path: DetailsMark(details_basis(one, None, None), "a" * 64, 1, 2) for one in tables
    }
    contents = contents_since(manifest, {}, set())
    notes = CatalogNotes(facts, marks, contents=contents, metrics=pasts or {})
    return index_of(cut(manifest, audience), audience, notes, BoundMetrics(metrics))


def test_a_table_is_listed_with_what_lists_need() -> None:
    entry = table(
        "shop/orders",
        description="\n# Orders\n\nOne row each.",
        dataset="sales",
        status=Status.FAILED,
        error="no answer of /srv/in/orders.csv",
        warnings=("a", "b"),
        rejects=3,
        as_of=NOON,
        freshness_seconds=60,
    )
    (found,) = index([entry], Audience()).tables
    assert (found.title, found.view, found.folder) == ("Orders", "orders", "shop")
    assert (found.rows, found.bytes, found.warnings, found.rejects, found.alerts) == (
        *(10, 100, 2, 3, 2),
    )
    assert (found.status, found.as_of) == (Status.FAILED, NOON)
    assert "/srv/in" not in repr(found)
    assert found.changed_at == NOON
    assert [(one.name, one.type, one.nullable) for one in found.columns] == [
        ("id", "BIGINT", False),
        ("word", "VARCHAR", True),
    ]


def test_folders_are_in_the_order_of_the_instance_and_none_is_left_out() -> None:
    tables = [table(f"{folder}/t") for folder in ("hr", "zoo", "shop", "alpha")]
    found = index(tables, Audience())
    assert [one.name for one in found.folders] == ["shop", "alpha", "hr", "zoo"]
    assert found.folders[2] == CatalogFolder("hr", "People")
    assert [one.path for one in found.tables] == ["shop/t", "alpha/t", "hr/t", "zoo/t"]


def test_relations_name_both_tables_and_the_column() -> None:
    orders = table("shop/orders", foreign_keys=(ForeignKey("who", "customers"),))
    customers = table("shop/customers", foreign_keys=(ForeignKey("up", "shop/customers", "id"),))
    assert index([orders, customers], Audience()).relations == (
        Relation("shop/customers", "up", "shop/customers", "id"),
        Relation("shop/orders", "who", "shop/customers", "id"),
    )
    several = replace(customers, key=("id", "word"), foreign_keys=())
    (one,) = index([orders, several], Audience()).relations
    assert one.references == ""
    twin = table("web/customers")
    assert index([orders, several, twin], Audience()).relations == ()


def test_a_dataset_counts_what_the_audience_sees_and_names_nothing_else() -> None:
    tables = [
        table("shop/orders", dataset="sales"),
        table("shop/margins", "private", dataset="sales"),
        table("hr/staff", "hr", dataset="people"),
        table("web/clicks", dataset="undeclared"),
    ]
    public, private = (index(tables, Audience.of(one)).datasets for one in ((), ("private",)))
    assert public == (
        CatalogDataset("sales", "Sales", "All sales", "", (), 1, 100),
        CatalogDataset("undeclared", tables=1, bytes=100),
    )
    assert private[0] == CatalogDataset("sales", "Sales", "All sales", "", ("private",), 2, 200)
    everything = index(tables, Audience.of(["private", "finance", "hr"])).datasets
    assert [one.size_hint for one in everything] == ["~50 MB", "~1 GB", ""]
    assert everything[0].requires == ("people", "private")


def test_a_metric_is_shown_to_those_who_see_all_of_its_tables() -> None:
    orders, pay = table("shop/orders"), table("hr/pay", "private")
    result = MetricResult(GENERATION, NOON, NOON, (), (("1",),), value="1")
    point = MetricPoint(GENERATION, NOON, "1")
    pasts = {
        "both": MetricPast("b", "l", result, history=(point,)),
        "late": MetricPast("b", "l", problem="it takes longer than 20 s"),
    }
    known = (metric("both", orders, pay), metric("late", orders))
    public, private = (
        index([orders, pay], Audience.of(one), *known, pasts=pasts).metrics
        for one in ((), ("private",))
    )
    assert [one.name for one in public] == ["late"]
    assert (public[0].result, public[0].problem) == (None, "it takes longer than 20 s")
    assert [one.name for one in private] == ["both", "late"]
    assert private[0].tables == ("hr/pay", "shop/orders")
    assert (private[0].result, private[0].history) == (result, (point,))


@pytest.mark.parametrize("access", [NO_CLASS, "hr"])
def test_a_table_that_waits_or_is_of_others_is_not_there(access: str) -> None:
    shown = index([table("shop/orders", access), table("shop/items")], Audience())
    assert [one.path for one in shown.tables] == ["shop/items"]
    loading = index([table("shop/orders", loading=True), table("shop/items")], Audience())
    assert loading == shown


words = st.sampled_from(["orders", "customers", "pay", "staff", "in.hr.pay", "shop/orders"])


@st.composite
def entries(draw: st.DrawFn) -> list[TableEntry]:
    """Tables of random classes, folders and datasets that refer to each other in any way."""
    folders = st.sampled_from(["shop", "hr", "ledger"])
    names = st.sampled_from(["orders", "customers", "pay", "staff"])
    paths = draw(st.lists(st.tuples(folders, names), unique=True, min_size=1, max_size=8))
    found = []
    for folder, name in paths:
        access = draw(st.sampled_from(CLASSES))
        keys = draw(st.lists(st.builds(ForeignKey, st.just("id"), words), max_size=2))
        dataset = draw(st.sampled_from(["sales", "people", "other", None]))
        loading = draw(st.integers(0, 5)) == 0
        found.append(
            table(
                f"{folder}/{name}",
                access,
                foreign_keys=tuple(keys),
                dataset=dataset,
                loading=loading,
                status=draw(st.sampled_from(list(Status))),
            )
        )
    return found


def marked(entry: TableEntry) -> TableEntry:
    """The table with a word in all that is said of it."""
    path = f"{entry.path.rpartition('/')[0]}/{CANARY}_{entry.name}"
    return replace(
        entry,
        id=f"{CANARY}.{entry.id}",
        name=f"{CANARY}_{entry.name}",
        path=path,
        description=CANARY,
        error=CANARY,
        dataset=CANARY,
        schema=TableSchema((Column(CANARY, "BIGINT", description=CANARY),)),
        key=(CANARY,),
        foreign_keys=(ForeignKey(CANARY, "orders", CANARY, CANARY),),
        warnings=(CANARY,),
        issues=(Issue(IssueKind.REJECTED, 1, CANARY, CANARY),),
        files=(DataFile(f"parquet/{path}.parquet", 77_777, 77_777, "1" * 64),),
        rows=77_777,
    )


@given(entries(), st.sampled_from(AUDIENCES), st.data())
def test_a_catalog_is_the_same_whatever_other_tables_there_are(
    tables: list[TableEntry], audience: Audience, data: st.DataObject
) -> None:
    """Without the tables that an audience does not see, with them, and with others instead."""
    seen = [one for one in tables if audience.sees(one.access) and not one.loading]
    others = [one for one in tables if one not in seen]
    hidden = [marked(one) for one in others]
    metrics = [metric(f"m{at}", one) for at, one in enumerate(seen)]
    for at, one in enumerate(hidden):
        beside = data.draw(st.sampled_from([*seen, None])) if seen else None
        metrics.append(metric(f"{CANARY}{at}", one, *([beside] if beside else [])))
    pasts = {
        one.metric.name: MetricPast("b", "l", MetricResult(GENERATION, NOON, NOON, (), ()))
        for one in metrics
    }
    facts = replace(
        FACTS,
        datasets={**FACTS.datasets, CANARY: DatasetFacts(CANARY, CANARY, CANARY, ("sales",))},
        folders={**FACTS.folders, CANARY: FolderFacts(CANARY)},
        order=(CANARY, *FACTS.order),
    )
    alone = index(seen, audience, *metrics, facts=facts, pasts=pasts)
    beside_others = index([*seen, *hidden], audience, *metrics, facts=facts, pasts=pasts)
    assert beside_others == alone
    assert index([*seen, *others], audience, *metrics, facts=facts, pasts=pasts) == alone
    assert CANARY not in to_json(beside_others).decode()
    assert {one.path for one in alone.tables} == {one.path for one in seen}


@given(entries(), st.sampled_from(AUDIENCES))
def test_every_name_of_a_catalog_is_that_of_a_table_in_it(
    tables: list[TableEntry], audience: Audience
) -> None:
    found = index(tables, audience, *(metric(f"m{at}", one) for at, one in enumerate(tables)))
    paths = {one.path for one in found.tables}
    assert {one.table for one in found.relations} | {one.target for one in found.relations} <= paths
    assert {path for one in found.metrics for path in one.tables} <= paths
    assert {one.folder for one in found.tables} == {one.name for one in found.folders}
    known = {one.name for one in found.datasets} | {*audience.names}
    assert {name for one in found.datasets for name in one.requires} <= known
    assert sum(one.tables for one in found.datasets) == sum(
        one.dataset is not None for one in found.tables
    )


def test_details_say_where_rows_come_from_and_how_they_lie_in_files() -> None:
    files = tuple(
        DataFile(f"parquet/shop/orders/{name}.parquet", size, rows, "0" * 64, partition)
        for name, size, rows, partition in (
            ("2026_10", 10, 1, "2026_10"),
            ("2026_10-1", 20, 2, "2026_10"),
            ("2026_11", 5, 3, "2026_11"),
        )
    )
    entry = table("shop/orders", files=files, description="Orders", warnings=("w",))
    source = TableSource("erp", "csv", "in.shop.orders")
    found = details_of(entry, source, {"rows": 6})
    assert [(one.partition, one.files, one.rows, one.bytes) for one in found.parts] == [
        ("2026_10", 2, 3, 30),
        ("2026_11", 1, 3, 5),
    ]
    assert (found.source, found.profile, found.warnings) == (source, {"rows": 6}, ("w",))


def test_details_are_made_anew_for_what_stands_in_them_and_for_nothing_else() -> None:
    entry = table("shop/orders")
    basis = details_basis(entry, None, None)
    same = replace(
        entry,
        as_of=NOON,
        loaded_at=NOON,
        watermark=NOON,
        status=Status.FAILED,
        error="no answer",
        origin="x",
        access="private",
    )
    assert details_basis(same, None, None) == basis
    issue = Issue(IssueKind.REJECTED, 1, "not a DATE")
    others = [
        details_basis(entry, TableSource("erp", "csv", "x"), None),
        details_basis(entry, None, "0" * 64),
        *(
            details_basis(replace(entry, **change), None, None)
            for change in (
                {"description": "x"},
                {"schema": TableSchema((Column("id", "BIGINT"),))},
                {"files": ()},
                {"warnings": ("w",)},
                {"issues": (issue,)},
                {"issues": (replace(issue, count=2),)},
            )
        ),
    ]
    assert len({basis, *others}) == 1 + len(others)
