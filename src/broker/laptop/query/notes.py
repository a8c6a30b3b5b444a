"""What a reader of the answer has to know beside it: old tables, large scans. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...foreign.text import shown
from ...manifest import TableEntry
from .plan import QueryPlan

__all__ = ["large_scans"]

_MANY_ROWS = 10_000_000
_MANY_BYTES = 1_000_000_000
_TEXT = re.compile(r"'(?:[^']|'')*'")


def large_scans(plan: QueryPlan, views: Mapping[str, TableEntry]) -> tuple[str, ...]:
    """A sentence for each large partitioned table that is read whole."""
    return tuple(dict.fromkeys(_large_scans(plan, views)))


def _large_scans(plan: QueryPlan, views: Mapping[str, TableEntry]) -> Iterator[str]:
    for view, condition in plan.conditions:
        entry = views[view]
        partitioning = entry.partitioning
        is_large = entry.rows >= _MANY_ROWS or entry.bytes >= _MANY_BYTES
        if partitioning is None or not is_large or _names(condition, partitioning.column):
            continue
        yield (
            f"all {len(entry.files):,} files of {shown(view)} are read ({entry.rows:,} rows, "
            f"{entry.bytes / 1e6:,.0f} MB): it is partitioned by {partitioning.granularity} of "
            f"{shown(partitioning.column)}, and a condition on that column would read fewer"
        )


def _names(condition: str, column: str) -> bool:
    """Whether a condition is on a column, by the words outside of its texts."""
    bare = _TEXT.sub("''", condition)
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", bare, re.IGNORECASE) is not None
