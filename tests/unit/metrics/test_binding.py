"""Metrics bound to small tables by a real DuckDB, as operators and as audiences name them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.config import PlacedMetric
from broker.config.document import Document
from broker.config.metric import MetricDescription
from broker.manifest import Manifest, TableEntry
from broker.metrics.binding import bind_metrics
from broker.metrics.bound import BoundMetrics, metric_documents
from broker.publish import Audience, cut
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path


def table(tree: Path, path: str, access: str = "public", **columns: str) -> TableEntry:
    """A published table with one row of NULLs in columns of these types of Arrow."""
    kinds = {"int": pa.int64(), "date": pa.date32(), "text": pa.string()}
    data = pa.table({name: pa.array([None], kinds[kind]) for name, kind in columns.items()})
    file = tree / f"parquet/{path}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data, file)
    content = file.read_bytes()
    listed = DataFile(
        f"parquet/{path}.parquet", len(content), 1, hashlib.sha256(content).hexdigest()
    )
    return TableEntry(
        id=f"in.{path.replace('/', '.')}",
        name=path.rpartition("/")[2],
        path=path,
        access=access,
        files=(listed,),
        schema=TableSchema(tuple(Column(name, "VARCHAR") for name in columns)),
    )


def metric(sql: str, name: str = "m", more: str = "") -> PlacedMetric:
    text = f"name: {name}\ntitle: T\n{more}sql: |\n{indent(sql, '  ')}\n"
    document = Document(text, Path(f"metrics/{name}.yml"))
    return PlacedMetric(MetricDescription.model_validate(document.data), document)


def bind(
    tree: Path,
    tables: Sequence[TableEntry],
    *metrics: PlacedMetric,
    audiences: Sequence[str] = ("public", "private"),
) -> tuple[BoundMetrics, dict[str, list[str]]]:
    """What is bound, and the names of the metrics that operators and each audience get."""
    whole = Manifest("g", NOON, tuple(tables))
    views = {words: cut(whole, Audience.of(words.split(","))) for words in audiences}
    bound = bind_metrics(metrics, whole, views, lambda path: tree / path)
    return bound, {words: names(bound, one) for words, one in {"": whole, **views}.items()}


def names(bound: BoundMetrics, manifest: Manifest) -> list[str]:
    documents = metric_documents(bound, manifest)
    if not documents:
        return []
    return [one["name"] for one in json.loads(documents["docs/metrics.json"])["metrics"]]


def test_each_audience_gets_the_metrics_whose_tables_it_may_see(tree: Path) -> None:
    orders = table(tree, "shop/orders", id="int", total="int")
    pay = table(tree, "hr/pay", "private", id="int", amount="int")
    bound, seen = bind(
        tree,
        [orders, pay],
        metric("SELECT sum(total) AS t FROM orders", "one"),
        metric("SELECT sum(total) FROM orders WHERE id IN (SELECT id FROM pay)", "both"),
        metric("SELECT (SELECT max(amount) FROM pay) AS x FROM orders", "inner"),
        metric("WITH p AS (FROM pay) SELECT count(*) FROM p", "with"),
    )
    assert bound.warnings == ()
    assert seen == {
        "": ["both", "inner", "one", "with"],
        "public": ["one"],
        "private": ["both", "inner", "one", "with"],
    }
    (one, *_) = bound.metrics
    assert one.bindings == ({"orders": "in.shop.orders"},)
    assert [(column.name, column.type) for column in one.metric.columns] == [("t", "HUGEINT")]


def test_a_word_in_the_text_is_not_a_table(tree: Path) -> None:
    orders = table(tree, "shop/orders", id="int")
    pay = table(tree, "hr/pay", "private", id="int")
    sql = "SELECT 'FROM pay' AS a, id AS pay FROM orders /* JOIN pay */ WHERE 1 = 2"
    _, seen = bind(tree, [orders, pay], metric(sql))
    assert seen == {"": ["m"], "public": ["m"], "private": ["m"]}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM orders WHERE false AND EXISTS (FROM pay)",
        "SELECT id FROM orders UNION ALL SELECT id FROM pay WHERE false",
        'SELECT id FROM "PAY"',
        "SELECT id, typeof((SELECT id FROM Pay)) AS kind FROM orders",
        "SELECT id FROM (SELECT o.id FROM orders o LEFT JOIN pay p ON false)",
    ],
)
def test_a_hidden_table_is_found_however_it_is_read(tree: Path, sql: str) -> None:
    orders = table(tree, "shop/orders", id="int")
    pay = table(tree, "hr/pay", "private", id="int")
    bound, seen = bind(tree, [orders, pay], metric(sql))
    assert bound.warnings == ()
    assert seen == {"": ["m"], "public": [], "private": ["m"]}


@pytest.mark.parametrize(
    ("sql", "more", "warning"),
    [
        (
            "SELECT id,\n  sum(amont) AS a\nFROM orders GROUP BY ALL",
            "",
            "metrics/m.yml:5: metric m is not published: there is no column 'amont' in orders. "
            "Did you mean 'amount'?",
        ),
        (
            "SELECT o.amont FROM orders AS o JOIN pay AS p USING (id)",
            "",
            "metrics/m.yml:4: metric m is not published: there is no column 'amont' in orders, "
            "pay. Did you mean 'amount'?",
        ),
        (
            "SELECT 1\nFROM\nordrs",
            "",
            "metrics/m.yml:6: metric m is not published: there is no table 'ordrs'. "
            "Did you mean 'orders'?",
        ),
        (
            "SELECT rowid FROM orders",
            "",
            "metrics/m.yml:4: metric m is not published: there is no column 'rowid' in orders",
        ),
        (
            "SELECT sum(note) FROM orders",
            "",
            "metrics/m.yml:4: metric m is not published: DuckDB does not take its SQL; found No "
            "function matches the given name and argument types 'sum(VARCHAR)'.",
        ),
        (
            "SELECT 1",
            "",
            "metrics/m.yml:3: metric m is not published: it must read tables of this broker, and "
            "no other; found none",
        ),
        (
            "SELECT * FROM read_csv('/etc/passwd')",
            "",
            "metrics/m.yml:4: metric m is not published: it must be one SELECT; found read_csv() ",
        ),
        (
            "SELECT getenv('HOME') AS h, id FROM orders",
            "",
            "metrics/m.yml:4: metric m is not published: DuckDB does not take its SQL; found "
            "Scalar Function with name getenv does not exist!",
        ),
        (
            "FROM 'orders.parquet'",
            "",
            "metrics/m.yml:4: metric m is not published: ",
        ),
        (
            "SELECT day AS d, id FROM orders",
            "grain: day\ntime_column: day\n",
            "metrics/m.yml:4: metric m is not published: time_column 'day' must be one column of "
            "its result, of a day or a time; found no such column",
        ),
        (
            "SELECT id AS day FROM orders",
            "grain: day\ntime_column: day\n",
            "metrics/m.yml:4: metric m is not published: time_column 'day' must be one column of "
            "its result, of a day or a time; found BIGINT",
        ),
        (
            "FROM late",
            "",
            "metrics/m.yml:4: metric m is not published: there is no table 'late'. It has not been "
            "loaded; `broker status` says why.",
        ),
    ],
)
def test_a_metric_that_does_not_bind_is_a_warning_with_its_place(
    tree: Path, sql: str, more: str, warning: str
) -> None:
    orders = table(tree, "shop/orders", id="int", amount="int", day="date", note="text")
    pay = table(tree, "hr/pay", "private", id="int")
    late = TableEntry(id="in.late", name="late", path="shop/late")
    fine = metric("SELECT id FROM orders", "fine")
    bound, seen = bind(tree, [orders, pay, late], metric(sql, more=more), fine)
    assert [one.metric.name for one in bound.metrics] == ["fine"]
    (text,) = bound.warnings
    assert text.startswith(warning)
    assert seen["public"] == ["fine"]


def test_a_metric_that_no_laptop_would_read_is_left_out(tree: Path) -> None:
    orders = table(tree, "shop/orders", id="int")
    long = metric(f'SELECT id AS "{"x" * 1_001}" FROM orders', "long")
    bound, seen = bind(tree, [orders], long, metric("FROM orders", "fine"))
    assert seen["public"] == ["fine"]
    assert "metric long is not published: it cannot be written down" in bound.warnings[0]


def test_a_table_without_rows_binds_by_its_columns(tree: Path) -> None:
    schema = TableSchema((Column("day", "DATE"), Column("n", None)))
    empty = TableEntry(id="in.e", name="e", path="shop/e", schema=schema)
    bound, _ = bind(tree, [empty], metric("SELECT day, count(n) AS c FROM e GROUP BY ALL"))
    assert [column.type for column in bound.metrics[0].metric.columns] == ["DATE", "BIGINT"]


def test_a_table_that_is_still_loading_has_no_metric(tree: Path) -> None:
    orders = replace(table(tree, "shop/orders", id="int"), loading=True)
    bound, _ = bind(tree, [orders], metric("FROM orders"))
    assert bound.metrics == ()


def test_a_file_that_duckdb_cannot_read_costs_the_metrics_of_its_table_alone(tree: Path) -> None:
    orders, pay = table(tree, "shop/orders", id="int"), table(tree, "hr/pay", id="int")
    (tree / orders.files[0].path).write_bytes(b"PAR1")
    bound, seen = bind(tree, [orders, pay], metric("FROM orders", "a"), metric("FROM pay", "b"))
    assert seen["public"] == ["b"]
    assert len(bound.warnings) == 1


def test_names_that_only_one_audience_has_are_bound_as_it_has_them(tree: Path) -> None:
    """The public learns nothing of a hidden table of the same name, not even by what is missing."""
    orders = table(tree, "shop/orders", id="int")
    hidden = table(tree, "hr/orders", "private", id="int")
    one = metric("SELECT count(*) FROM orders")
    alone, before = bind(tree, [orders], one, audiences=["public"])
    bound, seen = bind(tree, [orders, hidden], one)
    assert before["public"] == seen["public"] == ["m"]
    assert (seen[""], seen["private"]) == ([], [])
    assert bound.metrics[0].bindings == alone.metrics[0].bindings
    assert bound.warnings == (
        "metrics/m.yml:4: metric m is not published: there is no table 'orders'. Several tables "
        "have this name: write hr_orders or shop_orders.",
        "metrics/m.yml:3: metric m: readers of private do not get it; expected the same "
        "name of each table for all of its readers; found orders, which they have as shop_orders. "
        "Give the table a name that no other table has.",
    )


def test_readers_who_have_another_name_for_a_table_are_named_in_a_warning(tree: Path) -> None:
    orders = table(tree, "shop/orders", id="int")
    hidden = table(tree, "hr/orders", "private", id="int")
    bound, seen = bind(tree, [orders, hidden], metric("SELECT count(*) FROM shop_orders"))
    assert seen == {"": ["m"], "public": [], "private": ["m"]}
    assert bound.warnings == (
        "metrics/m.yml:3: metric m: readers of public do not get it; expected the same name of "
        "each table for all of its readers; found shop_orders, which they have as orders. Give "
        "the table a name that no other table has.",
    )


def test_a_name_that_is_two_tables_for_two_readers_is_published_to_none(tree: Path) -> None:
    tables = [table(tree, f"{name}/orders", name, id="int") for name in ("sales", "books")]
    bound, seen = bind(
        tree, tables, metric("SELECT count(*) FROM orders"), audiences=["sales", "books"]
    )
    assert seen == {"": [], "sales": [], "books": []}
    assert "its names are of other tables for other readers" in bound.warnings[-1]


def test_fifty_metrics_look_into_one_file_of_each_table(
    tree: Path,
) -> None:
    """What it costs does not grow with the files: only the first of each table is there."""
    orders = table(tree, "shop/orders", id="int")
    more = tuple(
        replace(orders.files[0], path=f"parquet/shop/orders/{n}.parquet") for n in range(9)
    )
    many = replace(orders, files=(*orders.files, *more))
    metrics = [metric(f"SELECT {n} AS n, count(*) FROM orders", f"m{n}") for n in range(50)]
    bound, _ = bind(tree, [many], *metrics)
    assert (len(bound.metrics), bound.warnings) == (50, ())
