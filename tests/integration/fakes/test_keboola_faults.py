"""What a client sees of each fault, in each phase, on each store."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from rig.fakes.keboola import Fault, StandIn

from .client import TIMEOUT, Client

TABLE = "in.c-shop.orders"
TEXT = "id,name\n" + "".join(f"{number},name {number}\n" for number in range(10))
GROUP = pytest.mark.xdist_group("object-stores")


@pytest.fixture
def exported(client: Client) -> int:
    """The id of an export's file; the table has ten rows."""
    client.create(TABLE, TEXT)
    return int(client.export(TABLE, gzip=1).file["id"])


def paths(exported: int) -> dict[str, tuple[str, str]]:
    return {
        "index": ("GET", ""),
        "verify": ("GET", "tokens/verify"),
        "tables": ("GET", f"tables/{TABLE}"),
        "upload": ("POST", "files/prepare"),
        "start": ("POST", f"tables/{TABLE}/export-async"),
        "poll": ("GET", "jobs/22070937"),
        "detail": ("GET", f"files/{exported}?federationToken=1"),
    }


@pytest.mark.parametrize(
    "phase", ["index", "verify", "tables", "upload", "start", "poll", "detail"]
)
def test_faults_of_the_api(keboola: StandIn, client: Client, exported: int, phase: str) -> None:
    method, path = paths(exported)[phase]

    def ask() -> requests.Response:
        return client.request(method, path, data={"name": "x"} if method == "POST" else None)

    whole = ask()
    for fault, status, error in [
        (Fault("throttle", phase, seconds=7), 429, "Too many requests"),
        (Fault("maintenance", phase, seconds=7), 503, None),
        (Fault("internal", phase), 500, "Application error. Please contact support."),
        (Fault("denied", phase), 403, "You don't have access to the resource."),
    ]:
        keboola.faults.add(fault)
        answer = ask()
        assert (answer.status_code, answer.json().get("error")) == (status, error)
        assert answer.headers.get("Retry-After") == ("7" if status in {429, 503} else None)
        assert ask().status_code == whole.status_code
    for fault in [
        Fault("truncate", phase, keep=-1),
        Fault("truncate", phase),
        Fault("reset", phase),
        Fault("stall", phase, seconds=0.2),
    ]:
        keboola.faults.add(fault)
        with pytest.raises(requests.RequestException):
            ask()
    keboola.faults.add(Fault("wrong_type", phase), Fault("html", phase), Fault("gateway", phase))
    assert [ask().headers["Content-Type"] for _ in range(3)] == ["text/html"] * 3
    assert len(keboola.faults.happened) == 11
    assert ask().status_code == whole.status_code


def test_jobs_that_are_slow_or_fail(keboola: StandIn, client: Client, exported: int) -> None:
    del exported
    keboola.faults.add(Fault("slow_job", "poll", times=3, table=TABLE))
    started = client.request("POST", f"tables/{TABLE}/export-async").json()
    polled = [client.get(f"jobs/{started['id']}") for _ in range(4)]
    assert [job["status"] for job in polled] == ["processing"] * 3 + ["success"]
    assert polled[0]["results"] is None
    keboola.faults.add(Fault("failed_job", "poll", table=TABLE))
    job = client.job("POST", f"tables/{TABLE}/export-async")
    assert job["status"] == "error"
    assert job["error"]["exceptionId"]
    assert client.get(f"jobs/{job['id']}") == job


