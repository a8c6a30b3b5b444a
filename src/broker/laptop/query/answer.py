"""What comes back from a query, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from ..ages import TableAge

__all__ = ["AnswerColumn", "QueryAnswer", "Row"]

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A column, with its type as DuckDB writes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """Values are DuckDB's own texts, so decimals and instants are exact; None is NULL.

    ``cut`` says at which limit the answer ends although there is more; ``order`` is whether the
    query says in which order rows come. ``is_plan`` marks the answer to an EXPLAIN. ``notes`` are
    sentences about cost and about what is old.
    """

    columns: tuple[AnswerColumn, ...]
    rows: tuple[Row, ...]
    cut: str | None
    generation: str
    tables: tuple[TableAge, ...]
    notes: tuple[str, ...]
    seconds: float
    is_ordered: bool = False
    is_plan: bool = False
