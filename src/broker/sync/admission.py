"""How much space a step may take, as far as is known before it begins. Pure."""

from __future__ import annotations

from ..publish.manifest import TableEntry
from ..sources.contract import SourceTable, Window
from .plan import RowAction, Step

__all__ = ["bytes_needed"]


def bytes_needed(step: Step, found: SourceTable, published: TableEntry | None) -> int:
    """Bytes for rows set aside and files written; 0 where it is unknown.

    Rows that are set aside are typed and compressed: they and the files together take no more
    than the text. A merge writes at least one of the files again.
    """
    files = published.files if published else ()
    if step.action is not RowAction.REPLACE:
        return max((file.bytes for file in files), default=0)
    whole = (found.bytes or 0) if step.window == Window() else 0
    return max(whole, sum(file.bytes for file in files))
