"""Parameters of a request, however they came: query, form with PHP's brackets, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from aiohttp import web

from .errors import ApiError

__all__ = ["Parameters", "nested", "read"]

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_FALSE = {"", "0", "false", "no", "off", "none", "null"}


class Parameters(dict[str, Any]):
    """Values by name, read as the type that the caller means."""

    def text(self, name: str) -> str | None:
        """A value as text; None where it is absent or empty."""
        value = self.get(name)
        if value is None or value == "":
            return None
        return str(int(value)) if isinstance(value, bool) else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """1/0/true/false/True/False, as clients of all languages write them."""
        value = self.get(name)
        return default if value is None else str(value).lower() not in _FALSE

    def number(self, name: str) -> int | None:
        """A whole number; 400 for something else."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            message = f'Invalid request:\n - {name}: "This value should be of type integer."'
            raise ApiError(400, message, "storage.validation") from None

    def words(self, name: str) -> list[str]:
        """A comma-separated text or a list."""
        value = self.get(name)
        if not value:
            return []
        found = value.split(",") if isinstance(value, str) else listed(value)
        return [str(word).strip() for word in found if str(word).strip()]


def listed(value: Any) -> list[Any]:
    """A list, or PHP's array with numbers as keys."""
    return list(value.values()) if isinstance(value, dict) else list(value)


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """``a[0][b]=x`` and ``tags[]=y`` as PHP understands them: dicts, whose keys may be numbers."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        head = name.split("[", 1)[0]
        path = [head, *_BRACKETS.findall(name[len(head) :])]
        level = found
        for key, after in pairwise(path):
            level = level.setdefault(key or str(len(level)), {})
            if not isinstance(level, dict):
                raise ApiError(400, f"{name} is given twice: {after}", "storage.validation")
        level[path[-1] or str(len(level))] = value
    return found


async def read(request: web.Request) -> Parameters:
    """Everything that a request says, the body before the query."""
    found = Parameters(nested(request.query.items()))
    if not request.can_read_body:
        return found
    if "json" in request.content_type:
        try:
            given = json.loads(await request.read() or b"{}")
        except ValueError:
            raise ApiError(400, "Request body is not valid JSON", "storage.validation") from None
        found.update(given if isinstance(given, dict) else {})
        return found
    form = await request.post()
    found.update(nested((name, value) for name, value in form.items() if isinstance(value, str)))
    return found
