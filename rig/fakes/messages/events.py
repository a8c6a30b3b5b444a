"""A step of the script as the Messages format has it: one message, or the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .script import Step

__all__ = ["events", "message"]

_USAGE = {"input_tokens": 1, "output_tokens": 1}


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


def _block(step: Step, number: int) -> dict[str, Any]:
    if step.tool is None:
        return {"type": "text", "text": step.text}
    return {"type": "tool_use", "id": f"toolu_{number}", "name": step.tool, "input": step.input}


def _stop(step: Step) -> str:
    return "end_turn" if step.tool is None else "tool_use"


def _event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
