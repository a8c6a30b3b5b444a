"""aiohttp applications on a thread of their own, for tests and commands that are not async."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

__all__ = ["Serving"]

T = TypeVar("T")


class Serving:
    """An event loop in a thread, with any number of applications on sockets of their own."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        """Listens nowhere yet. ``host`` is the address that all applications bind."""
        self.host = host
        self._loop = asyncio.new_event_loop()
        self._runners: list[web.AppRunner] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def add(self, app: web.Application, port: int = 0, tls: ssl.SSLContext | None = None) -> str:
        """Serve one more application; its address, ``http://HOST:PORT``, or https with TLS."""
        return self.run(self._add(app, port, tls))

    async def _add(self, app: web.Application, port: int, tls: ssl.SSLContext | None) -> str:
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self.host, port, ssl_context=tls).start()
        bound = runner.addresses[0][1]
        return f"http{'s' if tls else ''}://{self.host}:{bound}"

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Close every socket and end the thread."""
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
