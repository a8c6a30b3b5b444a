"""The stand-in on a socket of its own, and what the agent program sent to it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..serving import Serving
from .events import events, message
from .script import Step

__all__ = ["Result", "StandIn"]

_MOST_BYTES = 64 << 20
_OTHER = Step(text="ok")  # for calls without tools: titles and summaries
_END = Step(text="The script has ended.")


@dataclass(frozen=True)
class Result:
    """What came of the call of a tool."""

    text: str
    is_error: bool


class StandIn:
    """Plays a script once, a step for each turn of the agent; the last turn ends it."""

    def __init__(self, steps: Sequence[Step], host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen at once; ``url`` is what the agent program gets as its base URL."""
        self.requests: list[dict[str, Any]] = []
        self._steps = list(steps)
        self._taken = 0
        self._numbers = itertools.count(1)  # of answers: an id is never given twice
        self._calls: dict[str, int] = {}
        self._serving = Serving(host)
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post("/v1/messages", self._answer)
        self.url = self._serving.add(app, port)

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything."""
        self._serving.stop()

    @property
    def is_played(self) -> bool:
        """Whether the agent asked for each step, and once more."""
        return self._taken > len(self._steps)

    @property
    def context(self) -> str:
        """Every text of the last turn, as the model would read it."""
        return "\n".join(_texts(self.requests[-1])) if self.requests else ""

    def result(self, step: int) -> Result:
        """What came of the call in this step; raises ``LookupError`` where none came."""
        block = next(
            (
                block
                for block in _blocks(self.requests[-1])
                if block.get("type") == "tool_result"
                and self._calls.get(block.get("tool_use_id", "")) == step
            ),
            None,
        )
        if block is None:
            raise LookupError(f"no result came of step {step}")
        return Result("\n".join(_words(block.get("content"))), bool(block.get("is_error")))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        turn = await request.json()
        step, number = self._next(turn), next(self._numbers)
        if step.tool is not None:
            self._calls[f"toolu_{number}"] = self._taken - 1
        model = str(turn.get("model"))
        if not turn.get("stream"):
            return web.json_response(message(step, number, model))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events(step, number, model):
            await response.write(event)
        await response.write_eof()
        return response

    def _next(self, turn: dict[str, Any]) -> Step:
        if not turn.get("tools"):
            return _OTHER
        self.requests.append(turn)
        self._taken += 1
        at = self._taken - 1
        return self._steps[at] if at < len(self._steps) else _END


def _blocks(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in turn.get("messages", ()):
        content = one.get("content")
        yield from content if isinstance(content, list) else [{"type": "text", "text": content}]


def _words(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part.get("text", "")) for part in content)


def _texts(turn: dict[str, Any]) -> Iterator[str]:
    """In the messages, whatever their role, and in the names and descriptions of tools."""
    yield from _words(turn.get("system"))
    for block in _blocks(turn):
        yield from _words(block.get("content") if "content" in block else block.get("text"))
    yield from (json.dumps(tool.get("name")) for tool in turn.get("tools", ()))
