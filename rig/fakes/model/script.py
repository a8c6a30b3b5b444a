"""What the model says, step by step: a text, or the call of a tool; and what came of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Result", "ScriptError", "Step"]


class ScriptError(Exception):
    """A step of a script cannot be read; the text says which."""


@dataclass(frozen=True)
class Step:
    """One answer of the model: ``tool`` is called with ``input``, or ``text`` is all."""

    text: str = ""
    tool: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, plain: Any) -> Step:
        """From JSON: ``{"tool": NAME, "input": {…}}`` or ``{"text": TEXT}``."""
        if isinstance(plain, dict):
            if plain.keys() == {"text"} and isinstance(plain["text"], str):
                return cls(text=plain["text"])
            if plain.keys() == {"tool", "input"} and isinstance(plain["input"], dict):
                return cls(tool=str(plain["tool"]), input=plain["input"])
        raise ScriptError(
            f'a step is {{"tool": NAME, "input": {{…}}}} or {{"text": TEXT}}; found {plain!r}'
        )


@dataclass(frozen=True)
class Result:
    """What came of the call of a tool; ``is_error`` is False where the format does not say."""

    text: str
    is_error: bool
