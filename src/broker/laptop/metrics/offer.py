"""The note beside an answer that a metric would have given."""

from __future__ import annotations

from pathlib import Path

from ...errors import LaptopError
from ...foreign.text import prose
from ...manifest import Manifest
from .fitting import fitting
from .listing import read_metrics

__all__ = ["offer"]


def offer(manifest: Manifest, tree: Path, sql: str) -> tuple[str, ...]:
    """A sentence for the metric that fits a query; another where the metrics cannot be read.

    ``tree`` is the folder of the generation. A query is answered in either case.
    """
    try:
        found = fitting(sql, read_metrics(manifest, tree))
    except LaptopError as error:
        return (f"whether a metric is defined for this is not known: {error}",)
    if found is None:
        return ()
    return (
        f"the broker defines a metric that may be what this computes: {found.name} "
        f"({prose(found.title, 200)}). `metric {found.name}` gives it",
    )
