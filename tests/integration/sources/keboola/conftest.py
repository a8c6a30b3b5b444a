"""A Keboola project that serves over a socket, and a broker that syncs from it in this process."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

from broker.cli.store import open_store
from broker.config import load_description, load_instance
from broker.publish import Store
from broker.sources.keboola import KeboolaSource
from broker.sources.keboola.retry import Patience
from broker.sync.report import Report
from broker.sync.run import Run
from rig.fakes.keboola import Behaviour, StandIn
from tests.duck import reader
from tests.silent import Silent

# The stand-in's web server may forget a file of its own when a client hangs up.
FORGOTTEN_FILES = (
    "ignore:Exception ignored in. <_io.FileIO name='.*keboola-"
    ":pytest.PytestUnraisableExceptionWarning"
)
IMPATIENT = Patience(attempts=4, first=0.01, longest=0.05)


class Loader:
    """Loads tables through the API's own endpoints, as any client does."""

    def __init__(self, keboola: StandIn) -> None:
        """Nothing is there yet."""
        self.keboola = keboola
        self._pool = urllib3.PoolManager()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request; a job is waited for."""
        response = self._pool.request(
            method,
            f"{self.keboola.url}/v2/storage/{path}",
            headers={"X-StorageApi-Token": self.keboola.token},
            json=body or {},
        )
        assert response.status < 300, response.data
        answer = json.loads(response.data) if response.data else None
        while response.status == 202 and answer["status"] not in ("success", "error"):
            answer = self.ask("GET", f"jobs/{answer['id']}")
        assert not isinstance(answer, dict) or answer.get("status") != "error", answer
        return answer

    def file(self, text: str) -> int:
        """Upload a CSV file; its number."""
        prepared = self.ask("POST", "files/prepare", {"name": "rows.csv", "sizeBytes": len(text)})
        put = self._pool.request("PUT", prepared["uploadParams"]["url"], body=text.encode())
        assert put.status == 200
        return int(prepared["id"])

    def bucket(self, name: str = "shop") -> None:
        """``in.c-NAME``."""
        if f"in.c-{name}" not in self.keboola.project.buckets:
            self.ask("POST", "buckets", {"name": name, "stage": "in"})

    def create(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], key: str = ""
    ) -> None:
        """An untyped table ``in.c-shop.NAME``."""
        self.bucket()
        body = {"name": name, "dataFileId": self.file(text_of(columns, rows)), "primaryKey": key}
        self.ask("POST", "buckets/in.c-shop/tables-async", body)

    def define(self, name: str, columns: dict[str, dict[str, Any]], key: Sequence[str]) -> None:
        """A typed table without rows."""
        self.bucket()
        definitions = [{"name": column, "definition": type_} for column, type_ in columns.items()]
        body = {"name": name, "primaryKeysNames": [*key], "columns": definitions}
        self.ask("POST", "buckets/in.c-shop/tables-definition", body)

    def load(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, more: bool = True
    ) -> None:
        """Rows into a table: ``more`` upserts, else they replace what is there."""
        number = self.file(text_of(columns, rows))
        body = {"dataFileId": number, "incremental": int(more)}
        self.ask("POST", f"tables/in.c-shop.{name}/import-async", body)

    def delete(self, name: str, column: str, *values: str) -> None:
        """Rows by the value of a column."""
        body = {"whereFilters": [{"column": column, "operator": "eq", "values": [*values]}]}
        self.ask("DELETE", f"tables/in.c-shop.{name}/rows", body)


def text_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()


@dataclass
class Broker:
    """An instance over the stand-in: what it describes, and what it published."""

    root: Path
    keboola: StandIn
    settings: dict[str, Any] = field(default_factory=dict)

    def describe(self, tables: str) -> None:
        """Write both files of configuration; the token stands in neither."""
        config = self.root / "config"
        config.mkdir(exist_ok=True)
        lines = {"url": self.keboola.url, "project": "1234", "token": "${KEBOOLA_TOKEN}"}
        lines |= {"silence": "4s", **self.settings}
        body = "".join(f"  {key}: {value}\n" for key, value in lines.items())
        (config / "instance.yaml").write_text(f"data_source:\n  type: keboola\n{body}")
        (config / "data_description.md").write_text(f"```yaml\n{tables}\n```\n")

    def sync(self, patience: Patience = IMPATIENT) -> Report:
        """One run, in this process."""
        config = self.root / "config"
        instance = load_instance(config, {"KEBOOLA_TOKEN": self.keboola.token})
        description = load_description(config, instance)
        source = self.source(patience)
        return Run(
            instance=instance,
            tables=description.tables,
            sources={table.id: source for table in description.tables},
            store=self.store,
            clock=lambda: datetime.now(UTC),
            progress=Silent(),
        )()

    def source(self, patience: Patience = IMPATIENT) -> KeboolaSource:
        """As a run opens it."""
        config = self.root / "config"
        opened = load_instance(config, {"KEBOOLA_TOKEN": self.keboola.token}).data_source
        assert opened is not None
        return KeboolaSource(opened.settings, config, patience)

    @property
    def store(self) -> Store:
        """Where it publishes."""
        return open_store(load_instance(self.root / "config", {"KEBOOLA_TOKEN": "x"}), self.data)

    @property
    def data(self) -> Path:
        """The data folder."""
        (self.root / "data").mkdir(exist_ok=True)
        return self.root / "data"

    def exports(self) -> list[Path]:
        """What the next run would take up again."""
        return sorted((self.data / "staging").rglob("export-*.json"))

    def rows(self, table: str, order: str = "1") -> list[tuple[Any, ...]]:
        """What a reader finds."""
        single = self.data / "parquet" / f"{table}.parquet"
        path = single if single.exists() else self.data / "parquet" / table / "*.parquet"
        with reader() as connection:
            found = connection.sql(f"FROM '{path}' ORDER BY {order}").to_arrow_table()
        return [tuple(row.values()) for row in found.to_pylist()]


@pytest.fixture
def keboola(tmp_path: Path) -> Iterator[StandIn]:
    """A project without tables."""
    with StandIn(folder=tmp_path) as serving:
        serving.project.behaviour = Behaviour(rows_per_slice=3, least_slices=3)
        yield serving


@pytest.fixture
def loader(keboola: StandIn) -> Loader:
    """Fills it."""
    return Loader(keboola)


@pytest.fixture
def broker(tmp_path: Path, keboola: StandIn) -> Broker:
    """Syncs from it."""
    return Broker(tmp_path, keboola)
