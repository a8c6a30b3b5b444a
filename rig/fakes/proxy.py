"""A proxy as companies have them: tunnels for TLS, whole addresses for plain HTTP, a login."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import suppress
from urllib.parse import urlsplit

from .serving import Serving

__all__ = ["Proxy"]

_BLOCK = 64 * 1024


class Proxy:
    """Serves between ``with`` and its end; ``seen`` has method and target of every request.

    ``login`` is ``user:password``; without one it lets everybody through.
    """

    def __init__(self, login: str | None = None, host: str = "127.0.0.1") -> None:
        """Begins to serve on a free port."""
        self.seen: list[tuple[str, str]] = []
        self._wanted = b64encode(login.encode()).decode() if login else None
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving = Serving(host)
        self._server = self._serving.run(asyncio.start_server(self._handle, host, 0))
        self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.run(self._end())
        self._serving.stop()

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *headers = head.rstrip().split("\r\n")
        method, target, version = request.split(" ")
        self.seen.append((method, target))
        if self._wanted and f"proxy-authorization: basic {self._wanted}".lower() not in (
            header.lower() for header in headers
        ):
            await _say(writer, f"{version} 407 Proxy Authentication Required\r\nContent-Length: 0")
            return
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        far_reader, far_writer = await asyncio.open_connection(place.hostname, place.port)
        if method == "CONNECT":
            await _say(writer, f"{version} 200 Connection established")
        else:
            path = target.partition(place.netloc)[2] or "/"
            kept = [one for one in headers if not one.lower().startswith(("proxy-", "connection"))]
            await _say(far_writer, "\r\n".join([f"{method} {path} {version}", *kept, _LAST]))
        try:
            ways = [_passed(reader, far_writer), _passed(far_reader, writer)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            far_writer.close()


# A connection serves one request, so that none is sent to the server of another.
_LAST = "Connection: close"


async def _say(writer: asyncio.StreamWriter, head: str) -> None:
    writer.write(f"{head}\r\n\r\n".encode("latin-1"))
    await writer.drain()


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK):
        writer.write(block)
        await writer.drain()
