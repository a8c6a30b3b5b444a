"""What a column of Keboola is in our types: by its definition, else by what metadata say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["by_definition", "by_metadata", "mapping", "provided"]

_BASES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
}
_NUMERIC = "DECIMAL(38,9)"  # what NUMERIC without a length is in Snowflake and in BigQuery
_LENGTH = re.compile(r"\s*([0-9]{1,2})\s*(?:,\s*([0-9]{1,2})\s*)?")
# Instants: Snowflake shows them in the zone of the session, which an export sets to UTC.
_INSTANTS = {"snowflake": {"TIMESTAMP_LTZ"}, "bigquery": {"TIMESTAMP"}}


def by_definition(column: Mapping[str, Any], backend: str) -> str:
    """The type of a column of a typed table."""
    own = mapping(column.get("definition"))
    native = str(own.get("type") or "").upper()
    if native in _INSTANTS.get(backend, ()):
        return "TIMESTAMPTZ"
    if native == "TIME":
        return "TIME"
    if native == "BIGNUMERIC" and not own.get("length"):
        return "VARCHAR"  # 76 digits, which nothing else holds
    return _of_base(str(column.get("basetype") or ""), own.get("length"))


def by_metadata(entries: Iterable[Mapping[str, Any]]) -> str:
    """The type of a column of an untyped table, as one provider tells it; text where none does."""
    facts = provided(entries, "KBC.datatype.basetype")
    return _of_base(facts.get("KBC.datatype.basetype", "STRING"), facts.get("KBC.datatype.length"))


def provided(entries: Iterable[Mapping[str, Any]], key: str) -> dict[str, str]:
    """All that one provider says: the first that says ``key``, of users, Keboola, and the others.

    Among the others, who spoke last wins; a type and its length are never of two providers.
    """
    by_provider: dict[str, dict[str, str]] = {}
    ranks: dict[str, tuple[int, str]] = {}
    for entry in entries:
        name = str(entry.get("provider") or "")
        by_provider.setdefault(name, {})[str(entry.get("key"))] = str(entry.get("value") or "")
        if entry.get("key") == key and entry.get("value"):
            rank = {"user": 2, "storage": 1}.get(name, 0)
            ranks[name] = max(ranks.get(name, (0, "")), (rank, str(entry.get("timestamp") or "")))
    if not ranks:
        return {}
    return by_provider[max(ranks, key=lambda name: (*ranks[name], name))]


def _of_base(base: str, length: Any) -> str:
    base = base.upper()
    if base == "NUMERIC":
        return _decimal(length)
    return _BASES.get(base, "VARCHAR")


def _decimal(length: Any) -> str:
    found = _LENGTH.fullmatch(str(length or ""))
    if found is None:
        return _NUMERIC
    precision, scale = int(found[1]), int(found[2] or 0)
    return (
        f"DECIMAL({precision},{scale})" if 1 <= precision <= 38 >= scale <= precision else _NUMERIC
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is; PHP writes an empty one as ``[]``."""
    return value if isinstance(value, Mapping) else {}
