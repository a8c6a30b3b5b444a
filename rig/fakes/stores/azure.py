"""Azure Blob Storage as Microsoft's Azurite stands in for it, with signatures that it checks."""

from __future__ import annotations

import base64
import itertools
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    ContainerSasPermissions,
    generate_blob_sas,
    generate_container_sas,
)

from ..azurite import Azurite
from ..delivery import Answer
from ..faults import Faults
from ..keboola.clock import shown
from ..serving import Serving
from .door import Door, Refusal
from .keys import Keys
from .leases import Leases
from .store import StoredFile

__all__ = ["AzureStore"]

ACCOUNT, CONTAINER = "kbcfshc7chguaeh2km", "exp-15-files"
LINK_SECONDS, FEDERATION_SECONDS = 3600, 12 * 3600
_ERRORS = {
    "denied": (403, "AuthorizationFailure", "This request is not authorized."),
    "expired": (403, "AuthenticationFailed", "Signature not valid in the specified time frame"),
    "missing": (404, "BlobNotFound", "The specified blob does not exist."),
    "throttle": (503, "ServerBusy", "The server is busy."),
    "maintenance": (503, "ServerBusy", "The server is busy."),
    "internal": (500, "InternalError", "The server encountered an internal error."),
    "gateway": (502, "BadGateway", "Bad Gateway"),
}


class AzureDoor(Door):
    """Addresses as an emulator has them: ``/account/container/blob?SAS``."""

    def key(self, request: web.Request) -> str | None:
        """What follows the container."""
        return request.path.lstrip("/").partition("/")[2].partition("/")[2] or None

    def credential(self, request: web.Request) -> str | None:
        """The signature of the SAS."""
        return request.query.get("sig")

    def is_genuine(self, request: web.Request) -> bool:
        """Azurite itself checks the signature."""
        del request
        return True

    def refusal(self, request: web.Request, kind: Refusal) -> Answer:
        """Azure's XML, and the header in which its library looks for the code."""
        status, code, message = _ERRORS[kind]
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body = b"" if request.method == "HEAD" else text.encode()
        return Answer(body, "application/xml", status, {"x-ms-error-code": code})


class AzureStore:
    """A container, and signatures that the door limits to one export each."""

    provider = "azure"

    def __init__(self, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> None:
        """Start Azurite and the door in front of it."""
        del folder
        self.keys = Keys()
        self.settings: Mapping[str, str] = {}
        self._leases = leases
        self._account_key = base64.b64encode(secrets.token_bytes(64)).decode()
        self._azurite = Azurite(ACCOUNT, self._account_key)
        self._door = AzureDoor(self._azurite.url, self.keys, faults, leases)
        self.url = f"{serving.add(self._door.app)}/{ACCOUNT}"
        self._grants = itertools.count(1)
        service = BlobServiceClient(
            f"{self._azurite.url}/{ACCOUNT}",
            {"account_name": ACCOUNT, "account_key": self._account_key},
        )
        self._inside = service.create_container(CONTAINER)

    def put(self, key: str, path: Path) -> None:
        """Upload, behind the door."""
        with path.open("rb") as stream:
            self._inside.upload_blob(key, stream, overwrite=True)

    def fetch(self, key: str, path: Path) -> None:
        """Download, behind the door."""
        try:
            with path.open("wb") as stream:
                self._inside.download_blob(key).readinto(stream)
        except ResourceNotFoundError as error:
            raise FileNotFoundError(key) from error

    def delete(self, prefix: str) -> None:
        """Remove the blobs."""
        for blob in self._inside.list_blobs(name_starts_with=prefix):
            self._inside.delete_blob(blob.name)

    def entry(self, key: str) -> str:
        """Not a link: a name that wants a signature."""
        return f"azure://{ACCOUNT}.blob.core.windows.net/{CONTAINER}/{key}"

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """A signed link to the manifest or the data; the rest only with credentials."""
        key = file.manifest if file.is_sliced else file.key
        body: dict[str, Any] = {"region": "north-europe", "url": self._link(key)}
        if federated:
            allowed = ContainerSasPermissions(read=True, list=True)
            body["absPath"] = {"container": CONTAINER, "name": file.key}
            body["absCredentials"] = self._federate(file.key, allowed)
        return body

    def _times(self, seconds: int) -> tuple[datetime, datetime]:
        """From when to when: no two alike, so that no two signatures are."""
        start = datetime.now(UTC) - timedelta(minutes=15, seconds=next(self._grants))
        # Azurite goes by this machine's clock, the door by the stand-in's, which may be ahead.
        expiry = datetime.fromtimestamp(self._leases.now() + seconds, UTC)
        return start, expiry

    def _granted(self, prefix: str, seconds: int, signed: str) -> str:
        self._leases.grant(prefix, seconds, parse_qs(signed)["sig"][0])
        return signed

    def _link(self, key: str) -> str:
        start, expiry = self._times(LINK_SECONDS)
        signed = generate_blob_sas(
            ACCOUNT,
            CONTAINER,
            key,
            account_key=self._account_key,
            permission=BlobSasPermissions(read=True),
            start=start,
            expiry=expiry,
        )
        return f"{self.url}/{CONTAINER}/{key}?{self._granted(key, LINK_SECONDS, signed)}"

    def _federate(self, prefix: str, allowed: ContainerSasPermissions) -> dict[str, Any]:
        start, expiry = self._times(FEDERATION_SECONDS)
        signed = generate_container_sas(
            ACCOUNT,
            CONTAINER,
            account_key=self._account_key,
            permission=allowed,
            start=start,
            expiry=expiry,
        )
        self._granted(prefix, FEDERATION_SECONDS, signed)
        return {
            "SASConnectionString": f"BlobEndpoint={self.url};SharedAccessSignature={signed}",
            "expiration": shown(expiry),
        }

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """A signature to PUT one blob, or slices below its name."""
        return {
            "region": "north-europe",
            "absUploadParams": {
                "blobName": file.key,
                "accountName": ACCOUNT,
                "container": CONTAINER,
                "absCredentials": self._federate(
                    file.key, ContainerSasPermissions(create=True, write=True)
                ),
            },
        }

    def stop(self) -> None:
        """End Azurite."""
        self._inside.close()
        self._azurite.stop()
