"""Words that tell of hidden tables are found; words that only look like them are not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.access.leaks import hidden_from, leaked
from broker.access.proof import Proof, Violation, read_proof, write_proof
from broker.errors import BrokerError
from broker.manifest import Manifest
from broker.publish import Audience
from tests.unit.publish.making import entry

MANIFEST = Manifest(
    "2026-11-22T163000Z-7f3a",
    datetime(2026, 11, 22, tzinfo=UTC),
    (
        entry("orders"),
        entry("salaries", "private", "hr"),
        replace(entry("orders", "private", "hr"), id="orders_hr"),
    ),
)
PUBLIC = hidden_from(MANIFEST, Audience())


@pytest.mark.parametrize(
    ("path", "content", "tables"),
    [
        ("docs/schema.yml", b"tables:\n  sales/orders: {id: in.orders, name: orders}\n", []),
        ("docs/schema.yml", b"tables:\n  hr/salaries: {}\n", ["hr/salaries"]),
        ("docs/notes.md", b"see in.salaries for that", ["hr/salaries"]),
        ("docs/notes.md", b"salaries are paid monthly; in.salariesX, chr/salaries", []),
        ("metadata/sales/orders.json", b'{"columns": [{"name": "salaries"}]}', []),
        (
            "metadata/sales/orders.json",
            b'{"foreign_keys": [{"table": "salaries"}]}',
            ["hr/salaries"],
        ),
        ("manifest.json", b'{"tables": [{"id": "orders_hr"}]}', ["hr/orders"]),
        ("manifest.json", b'{"tables": [{"id": "in.orders", "name": "orders"}]}', []),
        ("manifest.json", b'{"files": ["parquet/hr/salaries/2026.parquet"]}', ["hr/salaries"]),
        ("parquet/hr/salaries.parquet", b"", ["hr/salaries"]),
        ("parquet/hr/salaries/2026.parquet", b"", ["hr/salaries"]),
        ("parquet/hr/salaries2.parquet", b"", []),
        ("docs/hr/salaries.md", b"", []),
        ("docs/tables/hr/salaries.markdown", b"", ["hr/salaries"]),
    ],
)
def test_leaks(path: str, content: bytes, tables: list[str]) -> None:
    assert leaked(path, content, PUBLIC) == tables


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("manifest.json", b"not json, hr/orders"),
        ("manifest.json", b'{"id": "orders_hr", "id": "orders"}'),
        ("docs/schema.yml", b"id: &a [orders_hr]\nx: *a"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_an_error(path: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting|twice|alias"):
        leaked(path, content, PUBLIC)


def test_who_holds_the_class_is_told_everything() -> None:
    hidden = hidden_from(MANIFEST, Audience.of(["private"]))
    assert not hidden
    assert leaked("manifest.json", MANIFEST.to_json(), hidden) == []
    found = leaked("manifest.json", MANIFEST.to_json(), PUBLIC)
    assert found == ["hr/orders", "hr/salaries"]


def test_a_proof_is_kept_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    assert read_proof(path) is None
    found = Violation("ann", "/data/x", "can read it")
    proof = Proof(datetime(2026, 11, 22, tzinfo=UTC), "G", 3, 18240, (found,), 1.5)
    write_proof(proof, path)
    assert path.stat().st_mode & 0o777 == 0o640
    assert read_proof(path) == proof
    assert proof.sentence == "18,240 checks, 1 unexpected"
    path.write_text(json.dumps({"at": "now"}))
    with pytest.raises(BrokerError, match="cannot be read"):
        read_proof(path)
