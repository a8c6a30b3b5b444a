"""One text for the same rows, and its hash. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..query.answer import AnswerColumn, QueryAnswer, Row

__all__ = ["AnswerHashes", "hashes_of", "row_hash"]

MOST_ROWS = 10_000
SHORT = 16  # digits of a row's hash in a receipt: enough to find a row that differs


@dataclass(frozen=True, slots=True)
class AnswerHashes:
    """The hashes of an answer: see ``Receipt``."""

    sha256: str
    sorted_sha256: str
    rows: tuple[str, ...]


def hashes_of(answer: QueryAnswer) -> AnswerHashes:
    """Of a query that does not order its rows any order is the same."""
    rows = [row_hash(row) for row in answer.rows]
    in_order = sorted(rows)
    shown = rows if answer.is_ordered else in_order
    return AnswerHashes(
        sha256=_whole(answer.columns, shown),
        sorted_sha256=_whole(answer.columns, in_order),
        rows=tuple(digest[:SHORT] for digest in shown),
    )


def row_hash(row: Row) -> str:
    """SHA-256 of the row as a JSON array of texts and nulls, in UTF-8 without blanks."""
    return _sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")))


def _whole(columns: Sequence[AnswerColumn], digests: Iterable[str]) -> str:
    """SHA-256 of a line for the columns and a line for each row's hash."""
    first = json.dumps([[one.name, one.type] for one in columns], ensure_ascii=False)
    return _sha256("\n".join([first, *digests]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
