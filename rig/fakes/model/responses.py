"""The Responses format: a step of the script as an answer, and what stands in a request.

An answer is always a stream; Codex needs two of its events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .script import Result, Step

__all__ = ["call_id", "events", "results", "texts"]


def call_id(number: int) -> str:
    """The id of the call in this answer."""
    return f"call_{number}"


def events(step: Step, number: int) -> Iterator[bytes]:
    """The answer as server-sent events."""
    yield _event("response.output_item.done", item=_item(step, number))
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield _event("response.completed", response={"id": f"resp_{number}", "usage": usage})


def results(turn: dict[str, Any]) -> Iterator[tuple[str, Result]]:
    """What came of calls, by their ids. The format does not say which failed."""
    for item in turn.get("input", ()):
        if item.get("type") == "function_call_output":
            yield str(item.get("call_id")), Result("\n".join(_words(item.get("output"))), False)


def texts(turn: dict[str, Any]) -> Iterator[str]:
    """Every text that the model reads, whatever its role, and the names of tools."""
    yield from _words(turn.get("instructions"))
    for item in turn.get("input", ()):
        yield from _words(item.get("content") if "content" in item else item.get("output"))
    yield from (json.dumps(tool.get("name")) for tool in turn.get("tools", ()))


def _item(step: Step, number: int) -> dict[str, Any]:
    if step.tool is None:
        content = [{"type": "output_text", "text": step.text}]
        return {"type": "message", "role": "assistant", "id": f"msg_{number}", "content": content}
    # A tool of a server of MCP has the server's name beside its own.
    space, _, name = step.tool.rpartition("/")
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": call_id(number),
        "name": name,
        "arguments": json.dumps(step.input),
        **({"namespace": space} if space else {}),
    }


def _words(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part.get("text", "")) for part in content)


def _event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
