"""What DuckDB says of SQL that it does not take, under ``errors_as_json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import duckdb

__all__ = ["Complaint"]

_COLUMN = re.compile(r'does not have a column named "((?:[^"]|"")*)"')


@dataclass(frozen=True, slots=True)
class Complaint:
    """``line`` of the SQL counts from 1; ``table`` or ``column`` is a name that is not there."""

    message: str
    line: int = 1
    table: str | None = None
    column: str | None = None

    @classmethod
    def of(cls, error: duckdb.Error, sql: str) -> Complaint:
        """Taken apart; ``sql`` is the text that DuckDB was given."""
        text = str(error)
        try:
            words: dict[str, Any] = json.loads(text[text.index("{") :])
        except ValueError:
            return cls(text.partition("\n")[0])
        message = str(words.get("exception_message", text))
        position = str(words.get("position", ""))
        before = sql.encode()[: int(position)] if position.isdigit() else b""
        is_table = words.get("error_subtype") == "MISSING_ENTRY" and words.get("type") == "Table"
        is_column = words.get("error_subtype") == "COLUMN_NOT_FOUND"
        behind_alias = _COLUMN.search(message)
        return cls(
            message.partition("\n")[0],
            1 + before.count(b"\n"),
            str(words.get("name")) if is_table else None,
            str(words.get("name")) if is_column else behind_alias and behind_alias[1],
        )
