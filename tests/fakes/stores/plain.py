"""A store without a provider: files on this disk behind signed links, as fast as sendfile is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from ..delivery import Answer, deliver
from ..faults import Fault, Faults
from ..serving import Serving
from .door import Keys, spoiled_manifest
from .leases import Leases
from .store import StoredFile

__all__ = ["PlainStore"]

LINK_SECONDS = 3600.0


class PlainStore:
    """Manifest entries are ``http://`` links that need no credential but themselves."""

    provider = "http"

    def __init__(self, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> None:
        """Serve what will be put into ``folder``."""
        self.keys = Keys()
        self.settings: Mapping[str, str] = {}
        self._folder = folder / "objects"
        self._folder.mkdir(parents=True)
        self._faults = faults
        self._leases = leases
        app = web.Application(client_max_size=0)
        app.router.add_get("/{key:.+}", self._get)
        app.router.add_put("/{key:.+}", self._put)
        self.url = serving.add(app)

    def _path(self, key: str) -> Path:
        return self._folder / key.replace("/", "\u2215")

    def put(self, key: str, path: Path) -> None:
        """Keep a file by a link to it where the disk allows."""
        target = self._path(key)
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, target)

    def fetch(self, key: str, path: Path) -> None:
        """Copy a file out."""
        shutil.copyfile(self._path(key), path)

    def delete(self, prefix: str) -> None:
        """Remove the files."""
        for path in self._folder.iterdir():
            if path.name.startswith(self._path(prefix).name):
                path.unlink()

    def _link(self, key: str) -> str:
        return f"{self.url}/{key}?signature={self._leases.grant(key, LINK_SECONDS)}"

    def entry(self, key: str) -> str:
        """A link, good for an hour."""
        return self._link(key)

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """Only a link."""
        del federated
        return {"url": self._link(file.manifest if file.is_sliced else file.key)}

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """A link to PUT to."""
        return {"uploadParams": {"url": self._link(file.key), "key": file.key}}

    def stop(self) -> None:
        """Nothing runs but the door, which ``Serving`` ends."""

    async def _put(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        if not self._leases.covers(request.query.get("signature"), key):
            return web.Response(status=403, text="SignatureDoesNotMatch")
        part = self._path(f"{key}.part")
        with part.open("wb") as stream:
            async for block in request.content.iter_chunked(1 << 20):
                stream.write(block)
        part.replace(self._path(key))
        return web.Response()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        key, signature = request.match_info["key"], request.query.get("signature")
        if not self._leases.covers(signature, key):
            return web.Response(status=403, text="SignatureDoesNotMatch")
        place = self.keys.place(key)
        fault = self._faults.take(place) if place else None
        if fault and fault.kind == "expired":
            self._leases.expire(signature)
        if self._leases.is_expired(signature):
            return web.Response(status=403, text="AccessDenied: Request has expired")
        path = self._path(key)
        if not path.is_file():
            return web.Response(status=404, text="NoSuchKey")
        return await self._deliver(request, path, fault)

    async def _deliver(
        self, request: web.Request, path: Path, fault: Fault | None
    ) -> web.StreamResponse:
        if fault and fault.kind in {"empty_manifest", "shuffled"}:
            return await deliver(request, Answer(spoiled_manifest(path.read_bytes(), fault)))
        return await deliver(request, Answer(path), fault)
