from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import yaml

from broker.manifest import ForeignKey, Manifest, Status
from broker.publish import metadata_documents, schema_documents
from broker.tables.model import DataFile, Partitioning
from broker.tables.schema import Column, TableSchema

from .making import entry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDERS = replace(
    entry("orders"),
    description="Každá objednávka: jednou",
    dataset="sales/core",
    key=("id",),
    partitioning=Partitioning("day", "month"),
    schema=TableSchema((Column("id", "BIGINT", False, "number"), Column("note", "VARCHAR"))),
    foreign_keys=(ForeignKey("who", "customers", "id"), ForeignKey("paid", "salaries", "id")),
    rows=3,
    files=(
        DataFile("parquet/sales/orders/2026_01.parquet", 10, 1, "a", "2026_01", False),
        DataFile("parquet/sales/orders/null.parquet", 20, 2, "b", "null", False),
    ),
)
TABLES = (ORDERS, entry("customers"), entry("salaries", "private", "hr"))
MANIFEST = Manifest("g", NOON, TABLES)


def test_schema_tells_what_a_query_needs() -> None:
    document = yaml.safe_load(schema_documents(MANIFEST)["docs/schema.yml"])
    assert list(document["tables"]) == ["hr/salaries", "sales/customers", "sales/orders"]
    assert document["tables"]["sales/orders"] == {
        "id": "in.orders",
        "name": "orders",
        "description": "Každá objednávka: jednou",
        "dataset": "sales/core",
        "access": "public",
        "status": "ok",
        "rows": 3,
        "files": "parquet/sales/orders/*.parquet",
        "primary_key": ["id"],
        "partitioning": {"column": "day", "granularity": "month"},
        "columns": [
            {"name": "id", "type": "BIGINT", "nullable": False, "description": "number"},
            {"name": "note", "type": "VARCHAR", "nullable": True},
        ],
        "foreign_keys": [
            {"column": "who", "table": "customers", "references": "id"},
            {"column": "paid", "table": "salaries", "references": "id"},
        ],
    }


def test_each_dataset_has_a_file_of_its_own() -> None:
    documents = schema_documents(MANIFEST)
    assert set(documents) == {
        *("docs/schema.yml", "docs/views.sql", "docs/datasets/sales_core.yml")
    }
    document = yaml.safe_load(documents["docs/datasets/sales_core.yml"])
    assert list(document["tables"]) == ["sales/orders"]


def test_nothing_published_is_an_empty_schema() -> None:
    assert yaml.safe_load(schema_documents(Manifest("g", NOON))["docs/schema.yml"]) == {
        "tables": {}
    }


def test_metadata_belongs_to_the_class_of_its_table_and_tells_of_no_other() -> None:
    documents = metadata_documents(MANIFEST)
    assert {path: document.access for path, document in documents.items()} == {
        "metadata/sales/orders.json": "public",
        "metadata/sales/customers.json": "public",
        "metadata/hr/salaries.json": "private",
    }
    facts = json.loads(documents["metadata/sales/orders.json"].content)
    assert [key["table"] for key in facts["foreign_keys"]] == ["customers"]
    assert (facts["rows"], facts["bytes"], len(facts["parts"])) == (3, 30, 2)


def test_no_clock_stands_in_a_document() -> None:
    later = NOON.replace(year=2027)
    moved = Manifest(
        "h",
        later,
        tuple(replace(t, as_of=later, loaded_at=later, watermark=later) for t in TABLES),
    )
    assert schema_documents(moved) == schema_documents(MANIFEST)
    assert metadata_documents(moved) == metadata_documents(MANIFEST)


def test_of_a_failure_the_metadata_say_the_status_and_no_sentence_of_the_host() -> None:
    failed = replace(TABLES[2], status=Status.FAILED, error="/srv/in cannot be read")
    documents = metadata_documents(Manifest("g", NOON, (failed,)))
    facts = json.loads(documents["metadata/hr/salaries.json"].content)
    assert facts["status"] == "failed"
    assert "/srv/in" not in str(facts)
