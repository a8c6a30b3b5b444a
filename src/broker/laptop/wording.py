"""A plan in words for people, and as facts for programs. Pure."""

from __future__ import annotations

from typing import Any

from ..foreign.text import shown
from .amounts import amount
from .plan import SyncPlan, TablePlan, Way

__all__ = ["as_facts", "lines_of", "rounded_up", "words_of"]


def words_of(plan: SyncPlan) -> str:
    """The plan in one line."""
    if not plan.files:
        return f"generation {plan.offered.generation}: nothing to fetch"
    replayed = sum(table.way is Way.REPLAYED for table in plan.tables)
    changes = f", {replayed} tables from their changes" if replayed else ""
    total = len(plan.needed)
    return (
        f"generation {plan.offered.generation}: {plan.files} of {total} files are new, "
        f"at most {amount(plan.bytes)}{changes}"
    )


def lines_of(plan: SyncPlan) -> list[str]:
    """A line for each table that is not as it is here already."""
    return [_line(table) for table in plan.tables if table.way is not Way.KEPT or table.missing]


def _line(table: TablePlan) -> str:
    rows = f"{table.entry.rows:,} rows"
    if table.before is not None and table.before.rows != table.entry.rows:
        rows += f" ({table.entry.rows - table.before.rows:+,})"
    name = shown(table.entry.path)
    return f"  {name}: {table.way}, {rows}, {amount(table.bytes)}: {table.why}"


def as_facts(plan: SyncPlan) -> dict[str, Any]:
    """The plan for a program."""
    return {
        "generation": plan.offered.generation,
        "bytes": plan.bytes,
        "files": plan.files,
        "tables": [
            {
                "table": table.entry.path,
                "how": str(table.way),
                "why": table.why,
                "rows": table.entry.rows,
                "rows_before": table.before.rows if table.before is not None else None,
                "bytes": table.bytes,
            }
            for table in plan.tables
        ],
        "documents": len(plan.documents),
        "removed": list(plan.gone),
    }


def rounded_up(count: int) -> str:
    """A size to type that is at least this."""
    return f"{count // 1_000_000 + 1}MB"
