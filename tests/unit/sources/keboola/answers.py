"""What Keboola answers about a table."""

from __future__ import annotations

from typing import Any

from broker.sources.keboola.detail import Detail

BASE, LENGTH = "KBC.datatype.basetype", "KBC.datatype.length"


def claims(provider: str, value: str, when: str = "2026", length: str = "") -> list[dict[str, Any]]:
    """What a provider says of a column's type."""
    values = [(BASE, value), (LENGTH, length)]
    return [
        {"provider": provider, "key": key, "value": text, "timestamp": when} for key, text in values
    ]


def detail(**more: Any) -> Detail:
    """What Keboola reports of the table in.c-a.t."""
    body = {"id": "in.c-a.t", "columns": ["id", "n", "x"], "primaryKey": ["id"], "isTyped": False}
    metadata = {"n": claims("user", "NUMERIC", "2026", "9,2")}
    return Detail({**body, "columnMetadata": metadata, "timestampType": "MANAGED", **more})
