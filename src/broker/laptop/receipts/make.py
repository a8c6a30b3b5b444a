"""A receipt for an answer, as a file in ``user/receipts/``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from ...errors import LaptopError
from ...manifest import TableEntry
from ..query.answer import QueryAnswer
from ..query.ask import GuardedData
from ..query.check import CheckedQuery
from ..shelf import digest_of
from ..starting import SYNC
from ..workspace import MANIFEST, Workspace
from .hashes import MOST_ROWS, hashes_of
from .model import Receipt, ReceiptColumn, ReceiptTable

__all__ = [
    "changing",
    "check_files",
    "folder_of",
    "make_receipt",
    "repeatable",
    "tables_of",
    "write_receipt",
]

_VOLATILE = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
# DuckDB calls these, and what its own macros are made of, consistent, or does not say.
_OF_NOW = frozenset(
    {
        "ago",
        "current_localtime",
        "current_localtimestamp",
        "localtime",
        "localtimestamp",
        "pg_conf_load_time",
        "pg_postmaster_start_time",
    }
)


def folder_of(workspace: Workspace) -> Path:
    """Where receipts stand."""
    return workspace.user / "receipts"


def repeatable(data: GuardedData) -> GuardedData:
    """The same data on one thread: sums of doubles, and lists, come out the same each time."""
    return replace(data, limits=replace(data.limits, threads=1))


def check_files(views: Mapping[str, TableEntry], tree: Path) -> None:
    """Raise ``LaptopError`` unless the files of these tables are those that the manifest lists."""
    for entry in views.values():
        for file in entry.files:
            if _sha256_of(tree / file.path) != file.sha256:
                raise LaptopError(
                    "a file is not the one that the broker published",
                    where=file.path,
                    expected=f"SHA-256 {file.sha256}",
                    remedy=f"Run: {SYNC}",
                )


def _sha256_of(path: Path) -> str | None:
    try:
        return digest_of(path)
    except OSError:
        return None


def make_receipt(data: GuardedData, query: CheckedQuery, answer: QueryAnswer) -> Receipt:
    """Raises ``LaptopError`` for an answer that cannot come out the same again."""
    if query.earlier.macros:
        raise LaptopError(
            "an answer from several generations has no receipt",
            remedy='Ask one of them: at TABLE WHEN "SELECT …".',
        )
    if answer.is_plan:
        raise LaptopError("an EXPLAIN has no receipt", remedy="Ask the SELECT itself.")
    if answer.cut is not None and not answer.is_ordered:
        raise LaptopError(
            "an answer that is cut has no receipt unless the query orders its rows",
            found=f"more than {answer.cut}",
            remedy="Add ORDER BY, aggregate, or raise --rows.",
        )
    check_files(query.views, data.tree)
    hashes = hashes_of(answer)
    now = data.clock()
    return Receipt(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        created_at=now,
        generation=answer.generation,
        manifest_sha256=_sha256_of(data.tree / MANIFEST) or "",
        duckdb=duckdb.__version__,
        sql=query.statement.select,
        parameters={name: str(value) for name, value in query.parameters.items()},
        tables=tables_of(query),
        columns=tuple(ReceiptColumn(one.name, one.type) for one in answer.columns),
        row_count=len(answer.rows),
        is_ordered=answer.is_ordered,
        sha256=hashes.sha256,
        sorted_sha256=hashes.sorted_sha256,
        rows=hashes.rows if len(hashes.rows) <= MOST_ROWS else None,
        row_limit=data.limits.rows,
        character_limit=data.limits.characters,
        cut=answer.cut,
        changing=changing(query),
    )


def tables_of(query: CheckedQuery) -> tuple[ReceiptTable, ...]:
    """The tables that a query reads, with the hashes of their files."""
    return tuple(ReceiptTable.of(name, entry) for name, entry in sorted(query.views.items()))


def changing(query: CheckedQuery) -> tuple[str, ...]:
    """Functions of a query whose values change with time or chance."""
    with duckdb.connect() as connection:
        volatile = {name for (name,) in connection.execute(_VOLATILE).fetchall()} | _OF_NOW
    named = {name for name in query.names.functions if name in volatile}
    return tuple(sorted(named | ({"TABLESAMPLE"} if query.names.is_sampled else set())))


def write_receipt(receipt: Receipt, workspace: Workspace) -> Path:
    """Put it into its file, whole or not at all."""
    folder = folder_of(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{receipt.id}.json"
    arriving = folder / f".{receipt.id}.arriving"
    arriving.write_bytes(receipt.to_json())
    arriving.replace(place)
    return place
