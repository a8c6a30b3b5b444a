"""Requests on connections that stay open, one after another on each, as browsers make them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

__all__ = ["Answers", "requested"]


@dataclass(frozen=True)
class Answers:
    """Seconds that each answer took, how long all of them did, and what failed."""

    seconds: tuple[float, ...]
    whole: float
    failed: int

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.whole

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def requested(
    port: int, paths: Sequence[str], cookie: str, *, count: int, connections: int
) -> Answers:
    """So many requests in all, to the paths in turn."""
    return asyncio.run(_requested(port, paths, cookie, count, connections))


async def _requested(
    port: int, paths: Sequence[str], cookie: str, count: int, connections: int
) -> Answers:
    waiting = iter(list(islice(cycle(paths), count)))
    seconds: list[float] = []
    failed = 0

    async def client() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path in waiting:
            begin = time.perf_counter()
            words = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
            writer.write(words.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
            seconds.append(time.perf_counter() - begin)
            failed += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return Answers(tuple(seconds), time.perf_counter() - begin, failed)
