"""A client as plain as can be: what goes over the wire is what a test says."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

import requests

__all__ = ["Client", "Export"]

TIMEOUT = 30


@dataclass(frozen=True)
class Export:
    """What an export left: the job's results, the file's detail, and the slices' texts."""

    results: dict[str, Any]
    file: dict[str, Any]
    slices: list[str]

    @property
    def rows(self) -> list[str]:
        """The lines of all slices."""
        return [line for text in self.slices for line in text.splitlines()]


class Client:
    """Asks a Storage API with a token."""

    def __init__(self, url: str, token: str) -> None:
        """``url`` without a path."""
        self.url = url
        self._session = requests.Session()
        self._session.headers["X-StorageApi-Token"] = token

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request, whatever it is answered."""
        more.setdefault("timeout", TIMEOUT)
        return self._session.request(method, f"{self.url}/v2/storage/{path}", **more)

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a request that succeeds."""
        response = self.request("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def job(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The end of a job that a request starts."""
        response = self.request(method, path, **more)
        assert response.status_code == 202, response.text
        job = response.json()
        assert job["status"] == "waiting"
        while job["status"] not in {"success", "error"}:
            job = self.get(f"jobs/{job['id']}")
        return dict(job)

    def upload(self, text: str | bytes, name: str = "rows.csv") -> int:
        """The id of a file with this content."""
        prepared = self.request("POST", "files/prepare", data={"name": name, "federationToken": 1})
        body = text.encode() if isinstance(text, str) else text
        link = prepared.json()["uploadParams"]["url"]
        assert requests.put(link, data=body, timeout=TIMEOUT).status_code == 200
        return int(prepared.json()["id"])

    def create(self, table: str, text: str, key: str = "") -> dict[str, Any]:
        """A table of a CSV text, and its bucket."""
        bucket, _, name = table.rpartition(".")
        stage, _, short = bucket.partition(".c-")
        self.request("POST", "buckets", data={"name": short, "stage": stage})
        body = {"name": name, "dataFileId": self.upload(text), "primaryKey": key}
        return self.job("POST", f"buckets/{bucket}/tables-async", data=body)

    def load(self, table: str, text: str | bytes, **more: Any) -> dict[str, Any]:
        """The end of an import."""
        body = {"dataFileId": self.upload(text), **more}
        return self.job("POST", f"tables/{table}/import-async", data=body)

    def export(self, table: str, **params: Any) -> Export:
        """Everything from the start of the job to the last slice."""
        job = self.job("POST", f"tables/{table}/export-async", json=params)
        assert job["status"] == "success", job
        file = self.get(f"files/{job['results']['file']['id']}", federationToken=1)
        links = [file["url"]]
        if file["isSliced"]:
            links = [
                entry["url"] for entry in requests.get(links[0], timeout=TIMEOUT).json()["entries"]
            ]
        bodies = [requests.get(link, timeout=TIMEOUT).content for link in links]
        texts = [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in bodies]
        return Export(job["results"], file, [text.decode() for text in texts])
