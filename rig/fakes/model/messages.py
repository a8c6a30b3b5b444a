"""The Messages format: a step of the script as an answer, and what stands in a request.

An answer is one message, or the events of a stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .script import Result, Step

__all__ = ["call_id", "events", "message", "results", "texts"]

_USAGE = {"input_tokens": 1, "output_tokens": 1}


def call_id(number: int) -> str:
    """The id of the call in this answer."""
    return f"toolu_{number}"


def message(step: Step, number: int, model: str) -> dict[str, Any]:
    """The whole answer."""
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [_block(step, number)],
        "stop_reason": _stop(step),
        "stop_sequence": None,
        "usage": _USAGE,
    }


def events(step: Step, number: int, model: str) -> Iterator[bytes]:
    """The same as server-sent events."""
    whole = message(step, number, model)
    begun = {**whole, "content": [], "stop_reason": None}
    yield _event("message_start", message=begun)
    if step.tool is None:
        empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step.text}
    else:
        empty = {**_block(step, number), "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(step.input)}
    yield _event("content_block_start", index=0, content_block=empty)
    yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    ended = {"stop_reason": _stop(step), "stop_sequence": None}
    yield _event("message_delta", delta=ended, usage=_USAGE)
    yield _event("message_stop")


def results(turn: dict[str, Any]) -> Iterator[tuple[str, Result]]:
    """What came of calls, by their ids."""
    for block in _blocks(turn):
        if block.get("type") == "tool_result":
            text = "\n".join(_words(block.get("content")))
            yield str(block.get("tool_use_id")), Result(text, bool(block.get("is_error")))


def texts(turn: dict[str, Any]) -> Iterator[str]:
    """Every text that the model reads, whatever its role, and the names of tools."""
    yield from _words(turn.get("system"))
    for block in _blocks(turn):
        yield from _words(block.get("content") if "content" in block else block.get("text"))
    yield from (json.dumps(tool.get("name")) for tool in turn.get("tools", ()))


def _blocks(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in turn.get("messages", ()):
        content = one.get("content")
        yield from content if isinstance(content, list) else [{"type": "text", "text": content}]


def _words(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part.get("text", "")) for part in content)


def _block(step: Step, number: int) -> dict[str, Any]:
    if step.tool is None:
        return {"type": "text", "text": step.text}
    return {"type": "tool_use", "id": call_id(number), "name": step.tool, "input": step.input}


def _stop(step: Step) -> str:
    return "end_turn" if step.tool is None else "tool_use"


def _event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
