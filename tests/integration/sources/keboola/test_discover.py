"""``broker discover --source keboola``: a draft that keeps what a person made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from broker.cli.discover import discover
from broker.config import load_description

from .conftest import Broker, Loader


@pytest.fixture
def run(broker: Broker, loader: Loader, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command over a project of three tables in two buckets."""
    types = {"id": {"type": "INT"}, "price": {"type": "NUMBER", "length": "12,2"}}
    loader.define("orders", types, ["id"])
    loader.create("people", ["name"], [("Ada",)])
    metadata = [{"key": "KBC.description", "value": "One row per order"}]
    loader.ask(
        "POST", "tables/in.c-shop.orders/metadata", {"provider": "user", "metadata": metadata}
    )
    loader.bucket("other")
    alias = {"name": "seen", "sourceTable": "in.c-shop.orders"}
    loader.ask("POST", "buckets/in.c-other/table-aliases", alias)
    broker.describe("tables: []")
    monkeypatch.setenv("KEBOOLA_TOKEN", broker.keboola.token)

    def command(*words: str) -> Any:
        where = ["--source", "keboola", "--config", str(broker.root / "config")]
        done = CliRunner().invoke(discover, [*where, *words], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    return command


def test_buckets_and_patterns_choose(run: Any) -> None:
    def ids(*words: str) -> list[str]:
        return [table["id"] for table in json.loads(run("--json", *words))["tables"]]

    assert sorted(ids()) == ["in.c-other.seen", "in.c-shop.orders", "in.c-shop.people"]
    assert ids("--bucket", "in.c-other") == ["in.c-other.seen"]
    assert ids("--include", "*.c-shop.*", "--exclude", "*people") == ["in.c-shop.orders"]


def test_a_draft_is_valid_and_keeps_what_a_person_wrote(
    run: Any, broker: Broker, loader: Loader
) -> None:
    out = broker.root / "config/data_description.md"
    out.unlink()
    assert "2 tables added" in run("--bucket", "in.c-shop", "--out", str(out))
    orders = load_description(out.parent).table("in.c-shop.orders")
    assert orders is not None
    assert (orders.primary_key, orders.description) == (("id",), "One row per order")
    assert orders.types == {"id": "BIGINT", "price": "DECIMAL(12,2)"}
    out.write_text(out.read_text().replace("One row per order", "One row per PAID order"))
    column = {"name": "added", "definition": {"type": "DATE"}}
    loader.ask("POST", "tables/in.c-shop.orders/columns", column)
    output = run("--bucket", "in.c-shop", "--out", str(out))
    assert "0 tables added" in output
    assert "+  added: DATE" in output
    assert "in.c-other" not in output
    assert "One row per PAID order" in out.read_text()
    assert broker.keboola.token not in out.read_text()
