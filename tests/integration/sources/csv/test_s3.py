"""Tables in an object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.errors import AbsentError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from rig.fakes.proxy import Proxy

moto = pytest.importorskip("moto.server", reason="moto's server is not installed")
s3fs = pytest.importorskip("s3fs", reason="the extra 'remote' is not installed")


@pytest.fixture(scope="session")
def storage() -> Iterator[dict[str, Any]]:
    """The options of a store that listens on this machine; moto has one for each process."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "key": "testing",
        "secret": "testing",
        "endpoint_url": f"http://{host}:{port}",
    }
    server.stop()


@pytest.fixture(scope="session")
def store(storage: dict[str, Any]) -> Any:
    """A bucket ``company`` with tables in its folder ``daily``."""
    store = s3fs.S3FileSystem(**storage)
    store.mkdir("company")
    for name, text in {
        "orders.csv": 'id,x\n1,\n2,""\n',
        "events/part-10.csv": "id\n3\n",
        "events/part-9.csv": "id\n1\n2\n",
        "events/_SUCCESS": "",
        "events/.part-9.csv": "id\n1\n",
        "events/part-9.csv.part": "id\n1\n",
        "events/.stage/part-9.csv": "id\n1\n",
        "notes.txt": "x",
    }.items():
        store.pipe(f"company/daily/{name}", text.encode())
    return store


@pytest.fixture
def source(storage: dict[str, Any], store: Any) -> CsvSource:
    del store
    return CsvSource({"path": "s3://company/daily", "storage": storage}, Path())


def rows(source: CsvSource, name: str, **options: str) -> list[tuple[Any, ...]]:
    reading = source.read(TableRequest(name, options=options), Window())
    found = [tuple(row.values()) for batch in reading.batches() for row in batch.to_pylist()]
    assert reading.end().rows == len(found)
    return found


def test_a_file_and_a_folder(source: CsvSource) -> None:
    assert rows(source, "orders") == [("1", None), ("2", "")]
    assert rows(source, "events") == [("1",), ("2",), ("3",)]


def test_file_says_where_otherwise(source: CsvSource) -> None:
    assert rows(source, "t", file="events/part-*.csv") == [("1",), ("2",), ("3",)]
    assert rows(source, "t", file="events/*part*") == [("1",), ("2",), ("3",)]
    assert rows(source, "t", file="events/**/*.csv") == [("1",), ("2",), ("3",)]
    assert rows(source, "t", file="s3://company/daily/events/part-10.csv") == [("3",)]


def test_discover(source: CsvSource) -> None:
    found = {table.id: table.schema.names for table in source.discover()}
    assert found == {"orders": ("id", "x"), "events": ("id",)}


def test_absent(source: CsvSource, storage: dict[str, Any]) -> None:
    with pytest.raises(AbsentError, match="table gone has no file"):
        rows(source, "gone")
    with pytest.raises(AbsentError, match="no file matches"):
        rows(source, "t", file="gone/*.csv")
    elsewhere = CsvSource({"path": "s3://nobody", "storage": storage}, Path())
    with pytest.raises(SourceError, match="s3://nobody: did not answer"):
        list(elsewhere.discover())


def test_a_file_that_changes_meanwhile(source: CsvSource, store: Any) -> None:
    store.pipe("company/daily/moving.csv", b"id\n1\n")
    batches = source.read(TableRequest("moving"), Window()).batches()
    next(batches)
    store.pipe("company/daily/moving.csv", b"id\n2\n")
    with pytest.raises(SourceError, match="changed while it was being read"):
        list(batches)
    store.rm("company/daily/moving.csv")


def test_a_file_that_appears_meanwhile(source: CsvSource, store: Any) -> None:
    batches = source.read(TableRequest("events"), Window()).batches()
    next(batches)
    store.pipe("company/daily/events/part-11.csv", b"id\n2\n")
    with pytest.raises(SourceError, match=r"part-11\.csv: changed"):
        list(batches)
    store.rm("company/daily/events/part-11.csv")


def test_no_file_of_a_folder_is_passed_over(source: CsvSource, store: Any) -> None:
    store.pipe("company/daily/parts/a.csv", b"id\n1\n")
    assert rows(source, "parts") == [("1",)]
    store.pipe("company/daily/parts/b.zip", b"")
    with pytest.raises(SourceError, match=r"would not be read.*b\.zip"):
        rows(source, "parts")
    store.rm("company/daily/parts", recursive=True)


def test_an_unreachable_store() -> None:
    storage = {"key": "k", "secret": "s3cr3t", "endpoint_url": "http://127.0.0.1:9"}
    storage["config_kwargs"] = {"retries": {"max_attempts": 0}}
    source = CsvSource({"path": "s3://company", "storage": storage}, Path())
    with pytest.raises(SourceError, match=r"s3://company/t\.csv: did not answer") as error:
        source.describe(TableRequest("t"))
    assert "s3cr3t" not in str(error.value)


def test_a_proxy_of_the_environment_is_used(
    storage: dict[str, Any], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del store
    with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        # Clients are kept by their options, and read the environment when they are made.
        options = {**storage, "client_kwargs": {"region_name": "eu-west-1"}}
        source = CsvSource({"path": "s3://company/daily", "storage": options}, Path())
        assert rows(source, "orders") == [("1", None), ("2", "")]
    assert any(target.startswith(f"{storage['endpoint_url']}/company") for _, target in proxy.seen)