def test_faults_wait_for_their_table_and_their_turn(
    keboola: StandIn, client: Client, exported: int
) -> None:
    del exported
    faults = [{"kind": "internal", "phase": "tables", "table": "in.c-shop.x"}]
    faults += [{"kind": "internal", "phase": "tables", "table": TABLE, "after": 1, "times": 2}]
    control = f"{keboola.url}/control/faults"
    assert requests.post(control, json=faults, timeout=TIMEOUT).status_code == 200
    statuses = [client.request("GET", f"tables/{TABLE}").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    found = requests.get(control, timeout=TIMEOUT).json()
    assert [fault["table"] for fault in found["pending"]] == ["in.c-shop.x"]
    assert len(found["happened"]) == 2
    requests.delete(control, timeout=TIMEOUT)
    assert keboola.faults.pending() == []
    wrong = requests.post(control, json=[{"kind": "flood", "phase": "start"}], timeout=TIMEOUT)
    assert wrong.status_code == 400


class Download:
    """An export's manifest and slices, asked for with the credentials of one file detail."""

    def __init__(self, keboola: StandIn, file: dict[str, Any]) -> None:
        self._keboola = keboola
        self._file = file

    def manifest(self) -> requests.Response:
        return requests.get(self._file["url"], timeout=TIMEOUT)

    def slice(self, entry: str) -> requests.Response:
        url, headers = getattr(self, f"_{self._file['provider']}")(entry)
        return requests.get(url, headers=headers, timeout=TIMEOUT)

    def _aws(self, entry: str) -> tuple[str, dict[str, str]]:
        given = self._file["credentials"]
        s3 = boto3.client(
            "s3",
            region_name=self._file["region"],
            endpoint_url=self._keboola.store.settings["AWS_ENDPOINT_URL_S3"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        bucket, _, key = entry.removeprefix("s3://").partition("/")
        return s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}), {}

    def _azure(self, entry: str) -> tuple[str, dict[str, str]]:
        given = self._file["absCredentials"]["SASConnectionString"]
        parts = dict(part.split("=", 1) for part in given.split(";"))
        path = entry.removeprefix("azure://").partition("/")[2]
        return f"{parts['BlobEndpoint']}/{path}?{parts['SharedAccessSignature']}", {}

    def _gcp(self, entry: str) -> tuple[str, dict[str, str]]:
        host = self._keboola.store.settings["STORAGE_EMULATOR_HOST"]
        token = self._file["gcsCredentials"]["access_token"]
        return f"{host}/{entry.removeprefix('gs://')}", {"Authorization": f"Bearer {token}"}


@pytest.fixture
def download(stored: StandIn) -> Iterator[Callable[[], Download]]:
    """Gets a fresh file detail of the same export whenever it is called."""
    with Client(stored.url, stored.token) as client:
        client.request("POST", "buckets", data={"name": "shop", "stage": "in"})
        columns = [{"name": "id"}, {"name": "name"}]
        body = {"name": "orders", "columns": columns}
        client.job("POST", "buckets/in.c-shop/tables-definition", json=body)
        prepared = client.request("POST", "files/prepare", data={"name": "x.csv"}).json()
        file = stored.project.files[prepared["id"]]
        path = stored.project.folder / "x.csv"
        path.write_text(TEXT)
        stored.store.put(file.stored.key, path)
        loaded = {"dataFileId": prepared["id"]}
        assert (
            client.job("POST", f"tables/{TABLE}/import-async", data=loaded)["status"] == "success"
        )
        job = client.job("POST", f"tables/{TABLE}/export-async", json={"gzip": True})
        number = job["results"]["file"]["id"]
        yield lambda: Download(stored, client.get(f"files/{number}", federationToken=1))
        stored.faults.clear()
        client.job("DELETE", "buckets/in.c-shop", params={"force": 1, "async": 1})


def rows(download: Download) -> list[str]:
    entries = download.manifest().json()["entries"]
    texts = [gzip.decompress(download.slice(entry["url"]).content) for entry in entries]
    return b"".join(texts).decode().splitlines()


@GROUP
def test_faults_of_the_store(stored: StandIn, download: Callable[[], Download]) -> None:
    first = download()
    whole = rows(first)
    assert len(whole) == 10
    entries = [entry["url"] for entry in first.manifest().json()["entries"]]
    last: dict[str, Any] = {"phase": "slice", "slice": -1}
    for kind, status in [("throttle", {429, 503}), ("internal", {500}), ("missing", {404})]:
        stored.faults.add(Fault(kind, **last), Fault(kind, "manifest"))
        assert first.slice(entries[0]).status_code == 200
        assert first.slice(entries[-1]).status_code in status
        assert first.manifest().status_code in status
        assert rows(first) == whole
    for fault in [
        Fault("truncate", **last, keep=-1),
        Fault("truncate", **last, keep=0),
        Fault("reset", **last),
        Fault("stall", **last, seconds=0.2),
    ]:
        stored.faults.add(fault)
        with pytest.raises(requests.RequestException):
            first.slice(entries[-1])
    stored.faults.add(Fault("cut", **last))
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(first.slice(entries[-1]).content)
    assert rows(first) == whole


@GROUP
def test_links_expire_until_the_file_is_asked_for_again(
    stored: StandIn, download: Callable[[], Download]
) -> None:
    first = download()
    whole, entry = rows(first), first.manifest().json()["entries"][1]["url"]
    stored.faults.add(Fault("expired", "slice", slice=1))
    for _ in range(2):
        assert first.slice(entry).status_code in {400, 401, 403}
    stored.faults.add(Fault("expired", "manifest"))
    for _ in range(2):
        assert first.manifest().status_code in {400, 403}
    second = download()
    assert rows(second) == whole
    stored.clock.advance(13 * 3600)
    assert second.slice(entry).status_code in {400, 401, 403}
    assert second.manifest().status_code in {400, 403}
    assert rows(download()) == whole


@GROUP
def test_manifests_may_be_empty_or_shuffled(
    stored: StandIn, download: Callable[[], Download]
) -> None:
    found = download()
    whole = rows(found)
    stored.faults.add(Fault("empty_manifest", "manifest"), Fault("shuffled", "manifest"))
    assert found.manifest().json() == {"entries": []}
    mixed = rows(found)
    assert mixed != whole
    assert sorted(mixed) == sorted(whole)


@GROUP
def test_credentials_open_their_own_export_only(
    stored: StandIn, download: Callable[[], Download], tmp_path: Path
) -> None:
    found = download()
    entry = found.manifest().json()["entries"][0]["url"]
    (tmp_path / "other").write_text("secret")
    key = entry.partition("/exp-2/")[2]
    stored.store.put("exp-2/other", tmp_path / "other")
    assert found.slice(entry).status_code == 200
    assert found.slice(entry.replace(key, "other")).status_code == 403
    url, _ = getattr(found, f"_{stored.store.provider}")(entry)
    assert requests.get(url.partition("?")[0], timeout=TIMEOUT).status_code == 403
