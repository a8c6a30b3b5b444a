"""Settings of agents as JSON: what is ours is put in, what is not stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import LaptopError
from ...foreign.strict_json import parse_json
from ...foreign.text import shown
from . import commands

__all__ = ["Merge", "added", "merged", "parsed", "part", "with_hook", "with_server"]

Merge = Callable[[dict[str, Any]], None]
_BOM = b"\xef\xbb\xbf"


def parsed(existing: bytes | None, *, where: str) -> dict[str, Any]:
    """The object in a file of settings; raises ``LaptopError`` for anything else."""
    content = (existing or b"").removeprefix(_BOM)
    if not content.strip():
        return {}
    try:
        settings = parse_json(content, rows=True)
    except ValueError as error:
        raise _left(where, "JSON", shown(error, 100)) from error
    if not isinstance(settings, dict):
        raise _left(where, "a JSON object", type(settings).__name__)
    return settings


def merged(existing: bytes | None, merge: Merge, *, where: str) -> bytes:
    """The file after ``merge``; the same bytes where that changes nothing."""
    settings, before = parsed(existing, where=where), parsed(existing, where=where)
    merge(settings)
    # As text: the order of rules counts, too.
    if existing and json.dumps(settings) == json.dumps(before):
        return existing
    try:
        return (json.dumps(settings, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # JSON can hold the half of a character, as an escape alone
        return (json.dumps(settings, indent=2) + "\n").encode()


def part(settings: dict[str, Any], name: str, kind: type, *, where: str) -> Any:
    """The list or the object under a name, made unless it is there; raises ``LaptopError``."""
    value = settings.setdefault(name, kind())
    if not isinstance(value, kind):
        expected = "a list" if kind is list else "an object"
        raise _left(where, f"{expected} under {name}", type(value).__name__)
    return value


def added(settings: dict[str, Any], name: str, values: Sequence[str], *, where: str) -> None:
    """Have each value in the list under a name."""
    found = part(settings, name, list, where=where)
    found += [value for value in values if value not in found]


def with_server(settings: dict[str, Any], name: str, server: dict[str, Any], *, where: str) -> None:
    """Have our MCP server among those under ``name``; one of the same name stays if not ours."""
    servers = part(settings, name, dict, where=where)
    known = servers.get(commands.SERVER)
    if known is not None and not commands.is_ours(known):
        raise LaptopError(
            f"another MCP server is called {commands.SERVER} here",
            where=where,
            remedy="Nothing was changed in it. Give that server another name; the next sync adds"
            " the broker's.",
        )
    servers[commands.SERVER] = server


def with_hook(settings: dict[str, Any], event: str, group: dict[str, Any], *, where: str) -> None:
    """Have this group of hooks under its event, in the place of an older one of ours."""
    groups = part(part(settings, "hooks", dict, where=where), event, list, where=where)
    at = next((n for n, known in enumerate(groups) if _ours(known)), len(groups))
    kept = [rest for known in groups if (rest := _foreign(known)) is not None]
    before = sum(_foreign(known) is not None for known in groups[:at])
    groups[:] = [*kept[:before], group, *kept[before:]]


def _ours(group: Any) -> list[Any]:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return [hook for hook in hooks if commands.is_ours(hook)] if isinstance(hooks, list) else []


def _foreign(group: Any) -> Any:
    """What of a group is not ours; None where nothing else is in it."""
    ours = _ours(group)
    if not ours:
        return group
    others = [hook for hook in group["hooks"] if hook not in ours]
    return {**group, "hooks": others} if others else None


def _left(where: str, expected: str, found: str) -> LaptopError:
    return LaptopError(
        "these settings cannot be read, so what keeps an agent on its rails is not in them",
        where=where,
        expected=expected,
        found=found,
        remedy="Nothing was changed in it. Mend it, or move it away and sync again.",
    )
