"""The stand-in on a socket of its own, and what the agent program sent to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from aiohttp import web

from ..serving import Serving
from . import messages, responses
from .script import Result, Step

__all__ = ["StandIn"]

_MOST_BYTES = 64 << 20
_OTHER = Step(text="ok")  # for calls without tools: titles and summaries
_END = Step(text="The script has ended.")


class StandIn:
    """Plays a script once, a step for each turn of the agent; the last turn ends it.

    ``requests`` are the turns, in either format.
    """

    def __init__(self, steps: Sequence[Step], host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen at once; ``url`` is what the agent program gets as its base URL."""
        self.requests: list[dict[str, Any]] = []
        self._steps = list(steps)
        self._numbers = itertools.count(1)  # of answers: an id is never given twice
        self._calls: dict[str, int] = {}
        self._serving = Serving(host)
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post("/v1/messages", self._message)
        app.router.add_post("/v1/responses", self._response)
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
        return len(self.requests) > len(self._steps)

    @property
    def context(self) -> str:
        """Every text of the last turn, as the model would read it."""
        last = self.requests[-1]
        return "\n".join(_format_of(last).texts(last))

    def result(self, step: int) -> Result:
        """What came of the call in this step; raises ``LookupError`` where none came."""
        last = self.requests[-1]
        for call, result in _format_of(last).results(last):
            if self._calls.get(call) == step:
                return result
        raise LookupError(f"no result came of step {step}")

    async def _message(self, request: web.Request) -> web.StreamResponse:
        turn = await request.json()
        step, number = self._next(turn, messages)
        model = str(turn.get("model"))
        if not turn.get("stream"):
            return web.json_response(messages.message(step, number, model))
        return await _stream(request, messages.events(step, number, model))

    async def _response(self, request: web.Request) -> web.StreamResponse:
        step, number = self._next(await request.json(), responses)
        return await _stream(request, responses.events(step, number))

    def _next(self, turn: dict[str, Any], form: ModuleType) -> tuple[Step, int]:
        number = next(self._numbers)
        if not turn.get("tools"):
            return _OTHER, number
        at = len(self.requests)
        self.requests.append(turn)
        step = self._steps[at] if at < len(self._steps) else _END
        if step.tool is not None:
            self._calls[form.call_id(number)] = at
        return step, number


async def _stream(request: web.Request, events: Iterable[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        await response.write(event)
    await response.write_eof()
    return response


def _format_of(turn: dict[str, Any]) -> ModuleType:
    return messages if "messages" in turn else responses
