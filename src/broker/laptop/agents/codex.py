"""Codex's own settings, which are TOML: our MCP server as a block at the end. Pure."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from typing import Any

from ...errors import LaptopError
from ...foreign.text import shown
from . import commands
from .block import with_block, without_block

__all__ = ["CONFIG", "with_codex_server"]

CONFIG = ".codex/config.toml"
_COMMENT = ("# ", "")


def with_codex_server(existing: bytes, command: Sequence[str]) -> bytes:
    """The file with our MCP server; raises ``LaptopError`` where that would change anything else.

    The standard library reads TOML and does not write it, so the table is a block of text. The
    result is read back: it must be what stands around the block, and our server.
    """
    program, *arguments = command
    text = (
        f"[mcp_servers.{commands.SERVER}]\n"
        f"command = {_toml(program)}\n"
        f"args = [{', '.join(map(_toml, arguments))}]\n"
        f'default_tools_approval_mode = "approve"\n'
    )
    foreign = without_block(existing, _COMMENT, where=CONFIG)
    content = with_block(existing, text, _COMMENT, where=CONFIG)
    expected = _read_toml(foreign)
    servers = expected.setdefault("mcp_servers", {})
    if not isinstance(servers, dict) or commands.SERVER in servers:
        raise _not_added(f"another MCP server is called {commands.SERVER} here")
    servers.update(tomllib.loads(text)["mcp_servers"])
    try:
        is_same = tomllib.loads(content.decode()) == expected
    except ValueError:
        is_same = False
    if not is_same:
        raise _not_added("a table for the broker's MCP server does not fit at the end")
    return content


def _toml(text: str) -> str:
    """A basic string of TOML: JSON's, but for characters of two UTF-16 units and for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_toml(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise LaptopError(
            "these settings cannot be read, so the broker's MCP server is not in them",
            where=CONFIG,
            expected="TOML",
            found=shown(error, 100),
            remedy="Nothing was changed in it. Mend it, or move it away and sync again.",
        ) from error


def _not_added(message: str) -> LaptopError:
    return LaptopError(
        message,
        where=CONFIG,
        remedy="Nothing was changed in it. Rename or move what is in the way; the next sync adds"
        " the broker's.",
    )
