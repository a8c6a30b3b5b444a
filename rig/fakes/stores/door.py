"""The front door of an object store: who may come in, and what goes wrong on the way out.

Behind it is the store itself: moto's, Microsoft's, Google's emulator, or a folder. The emulators
check few credentials and never break, so both is done here, where all stores have it alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Literal

from aiohttp import ClientSession, web

from ..delivery import Answer, deliver
from ..faults import Fault, Faults
from .keys import Keys, spoiled_manifest
from .leases import Leases

__all__ = ["Door", "Refusal"]

# How a store refuses. ``denied``: the credential is not one of ours, or not for this key.
Refusal = Literal["denied", "expired", "missing", "throttle", "maintenance", "internal", "gateway"]
REFUSALS: dict[str, Refusal] = {
    "denied": "denied",
    "missing": "missing",
    "throttle": "throttle",
    "maintenance": "maintenance",
    "internal": "internal",
    "gateway": "gateway",
}
_BLOCK = 1 << 20
# Headers that describe a connection rather than an object (RFC 9110, 7.6.1), and those by which
# a provider's library would see through a body that a fault changed.
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "date", "server"}
_CHECKSUMS = {"content-length", "content-md5", "etag", "x-goog-hash", "content-encoding"}


class Door(ABC):
    """One provider's way to name keys, credentials and errors."""

    def __init__(self, upstream: str, keys: Keys, faults: Faults, leases: Leases) -> None:
        """``upstream`` is the address of what stands behind."""
        self.upstream = upstream
        self.keys = keys
        self.faults = faults
        self.leases = leases
        self.app = web.Application(client_max_size=0)
        self.app.router.add_route("*", "/{path:.*}", self._handle)
        self.app.cleanup_ctx.append(self._connect)

    async def _connect(self, app: web.Application) -> AsyncIterator[None]:
        del app
        async with ClientSession(auto_decompress=False, skip_auto_headers=["User-Agent"]) as client:
            self._client = client
            yield

    @abstractmethod
    def key(self, request: web.Request) -> str | None:
        """The key of the object that a request is about; None for other requests."""

    @abstractmethod
    def credential(self, request: web.Request) -> str | None:
        """The name of the lease that a request comes with."""

    @abstractmethod
    def is_genuine(self, request: web.Request) -> bool:
        """Whether the credential is used as its provider demands: signed, not only named."""

    def covers(self, request: web.Request, key: str | None, credential: str | None) -> bool:
        """Whether the credential was given for what the request wants."""
        del request
        return self.leases.covers(credential, key or "")

    @abstractmethod
    def refusal(self, request: web.Request, kind: Refusal) -> Answer:
        """The provider's own answer."""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        key, credential = self.key(request), self.credential(request)
        place = self.keys.place(key) if request.method == "GET" else None
        fault = self.faults.take(place) if place else None
        if fault and fault.kind == "expired":
            self.leases.expire(credential)
        kind = self._reason(request, key, credential, fault)
        if kind:
            answer = self.refusal(request, kind)
            if fault and kind in {"throttle", "maintenance"}:
                retry = {"Retry-After": f"{fault.seconds:g}"}
                answer = Answer(answer.body, answer.content_type, answer.status, retry)
            return await deliver(request, answer)
        if fault is None:
            return await self.pass_on(request)
        return await self._spoil(request, fault)

    def _reason(
        self, request: web.Request, key: str | None, credential: str | None, fault: Fault | None
    ) -> Refusal | None:
        """Why a request is refused, if it is."""
        if not self.covers(request, key, credential) or not self.is_genuine(request):
            return "denied"
        if self.leases.is_expired(credential):
            return "expired"
        return REFUSALS.get(fault.kind) if fault else None

    async def _spoil(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        answer = await self.whole(request)
        if fault.kind in {"empty_manifest", "shuffled"} and isinstance(answer.body, bytes):
            body = spoiled_manifest(answer.body, fault)
            return await deliver(request, Answer(body, answer.content_type))
        return await deliver(request, answer, fault)

    async def whole(self, request: web.Request) -> Answer:
        """What stands behind says, in memory."""
        async with self._client.request(
            request.method, f"{self.upstream}{request.raw_path}", headers=_passed(request)
        ) as found:
            left_out = _HOP | _CHECKSUMS | {"content-type"}
            headers = {
                name: text for name, text in found.headers.items() if name.lower() not in left_out
            }
            body = await found.read()
            return Answer(body, found.content_type, found.status, headers)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Let a request through, and its answer back, as they are."""
        body = request.content if request.can_read_body else None
        async with self._client.request(
            request.method,
            f"{self.upstream}{request.raw_path}",
            headers=_passed(request),
            data=body,
            allow_redirects=False,
        ) as found:
            response = web.StreamResponse(status=found.status, reason=found.reason)
            for name, text in found.headers.items():
                if name.lower() not in _HOP:
                    response.headers.add(name, text)
            await response.prepare(request)
            async for block in found.content.iter_chunked(_BLOCK):
                await response.write(block)
        await response.write_eof()
        return response


def _passed(request: web.Request) -> list[tuple[str, str]]:
    return [(name, text) for name, text in request.headers.items() if name.lower() not in _HOP]
