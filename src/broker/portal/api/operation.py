"""An operation of the API: all that the document says of it, and what serves it.

The document, the checks of a request and the routes come from the same objects, so that they
cannot disagree. pydantic, which the broker has anyway, writes JSON Schema as OpenAPI 3.1 takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ..tokens import Scope

__all__ = ["ANYONE", "Operation", "PathPart"]

ANYONE = None
"""The scope of an operation that takes no token."""


@dataclass(frozen=True, slots=True)
class PathPart:
    """A variable part of a path; ``pattern`` is what it may be, whole."""

    name: str
    description: str
    pattern: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """``method`` on ``path`` (with ``{name}`` for each of ``parts``).

    ``serve`` gets ``parts`` as texts, ``query`` and ``body`` as objects where they are declared,
    and returns an object of ``answer``; None is an answer of 204 without a body. ``form`` says
    that the body is a form and not JSON. ``errors`` are the statuses, beside those that every
    operation has, with the reason of each. ``limit`` is how often one network may ask.
    """

    id: str
    method: str
    path: str
    summary: str
    scope: Scope | None
    serve: Callable[..., BaseModel | dict[str, Any] | None]
    answer: type[BaseModel] | None = None
    status: int = 200
    parts: tuple[PathPart, ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    form: bool = False
    for_admins: bool = False
    errors: dict[int, str] = field(default_factory=dict)
    limit: str | None = None
    tag: str = "me"
