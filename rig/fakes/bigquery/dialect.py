"""GoogleSQL, as far as the broker writes it, in DuckDB's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .types import duckdb_type

__all__ = ["translated"]

_TOKEN = re.compile(
    r"""(?P<name>`(?:\\.|[^`\\])*`)|(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<comment>--[^\n]*|\#[^\n]*)|(?P<value>@\w+)|(?P<word>\w+)|(?P<other>\s+|.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {
    "SAFE_CAST": "TRY_CAST", "INT64": "BIGINT", "FLOAT64": "DOUBLE", "STRING": "VARCHAR",
    "BYTES": "BLOB", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ",
    "TO_JSON_STRING": "to_json",
}  # fmt: skip


def translated(sql: str, parameters: Iterable[Mapping[str, Any]]) -> str:
    """The statement with ``@name`` as ``CAST($name AS …)``."""
    types = {one["name"]: duckdb_type(one["parameterType"]) for one in parameters}
    return "".join(_token(match, types) for match in _TOKEN.finditer(sql))


def _token(match: re.Match[str], types: Mapping[str, str]) -> str:
    token = match[0]
    if match["name"]:
        parts = re.sub(r"\\(.)", r"\1", token[1:-1]).split(".")
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    if match["text"]:
        return "'" + re.sub(r"\\(.)", r"\1", token[1:-1]).replace("'", "''") + "'"
    if match["comment"]:
        return "--" + token.lstrip("-#")
    if match["value"]:
        return f"CAST(${token[1:]} AS {types[token[1:]]})"
    return _WORDS.get(token.upper(), token) if match["word"] else token
