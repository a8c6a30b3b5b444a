"""Google Cloud Storage as ``gcp-storage-emulator`` stands in for it, behind a door with tokens."""

from __future__ import annotations

import json
import logging
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from gcp_storage_emulator.server import Server
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from ..delivery import Answer
from ..faults import Faults
from ..serving import Serving
from .door import Door, Refusal
from .keys import Keys
from .leases import Leases
from .store import StoredFile

__all__ = ["GcsStore"]

PROJECT = "keboola-stand-in"
LINK_SECONDS, TOKEN_SECONDS = 3600, 3599
_ERRORS = {
    "denied": (403, "forbidden", "Access denied."),
    "expired": (401, "authError", "Invalid Credentials"),
    "missing": (404, "notFound", "No such object"),
    "throttle": (429, "rateLimitExceeded", "The rate limit was exceeded."),
    "maintenance": (503, "backendError", "Backend Error"),
    "internal": (500, "internalError", "Internal Error"),
    "gateway": (502, "badGateway", "Bad Gateway"),
}


class GcsDoor(Door):
    """The JSON API's addresses (``/storage/v1/b/bucket/o/key``) and plain ``/bucket/key``."""

    def key(self, request: web.Request) -> str | None:
        """The object of either form."""
        _, is_json, named = request.path.partition("/storage/v1/b/")
        if is_json:
            return named.partition("/o/")[2] or None
        return request.path.lstrip("/").partition("/")[2] or None

    def credential(self, request: web.Request) -> str | None:
        """A link's signature, or the bearer's token."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return request.query.get("X-Goog-Signature") or bearer

    def is_genuine(self, request: web.Request) -> bool:
        """A token stands for its bearer."""
        del request
        return True

    def covers(self, request: web.Request, key: str | None, credential: str | None) -> bool:
        """An upload names its object only in its body."""
        if request.path.startswith("/upload/"):
            return self.leases.knows(credential)
        return super().covers(request, key, credential)

    def refusal(self, request: web.Request, kind: Refusal) -> Answer:
        """JSON, or for a link XML."""
        status, reason, message = _ERRORS[kind]
        if "X-Goog-Signature" in request.query:
            status = 400 if kind == "expired" else status
            code = "ExpiredToken" if kind == "expired" else reason
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return Answer(body.encode(), "application/xml", status)
        entry = {"message": message, "domain": "global", "reason": reason}
        error = {"code": status, "message": message, "errors": [entry]}
        return Answer(json.dumps({"error": error}).encode(), "application/json", status)


class GcsStore:
    """A bucket, and tokens that reach one export each for less than an hour."""

    provider = "gcp"

    def __init__(self, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> None:
        """Start the emulator and the door in front of it."""
        del folder
        self.keys = Keys()
        self._leases = leases
        logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)
        self._emulator = Server("127.0.0.1", 0, in_memory=True)
        self._emulator.start()
        host, port = self._emulator._api._httpd.server_address
        upstream = f"http://{host}:{port}"
        self._door = GcsDoor(upstream, self.keys, faults, leases)
        self.url = serving.add(self._door.app)
        self.settings: Mapping[str, str] = {"STORAGE_EMULATOR_HOST": self.url}
        self._client = storage.Client(
            PROJECT, AnonymousCredentials(), client_options={"api_endpoint": upstream}
        )
        self.bucket = f"kbc-files-{uuid.uuid4().hex[:8]}"
        self._inside = self._client.create_bucket(self.bucket)

    def put(self, key: str, path: Path) -> None:
        """Upload, behind the door."""
        self._inside.blob(key).upload_from_filename(str(path))

    def fetch(self, key: str, path: Path) -> None:
        """Download, behind the door."""
        try:
            self._inside.blob(key).download_to_filename(str(path))
        except NotFound as error:
            raise FileNotFoundError(key) from error

    def delete(self, prefix: str) -> None:
        """Remove the objects."""
        for blob in list(self._client.list_blobs(self.bucket, prefix=prefix)):
            blob.delete()

    def entry(self, key: str) -> str:
        """Not a link: a name that wants a token."""
        return f"gs://{self.bucket}/{key}"

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """A signed link to the manifest or the data; the rest only with credentials."""
        key = file.manifest if file.is_sliced else file.key
        signature = self._leases.grant(key, LINK_SECONDS, secrets.token_hex(128))
        signed = (
            f"X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=3600&X-Goog-Signature={signature}"
        )
        body: dict[str, Any] = {
            "region": "europe-west3",
            "url": f"{self.url}/{self.bucket}/{key}?{signed}",
        }
        if federated:
            body["gcsPath"] = {"bucket": self.bucket, "key": file.key}
            body["gcsCredentials"] = self._token(file.key)
        return body

    def _token(self, prefix: str) -> dict[str, Any]:
        name = f"ya29.{secrets.token_urlsafe(96)}"
        return {
            "access_token": self._leases.grant(prefix, TOKEN_SECONDS, name),
            "expires_in": TOKEN_SECONDS,
            "token_type": "Bearer",
            "projectId": PROJECT,
        }

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """A token to upload one object, or slices below its key."""
        where = {"bucket": self.bucket, "key": file.key}
        return {"region": "europe-west3", "gcsUploadParams": {**where, **self._token(file.key)}}

    def stop(self) -> None:
        """End the emulator."""
        self._client.close()
        self._emulator.stop()
