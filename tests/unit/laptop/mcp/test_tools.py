"""What the tools of the MCP server answer, without its process."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.errors import LaptopError
from broker.laptop.mcp import texts
from broker.laptop.mcp.budget import MOST_CHARACTERS, fitted, with_list
from broker.laptop.mcp.metrics import metrics_of
from broker.laptop.mcp.tables import described, fresh, listed
from broker.laptop.program import laptop
from broker.manifest import ForeignKey, Manifest, Status, TableEntry
from broker.tables.model import Partitioning
from broker.tables.schema import Column, TableSchema
from tests.laptop_folders import MADE_AT, LaptopFolder, make_shop

LATER = MADE_AT + timedelta(hours=2)


@pytest.fixture
def shop(tmp_path: Path) -> LaptopFolder:
    return make_shop(tmp_path)


def manifest_of(shop: LaptopFolder) -> Manifest:
    shop.publish()
    return shop.workspace.in_use()[0]


def entry_of(name: str, *columns: Column) -> TableEntry:
    schema = TableSchema(columns)
    return TableEntry(id=f"shop.{name}", name=name, path=f"shop/{name}", schema=schema)


def wide(count: int) -> Manifest:
    """A manifest of many tables with long descriptions."""
    one = replace(entry_of("x", Column("id", "BIGINT")), description="word " * 200, as_of=MADE_AT)
    names = [f"table_{number:05}" for number in range(count)]
    tables = (replace(one, id=f"shop.{name}", name=name, path=f"shop/{name}") for name in names)
    return Manifest(generation="2026-11-01T120000Z-0000", created_at=MADE_AT, tables=tuple(tables))


def test_what_an_agent_reads_first_is_whole_and_says_when() -> None:
    for name in texts.__all__:
        assert len(getattr(texts, name)) < 2_000, name
    assert texts.INSTRUCTIONS.startswith("Use these tools for every question about company data")


def test_tables_are_listed_with_what_they_are_about_and_how_old_they_are(
    shop: LaptopFolder,
) -> None:
    orders = shop.tables["shop/orders"]
    shop.tables["shop/orders"] = replace(orders, freshness_seconds=60)
    found = json.loads(listed(manifest_of(shop), LATER, "", 0))
    assert found["count"] == 2
    assert found["tables"] == [
        {
            "name": "customers",
            "description": "All the customers",
            "rows": 3,
            "as_of": "2026-11-01T12:00:00+00:00",
            "problem": None,
        },
        {
            "name": "orders",
            "description": "All the orders",
            "rows": 12,
            "as_of": "2026-11-01T12:00:00+00:00",
            "problem": "orders is of 2026-11-01 12:00 UTC, older than the 1 min promised",
        },
    ]


@pytest.mark.parametrize(
    ("search", "names"),
    [("ORDERS", ["orders"]), ("created_at", ["orders"]), ("all the", ["customers", "orders"])],
)
def test_tables_are_found_by_name_column_and_description(
    shop: LaptopFolder, search: str, names: list[str]
) -> None:
    found = json.loads(listed(manifest_of(shop), LATER, search, 0))
    assert [table["name"] for table in found["tables"]] == names


def test_a_long_list_is_cut_says_so_and_goes_on() -> None:
    manifest = wide(1_000)
    seen: list[str] = []
    while len(seen) < 1_000:
        text = listed(manifest, LATER, "", len(seen))
        assert len(text) < MOST_CHARACTERS
        found = json.loads(text)
        seen += [table["name"] for table in found["tables"]]
        assert found.get("left_out", 0) == 1_000 - len(seen)
        assert ("hint" in found) == (len(seen) < 1_000)
    assert seen == sorted(seen)


def test_a_table_is_described_in_full(shop: LaptopFolder) -> None:
    shop.tables["shop/orders"] = replace(
        shop.tables["shop/orders"],
        key=("id",),
        partitioning=Partitioning("created_at", "month"),
        foreign_keys=(ForeignKey("customer_id", "customers", "id"),),
        schema=TableSchema((Column("id", "BIGINT", nullable=False, description="Number\x1b"),)),
        rejects=7,
    )
    found = json.loads(described(manifest_of(shop), LATER, "ORDERS", ""))
    assert found["name"] == "orders"
    assert found["primary_key"] == ["id"]
    assert found["partitioned_by"] == {"column": "created_at", "granularity": "month", "files": 3}
    assert found["foreign_keys"] == [
        {"column": "customer_id", "table": "customers", "references": "id"}
    ]
    assert found["rejected_rows"] == 7
    assert found["freshness"]["age_seconds"] == 7_200
    assert found["columns"] == [
        {"name": "id", "type": "BIGINT", "may_be_null": False, "description": "Number\\x1b"}
    ]


def test_columns_of_a_wide_table_are_cut_and_searched() -> None:
    columns = tuple(Column(f"column_{n:04}", "BIGINT", description="x" * 90) for n in range(2_000))
    manifest = replace(wide(1), tables=(entry_of("wide", *columns),))
    text = described(manifest, LATER, "wide", "")
    assert len(text) < MOST_CHARACTERS
    assert json.loads(text)["left_out"] > 1_000
    (column,) = json.loads(described(manifest, LATER, "wide", "column_1999"))["columns"]
    assert column["name"] == "column_1999"


@pytest.mark.parametrize(
    ("name", "text"),
    [("ordrs", "Did you mean orders?"), ("shop.orders", "Did you mean orders?"), ("zz", "list_t")],
)
def test_a_table_that_is_not_there_is_answered_with_the_one_wanted(
    shop: LaptopFolder, name: str, text: str
) -> None:
    with pytest.raises(LaptopError, match="no such table") as caught:
        described(manifest_of(shop), LATER, name, "")
    assert text in str(caught.value)


def test_freshness_begins_with_what_is_not_as_promised(shop: LaptopFolder) -> None:
    orders = shop.tables["shop/orders"]
    shop.tables["shop/orders"] = replace(orders, status=Status.FAILED)
    manifest = manifest_of(shop)
    found = json.loads(fresh(manifest, LATER))
    assert (found["generation"], found["with_problem"]) == (manifest.generation, 1)
    assert [table["name"] for table in found["tables"]] == ["orders", "customers"]
    assert "last load failed" in found["tables"][0]["problem"]
    assert found["note"] is None
    behind = json.loads(fresh(manifest, MADE_AT - timedelta(days=3)))
    assert "is 3 d behind" in behind["note"]
    assert behind["now"] == "2026-11-01T12:00:00+00:00"
    assert len(fresh(wide(2_000), LATER)) < MOST_CHARACTERS


METRICS = {
    "format": 1,
    "metrics": [
        {"name": "revenue", "title": "Revenue", "sql": "SELECT 1", "synonyms": ["Umsatz"]},
        {"name": "visits", "title": "Visits", "sql": "SELECT 2", "description": "of the site"},
    ],
}


@pytest.mark.parametrize(
    ("search", "names"),
    [("", ["revenue", "visits"]), ("umsatz", ["revenue"]), ("SITE", ["visits"])],
)
def test_metrics_come_from_the_document_of_the_generation(
    shop: LaptopFolder, search: str, names: list[str]
) -> None:
    shop.documents["docs/metrics.json"] = json.dumps(METRICS).encode()
    shop.publish()
    manifest, tree = shop.workspace.in_use()
    found = json.loads(metrics_of(manifest, tree, search))
    assert [one["name"] for one in found["metrics"]] == names


def test_without_metrics_a_sentence_says_what_to_do(shop: LaptopFolder) -> None:
    manifest, tree = shop.workspace.in_use()
    found = json.loads(metrics_of(manifest, tree, ""))
    assert found["metrics"] == []
    assert "defines no metrics" in found["note"]


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"[]", "cannot be read"), (b"{", "cannot be read"), (b'{"metrics": [1]}', "cannot be read")],
)
def test_metrics_that_are_not_such_are_one_sentence(
    shop: LaptopFolder, content: bytes, text: str
) -> None:
    shop.documents["docs/metrics.json"] = content
    shop.publish()
    manifest, tree = shop.workspace.in_use()
    with pytest.raises(LaptopError, match=text):
        metrics_of(manifest, tree, "")


def test_metrics_that_were_changed_after_they_were_signed_are_refused(shop: LaptopFolder) -> None:
    shop.documents["docs/metrics.json"] = json.dumps(METRICS).encode()
    shop.publish()
    manifest, tree = shop.workspace.in_use()
    place = tree / "docs/metrics.json"
    place.write_bytes(place.read_bytes().replace(b"SELECT 1", b"SELECT 9"))
    with pytest.raises(LaptopError, match="is not as the manifest lists it"):
        metrics_of(manifest, tree, "")


def test_lists_fit_into_their_room() -> None:
    assert fitted(["aaaa", "bbbb", "cccc"], 16) == ["aaaa", "bbbb"]
    text = with_list({"a": 1}, "items", ["x" * 1_000] * 100, "hint")
    found = json.loads(text)
    assert len(text) < MOST_CHARACTERS
    assert len(found["items"]) + found["left_out"] == 100


def test_a_missing_library_is_one_sentence(
    shop: LaptopFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.delitem(sys.modules, "broker.laptop.mcp.server", raising=False)
    for name in [one for one in sys.modules if one.startswith("mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(laptop, ["--folder", str(shop.root), "mcp"])
    assert isinstance(result.exception, LaptopError)
    assert "needs the Python package mcp" in str(result.exception)
