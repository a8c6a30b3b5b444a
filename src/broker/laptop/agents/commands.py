"""The commands that the files for agents name, each in one spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..starting import QUERY, SYNC, UTF8, interpreter, module_line

__all__ = [
    "MODULE",
    "QUERY",
    "SERVER",
    "STATUS",
    "SYNC",
    "hook",
    "is_ours",
    "mcp_server",
]

STATUS = f"{QUERY} status"
SERVER = "broker"  # of MCP, as agents know it
MODULE = "broker.laptop"
_STATE = ".broker"  # not by way of a workspace: hooks need the standard library alone

# Whatever goes wrong, it ends with 0 and no word: Python leaves with 2 where it cannot find a
# script, and with that an agent would block every command. `-I` keeps files of the folder in which
# an agent stands, such as a json.py, from being imported.
_STUB = f"""\
try:
    from {MODULE}.agents.hook import main
    main()
except BaseException:
    pass
"""


def hook(root: Path, event: str) -> list[str]:
    """The program and its arguments for a hook; ``event`` is a name that ``hook.main`` knows."""
    return [str(interpreter(root / _STATE)), "-I", *UTF8, "-c", _STUB, str(root), event]


def mcp_server(root: Path) -> list[str]:
    """The program and its arguments that serve MCP on stdin and stdout."""
    return [*module_line(MODULE, interpreter(root / _STATE)), "--folder", str(root), "mcp"]


def is_ours(entry: Any) -> bool:
    """Whether a hook or a server in the settings of an agent is one that we wrote, at any place."""
    if not isinstance(entry, Mapping):
        return False
    words: list[Any] = []
    for name in ("command", "args"):
        value = entry.get(name)
        words += value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return any(isinstance(word, str) and MODULE in word for word in words)
