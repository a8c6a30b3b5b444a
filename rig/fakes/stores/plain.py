"""A store without a provider: files on this disk behind signed links, as fast as sendfile is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from ..delivery import Answer, deliver
from ..faults import Faults
from ..serving import Serving
from .door import Door, Refusal
from .keys import Keys
from .leases import Leases
from .store import StoredFile

__all__ = ["PlainStore"]

LINK_SECONDS = 3600.0
_REFUSALS = {
    "denied": 403,
    "expired": 403,
    "missing": 404,
    "throttle": 429,
    "maintenance": 503,
    "internal": 500,
    "gateway": 502,
}


class PlainDoor(Door):
    """Opens to every holder of a link, and serves a folder."""

    folder: Path
    home: str

    def path(self, key: str) -> Path:
        """Where an object is kept."""
        return self.folder / key.replace("/", "\u2215")

    def key(self, request: web.Request) -> str:
        """The path of the link."""
        return request.path.lstrip("/")

    def credential(self, request: web.Request) -> str | None:
        """The link's signature."""
        return request.query.get("signature")

    def is_genuine(self, request: web.Request) -> bool:
        """A link is its own proof."""
        del request
        return True

    def refusal(self, request: web.Request, kind: Refusal) -> Answer:
        """A word."""
        del request
        return Answer(kind.encode(), "text/plain", _REFUSALS[kind])

    async def whole(self, request: web.Request) -> Answer:
        """The file."""
        key = self.key(request)
        if not self.path(key).is_file():
            return self.refusal(request, "missing")
        place = self.keys.place(key)
        if place is None or place.phase != "manifest":
            return Answer(self.path(key))
        return Answer(self._manifest(self.path(key).read_bytes()))

    def _manifest(self, kept: bytes) -> bytes:
        """With fresh links. A provider's entries are not links: only credentials expire there."""
        manifest = json.loads(kept)
        for entry in manifest["entries"]:
            key = entry["url"].partition("?")[0].removeprefix(f"{self.home}/")
            entry["url"] = self.link(key)
        return json.dumps(manifest).encode()

    def link(self, key: str) -> str:
        """Good for an hour."""
        return f"{self.home}/{key}?signature={self.leases.grant(key, LINK_SECONDS)}"

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Send a file, or take one in."""
        if request.method != "PUT":
            return await deliver(request, await self.whole(request))
        path = self.path(self.key(request))
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as stream:
            async for block in request.content.iter_chunked(1 << 20):
                stream.write(block)
        part.replace(path)
        return web.Response()


class PlainStore:
    """Manifest entries are ``http://`` links that need no credential but themselves."""

    provider = "http"

    def __init__(self, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> None:
        """Serve what will be put into ``folder``."""
        self.keys = Keys()
        self.settings: Mapping[str, str] = {}
        self._door = PlainDoor("", self.keys, faults, leases)
        self._door.folder = folder / "objects"
        self._door.folder.mkdir(parents=True)
        self._door.home = serving.add(self._door.app)

    def put(self, key: str, path: Path) -> None:
        """Keep a file by a link to it where the disk allows."""
        target = self._door.path(key)
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, target)

    def fetch(self, key: str, path: Path) -> None:
        """Copy a file out."""
        shutil.copyfile(self._door.path(key), path)

    def delete(self, prefix: str) -> None:
        """Remove the files."""
        for path in self._door.folder.iterdir():
            if path.name.startswith(self._door.path(prefix).name):
                path.unlink()

    def entry(self, key: str) -> str:
        """A link, good for an hour."""
        return self._door.link(key)

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """Only a link."""
        del federated
        return {"url": self._door.link(file.manifest if file.is_sliced else file.key)}

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """A link to PUT to."""
        return {"uploadParams": {"url": self._door.link(file.key), "key": file.key}}

    def stop(self) -> None:
        """Nothing runs but the door, which ``Serving`` ends."""
