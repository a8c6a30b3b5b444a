"""A receipt, asked again: the same, different and where, or no longer to be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import duckdb

from ...foreign.text import shown
from ...manifest import Manifest
from ..generations import id_of, kept
from ..query.answer import QueryAnswer, Row
from ..query.ask import GuardedData
from ..query.limits import QueryLimits
from ..workspace import Workspace, read_tree
from .hashes import SHORT, hashes_of, row_hash
from .make import check_files, repeatable, tables_of
from .model import Receipt, ReceiptTable

__all__ = ["ReceiptVerdict", "Verification", "verify"]

_MOST_SHOWN = 3
_MOST_TEXT = 300


class ReceiptVerdict(StrEnum):
    """How a receipt compares with what its query answers now."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_KEPT = "no longer kept"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, the generation that was asked, and what differs or is to be known."""

    verdict: ReceiptVerdict
    generation: str | None
    details: tuple[str, ...] = ()


def verify(receipt: Receipt, workspace: Workspace, limits: QueryLimits) -> Verification:
    """Ask it again of its generation, or of one that is kept with the same files.

    Raises ``LaptopError`` where the query cannot be run any more. How long the answer may be is
    in the receipt.
    """
    found = _kept(receipt, workspace)
    if found is None:
        missing = f"generation {receipt.generation} is not on this laptop any more"
        reason = f"{missing}, and no other has the same files of its tables"
        return Verification(ReceiptVerdict.NOT_KEPT, None, (reason,))
    manifest, tree = found
    lengths = {"rows": receipt.row_limit, "characters": receipt.character_limit}
    data = repeatable(GuardedData(manifest, tree, workspace.state, replace(limits, **lengths)))
    query = data.check(receipt.sql, dict(receipt.parameters))
    if tables_of(query) != receipt.tables:
        reason = "the query reads other tables than the receipt names"
        return Verification(ReceiptVerdict.DIFFERENT, manifest.generation, (reason,))
    check_files(query.views, tree)
    return _compared(receipt, data.ask(query))


def _kept(receipt: Receipt, workspace: Workspace) -> tuple[Manifest, Path] | None:
    """The generation of the receipt, else the newest other one that has the same files."""
    trees = kept(workspace)[::-1]
    trees.sort(key=lambda tree: id_of(tree) != receipt.generation)
    for tree in trees:
        manifest = read_tree(tree)
        if _has_files(manifest, receipt):
            return manifest, tree
    return None


def _has_files(manifest: Manifest, receipt: Receipt) -> bool:
    names = manifest.view_names
    tables = {ReceiptTable.of(names[entry.path], entry) for entry in manifest.tables}
    return {*receipt.tables} <= tables


def _compared(receipt: Receipt, answer: QueryAnswer) -> Verification:
    hashes = hashes_of(answer)
    if hashes.sha256 == receipt.sha256:
        return Verification(ReceiptVerdict.SAME, answer.generation)
    if hashes.sorted_sha256 == receipt.sorted_sha256:
        note = "rows that its ORDER BY does not tell apart come in another order"
        return Verification(ReceiptVerdict.SAME, answer.generation, (note,))
    details = (*_differences(receipt, answer, hashes.rows), *_reasons(receipt))
    return Verification(ReceiptVerdict.DIFFERENT, answer.generation, details)


def _differences(receipt: Receipt, answer: QueryAnswer, rows: tuple[str, ...]) -> Iterator[str]:
    columns = [(one.name, one.type) for one in answer.columns]
    before = [(one.name, one.type) for one in receipt.columns]
    if columns != before:
        yield f"columns: {_named(before)} on the receipt, {_named(columns)} now"
    if receipt.row_count != len(answer.rows):
        yield f"rows: {receipt.row_count:,} on the receipt, {len(answer.rows):,} now"
    if receipt.rows is None:
        yield "which rows differ is not known: the receipt has no hashes of so many rows"
    elif receipt.is_ordered:
        yield from _first_in_order(receipt.rows, rows, answer.rows)
    else:
        yield from _without_order(receipt.rows, answer.rows)


def _named(columns: list[tuple[str, str]]) -> str:
    return shown(", ".join(f"{name} {kind}" for name, kind in columns), _MOST_TEXT)


def _first_in_order(
    before: tuple[str, ...], now: tuple[str, ...], rows: tuple[Row, ...]
) -> Iterator[str]:
    for at, digest in enumerate(now):
        if at >= len(before) or digest != before[at]:
            yield f"first difference: row {at + 1:,}, now {_text(rows[at])}"
            return
    if len(now) < len(before):
        yield f"first difference: row {len(now) + 1:,}, which is not there now"


def _without_order(before: tuple[str, ...], rows: tuple[Row, ...]) -> Iterator[str]:
    by_digest = {row_hash(row)[:SHORT]: row for row in rows}
    now = Counter(row_hash(row)[:SHORT] for row in rows)
    added, missing = now - Counter(before), Counter(before) - now
    if added:
        samples = "; ".join(_text(by_digest[digest]) for digest in [*added][:_MOST_SHOWN])
        yield f"{added.total():,} rows that the receipt does not have, such as {samples}"
    if missing:
        yield f"{missing.total():,} rows of the receipt that are not there now"


def _text(row: Row) -> str:
    values = ", ".join("NULL" if value is None else repr(value) for value in row)
    return f"({shown(values, _MOST_TEXT)})"


def _reasons(receipt: Receipt) -> Iterator[str]:
    if receipt.changing:
        yield f"the query uses {', '.join(receipt.changing)}, whose value changes"
    if receipt.duckdb != duckdb.__version__:
        yield f"the receipt is of DuckDB {receipt.duckdb}, this is {duckdb.__version__}"
    if receipt.cut is not None:
        yield f"the answer was cut after {receipt.cut}, where rows of equal rank may change places"
