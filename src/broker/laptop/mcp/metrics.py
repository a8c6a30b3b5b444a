"""The metrics that a generation defines, for an agent."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...manifest import Manifest
from ...metrics.model import Metric
from ..metrics.listing import read_metrics
from .budget import with_list

__all__ = ["metrics_of"]

_NONE = (
    "The company defines no metrics here. Compute from tables, and say with the answer how it was "
    "computed."
)


def metrics_of(manifest: Manifest, tree: Path, search: str) -> str:
    """Those that have a word; raises ``LaptopError`` where the document is not as signed."""
    head: dict[str, Any] = {"generation": manifest.generation}
    found = read_metrics(manifest, tree)
    if not found:
        return with_list({**head, "note": _NONE}, "metrics", [], "")
    fitting = [asdict(one) for one in found if _has(search, one)]
    head["count"] = len(fitting)
    return with_list(head, "metrics", fitting, "Give a word to search for.")


def _has(search: str, metric: Metric) -> bool:
    texts = (metric.name, metric.title, metric.description, *metric.synonyms)
    return any(search.lower() in text.lower() for text in texts)
