from __future__ import annotations

import unicodedata

import pytest

from broker.catalog.model import CatalogColumn, CatalogIndex, CatalogMetric, CatalogTable
from broker.portal.reading.search import MARK_BEGINS, MARK_ENDS, SearchIndex
from tests.unit.catalog.example import HOSTILE, NOW, example_catalog

SHA = "0" * 64


def table(path: str, title: str = "", *columns: str, access: str = "public") -> CatalogTable:
    return CatalogTable(
        path=path,
        id=f"in.{path}",
        name=path.partition("/")[2],
        view=path.partition("/")[2],
        access=access,
        sha256=SHA,
        title=title,
        columns=tuple(CatalogColumn(name, "VARCHAR", f"about {name}") for name in columns),
    )


def index(*tables: CatalogTable, metrics: tuple[CatalogMetric, ...] = ()) -> SearchIndex:
    return SearchIndex(
        CatalogIndex("2026-11-30T120000Z-0001", NOW, ("public",), tables, metrics=metrics)
    )


SHOP = index(
    table("shop/orders", "Orders of the web shop", "id", "customer_id", "OrderedAt"),
    table("shop/order_items", "What was ordered", "order_id"),
    table("shop/customers", "Čtenáři a zákazníci", "id"),
    metrics=(
        CatalogMetric("revenue", "Revenue", "SELECT 1", "Paid orders", synonyms=("turnover",)),
    ),
)


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("orders", ["shop/orders"]),
        ("ord", ["shop/orders", "shop/order_items"]),
        ("ORDER items", ["shop/order_items"]),
        ("order_items", ["shop/order_items"]),
        ("web shop", ["shop/orders"]),
        ("ctenari", ["shop/customers"]),
        ("čtenáři", ["shop/customers"]),
        (unicodedata.normalize("NFD", "čtenáři"), ["shop/customers"]),
        ("in.shop/orders", ["shop/orders"]),
        ("nothing", []),
    ],
)
def test_tables_are_found_by_each_word_or_its_beginning(query: str, tables: list[str]) -> None:
    assert [one.key for one in SHOP.find(query).tables] == tables


def test_columns_and_metrics_are_found() -> None:
    found = SHOP.find("order")
    assert {one.key for one in found.columns} == {"order_id", "OrderedAt"}
    assert [one.key for one in found.metrics] == ["revenue"]
    assert (found.table_count, found.column_count, found.metric_count) == (2, 2, 1)
    assert found.count == 5


def test_a_metric_is_found_by_another_name() -> None:
    assert [one.key for one in SHOP.find("turnover").metrics] == ["revenue"]


def test_the_table_of_this_very_name_comes_first() -> None:
    found = index(
        table("orders/orders", "orders orders orders"),
        table("orders/orders_of_orders", "orders orders orders"),
        table("b/Orders", "rows " * 100),
    )
    assert {one.key for one in found.find("orders").tables[:2]} == {"orders/orders", "b/Orders"}
    assert found.find("B/orders").tables[0].key == "b/Orders"


def test_a_name_counts_more_than_what_is_written() -> None:
    found = index(table("a/visits", "refunds and refunds of refunds"), table("a/refunds", "money"))
    assert [one.key for one in found.find("refunds").tables] == ["a/refunds", "a/visits"]


def test_what_was_found_is_marked() -> None:
    (found,) = SHOP.find("items").tables
    assert found.name == f"shop/order_{MARK_BEGINS}items{MARK_ENDS}"


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "*",
        "-",
        "zzz OR",
        'x" OR "y',
        "NEAR(",
        "^",
        "col:x",
        "\x00",
        "'; DROP",
        "",
        "  ",
        "(" * 99,
    ],
)
def test_every_text_can_be_searched(query: str) -> None:
    assert SHOP.find(query).count == 0


def test_a_query_of_many_words_is_no_trouble() -> None:
    assert SHOP.find("order " * 10_000).table_count == 2


def test_a_hostile_name_has_no_marks_of_its_own() -> None:
    found = index(table("a/b", f"{MARK_BEGINS}{HOSTILE}{MARK_ENDS} rows")).find("rows")
    assert found.tables[0].text.count(MARK_BEGINS) == 1


def test_more_than_is_shown_is_counted() -> None:
    found = index(*(table(f"a/t{at}", "rows") for at in range(80))).find("rows", most=50)
    assert (len(found.tables), found.table_count) == (50, 80)


def test_nothing_of_another_audience_is_found_or_counted() -> None:
    everything = SearchIndex(example_catalog(9).index)
    public = SearchIndex(example_catalog(9, classes=["public"]).index)
    assert everything.find("table").table_count == 9
    assert public.find("table").table_count == 3
    assert public.find("hr").count == 0
