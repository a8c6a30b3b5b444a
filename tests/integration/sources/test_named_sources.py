"""Several named sources in one instance: synced together, and checked by ``broker check``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from broker.cli import broker as commands
from rig.fakes.bigquery import StandIn

# Google's reader warns of its own successor, which would bring pandas.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Retrieving Arrow record batches:PendingDeprecationWarning"
)
DESCRIPTION = """
```yaml
tables:
  - {id: shop.notes, folder: shop, primary_key: id}
  - id: shop.orders
    folder: shop
    source: lake
    sync_strategy: incremental
    incremental_column: changed
    incremental_window_days: 0
    deletions: append_only
```
"""
FIELDS = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "changed", "type": "TIMESTAMP"},
    {"name": "total", "type": "NUMERIC"},
    {
        "name": "lines",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "sku", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}],
    },
]


@pytest.fixture
def bigquery() -> Iterator[StandIn]:
    with StandIn() as standin:
        standin.project.add_dataset("shop")
        key = {"primaryKey": {"columns": ["id"]}}
        standin.project.add_table("shop", "orders", FIELDS, tableConstraints=key)
        yield standin


@pytest.fixture
def instance(tmp_path: Path, bigquery: StandIn) -> Path:
    config = tmp_path / "config"
    config.mkdir()
    settings = {
        "data_source": {"type": "csv", "path": str(tmp_path)},
        "sources": {
            "lake": {
                "type": "bigquery",
                "project": "acme-data",
                "credentials": "${LAKE_KEY}",
                "api_endpoint": bigquery.url,
                "storage_api_endpoint": bigquery.storage_url,
                "lag": "1h",
            }
        },
    }
    (config / "instance.yaml").write_text(json.dumps(settings))
    (config / "data_description.md").write_text(DESCRIPTION)
    (tmp_path / "notes.csv").write_text("id,text\n1,a\n")
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    (secrets / "LAKE_KEY").write_text(bigquery.key)
    return tmp_path


def broker(instance: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """A command: its exit code, its JSON, and what else it said."""
    given, variables = arguments(instance, *words), environment(instance)
    done = CliRunner().invoke(
        commands, given, env=variables, catch_exceptions=False, standalone_mode=False
    )
    return outcome(instance, done.return_value, done.stdout, done.stderr)


def arguments(instance: Path, *words: str) -> list[str]:
    return [*words, "--config", str(instance / "config"), "--json"]


def environment(instance: Path) -> dict[str, str]:
    return {"CREDENTIALS_DIRECTORY": str(instance / "credentials")}


def outcome(instance: Path, code: int, out: str, err: str) -> tuple[int, dict[str, Any], str]:
    private = json.loads((instance / "credentials/LAKE_KEY").read_text())["private_key"]
    assert private.splitlines()[1] not in out + err
    assert out, err
    return code, json.loads(out), err


def orders(instance: Path) -> list[tuple[Any, ...]]:
    file = instance / "data/parquet/shop/orders.parquet"
    query = f"SELECT id, total, lines FROM '{file}' ORDER BY id"
    return duckdb.connect().execute(query).fetchall()


def add(bigquery: StandIn, number: int, changed: datetime, total: str) -> None:
    row = {
        "id": number,
        "changed": changed.isoformat(),
        "total": total,
        "lines": [{"sku": "x", "price": "0.10"}],
    }
    bigquery.project.insert(bigquery.project.table("shop", "orders"), [row])


def test_rows_that_arrive_late_are_published_by_the_next_sync(
    instance: Path, bigquery: StandIn
) -> None:
    now = datetime.now(UTC)
    data = ("--data", str(instance / "data"))
    add(bigquery, 1, now - timedelta(days=9), "1.50")
    add(bigquery, 3, now - timedelta(days=1), "3")
    code, report, _ = broker(instance, "sync", *data)
    assert (code, [table["rows"] for table in report["tables"]]) == (0, [1, 2])
    first = (1, Decimal("1.500000000"), [{"sku": "x", "price": Decimal("0.100000000")}])
    assert orders(instance)[0] == first

    add(bigquery, 2, now - timedelta(minutes=30), "2")
    bigquery.project.execute('UPDATE "acme-data".shop.orders SET total = 9 WHERE id = 1')
    code, report, _ = broker(instance, "sync", *data)
    assert code == 0
    assert [row[:2] for row in orders(instance)] == [
        first[:2],
        (2, Decimal(2)),
        (3, Decimal(3)),
    ]


def test_a_source_that_fails_takes_no_other_with_it(instance: Path, bigquery: StandIn) -> None:
    bigquery.project.denied.add("bigquery.tables.getData")
    code, report, _ = broker(instance, "sync", "--data", str(instance / "data"))
    notes, refused = report["tables"]
    assert (code, notes["status"], notes["rows"]) == (1, "ok", 1)
    assert refused["status"] == "forbidden"
    assert "roles/bigquery.dataViewer on the table acme-data:shop.orders" in refused["error"]


def test_a_check_tells_what_works(instance: Path) -> None:
    code, found, _ = broker(instance, "check")
    assert (code, found["works"]) == (0, True), found
    assert {one["name"]: one["type"] for one in found["sources"]} == {
        "csv": "csv",
        "lake": "bigquery",
    }
    subjects = [one["subject"] for one in found["sources"][1]["findings"]]
    assert subjects == ["settings", "may run queries", "may read answers", "table shop.orders"]


def test_a_check_tells_what_does_not(instance: Path, bigquery: StandIn) -> None:
    bigquery.project.denied.add("bigquery.jobs.create")
    (instance / "notes.csv").unlink()
    code, found, _ = broker(instance, "check")
    csv, lake = found["sources"]
    assert (code, found["works"], csv["works"], lake["works"]) == (1, False, False, False)
    says = {one["subject"]: one["says"] for one in (*csv["findings"], *lake["findings"])}
    assert "table notes has no file" in says["table shop.notes"]
    assert "roles/bigquery.jobUser on the project acme-data" in says["may run queries"]
    assert broker(instance, "check", "--source", "csv")[1]["sources"] == [csv]


def test_a_machine_of_google_cloud_needs_no_key(instance: Path, bigquery: StandIn) -> None:
    """Its metadata server hands out tokens of its service account, and Google's library asks it."""
    file = instance / "config/instance.yaml"
    settings = json.loads(file.read_text())
    del settings["sources"]["lake"]["credentials"]
    file.write_text(json.dumps(settings))
    # The library reads the first of these when it is imported.
    host = {"GCE_METADATA_HOST": bigquery.metadata, "GCE_METADATA_IP": bigquery.metadata}
    done = subprocess.run(
        [sys.executable, "-m", "broker", *arguments(instance, "check", "--source", "lake")],
        env={**os.environ, **environment(instance), **host, "HOME": str(instance)},
        capture_output=True,
        text=True,
        check=False,
    )
    code, found, _ = outcome(instance, done.returncode, done.stdout, done.stderr)
    assert (code, found["works"]) == (0, True), found


def test_a_mistake_in_one_source_is_told_by_its_line(instance: Path) -> None:
    file = instance / "config/instance.yaml"
    file.write_text(file.read_text().replace('"lag"', '\n"lagg"'))
    code, found, _ = broker(instance, "check")
    says = found["sources"][1]["findings"][0]["says"]
    assert code == 1
    assert says.startswith(f"{file}:1: unknown key 'lagg'")
    assert says.endswith("Did you mean 'lag'?")
