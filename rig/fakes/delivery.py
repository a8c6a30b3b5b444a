"""How an answer goes out: whole, or spoiled by a fault."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from .faults import Fault

__all__ = ["PAGE", "Answer", "deliver"]

BLOCK = 256 * 1024
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an undisturbed server would say."""

    body: bytes | Path
    content_type: str = "application/octet-stream"
    status: int = 200
    headers: Mapping[str, str] | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.body.stat().st_size if isinstance(self.body, Path) else len(self.body)

    async def blocks(self, length: int) -> AsyncGenerator[bytes, None]:
        """The first ``length`` bytes."""
        if isinstance(self.body, bytes):
            yield self.body[:length]
            return
        with self.body.open("rb") as stream:
            while length > 0 and (block := stream.read(min(BLOCK, length))):
                length -= len(block)
                yield block


async def deliver(
    request: web.Request, answer: Answer, fault: Fault | None = None
) -> web.StreamResponse:
    """Send an answer as it is, or as the fault leaves it."""
    if fault is None:
        return _whole(answer)
    if fault.kind == "reset":
        _reset(request)
        return web.Response()
    if fault.kind == "html":
        return web.Response(body=PAGE, content_type="text/html")
    if fault.kind == "wrong_type":
        return _whole(Answer(answer.body, "text/html", answer.status, answer.headers))
    return await _part(request, answer, fault)


def _whole(answer: Answer) -> web.StreamResponse:
    headers = {**(answer.headers or {})}
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    if isinstance(answer.body, Path):
        return web.FileResponse(answer.body, headers=headers, status=answer.status)
    return web.Response(body=answer.body, headers=headers, status=answer.status)


async def _part(request: web.Request, answer: Answer, fault: Fault) -> web.StreamResponse:
    """Of ``truncate`` and ``stall`` the full length is promised, of ``cut`` what really comes."""
    delivered = fault.delivered(answer.length)
    promised = delivered if fault.kind == "cut" else answer.length
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    response.content_length = promised
    await response.prepare(request)
    async with aclosing(answer.blocks(delivered)) as blocks:
        async for block in blocks:
            await response.write(block)
    if fault.kind == "drip":
        await _drip(response, answer, delivered, fault.seconds)
        return response
    if fault.kind == "stall":
        await asyncio.sleep(fault.seconds)
    if promised != delivered:
        _hang_up(request)
    return response


async def _drip(
    response: web.StreamResponse, answer: Answer, delivered: int, seconds: float
) -> None:
    body = answer.body.read_bytes() if isinstance(answer.body, Path) else answer.body
    for byte in body[delivered:]:
        await response.write(bytes([byte]))
        await asyncio.sleep(seconds)


def _hang_up(request: web.Request) -> None:
    """Close the connection after what was written, as a dying server does."""
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    """Cut the connection at once: the client sees a reset, not an end."""
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
