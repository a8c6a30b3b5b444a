"""Metrics that DuckDB bound to the tables of a generation, and which of them an audience has. Pure.

A view is called by the name that its reader has for it, and two readers may have two names for one
table. So a metric is bound by names, and each binding says which table each name was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import PublishError
from ..foreign.strict_json import parse_json
from ..foreign.text import escape_json
from ..manifest import Manifest
from .model import METRICS, Metric, metrics_to_json

__all__ = [
    "BOUND",
    "BoundMetric",
    "BoundMetrics",
    "metric_documents",
    "names_of",
    "unreadable_metrics",
]

BOUND = "state/metrics.json"


@dataclass(frozen=True, slots=True)
class BoundMetric:
    """A metric without its tables, and by which names it read which: view to table id, each way."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    metric: Metric
    bindings: tuple[Mapping[str, str], ...]

    def fitting(self, names: Mapping[str, str]) -> Mapping[str, str] | None:
        """The binding of a reader who has these views (name to table id); None without one."""
        return next((one for one in self.bindings if one.items() <= names.items()), None)


@dataclass(frozen=True, slots=True)
class BoundMetrics:
    """All of a generation, and why others are missing: what only operators read."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    metrics: tuple[BoundMetric, ...] = ()
    warnings: tuple[str, ...] = ()
    format: Literal[1] = 1

    def to_json(self) -> bytes:
        """Stable bytes."""
        return (escape_json(_ADAPTER.dump_json(self, indent=1).decode()) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> BoundMetrics:
        """Read them back; raises ``PublishError`` for anything that we cannot have written."""
        try:
            parse_json(content)
            return _ADAPTER.validate_json(content, strict=True)
        except (ValidationError, ValueError) as error:
            raise unreadable_metrics(where, "what no broker writes") from error


def unreadable_metrics(where: str, found: str) -> PublishError:
    """A generation does not say which metrics it has."""
    return PublishError(
        "the metrics of a generation cannot be read",
        where=where,
        found=found,
        remedy="See `broker verify`, then run the sync again.",
    )


_ADAPTER = TypeAdapter(BoundMetrics)


def names_of(manifest: Manifest) -> dict[str, str]:
    """The views that a reader of this manifest has: name to table id.

    A table that is still loading, or has never been loaded, has none.
    """
    views = manifest.view_names
    return {
        views[entry.path]: entry.id
        for entry in manifest.tables
        if entry.schema.columns and not entry.loading
    }


def metric_documents(bound: BoundMetrics, manifest: Manifest) -> Mapping[str, bytes]:
    """``docs/metrics.json`` for the readers of this manifest.

    Nothing where they have no metric: no reader learns whether others have any.
    """
    names = names_of(manifest)
    shown = [
        replace(one.metric, tables=tuple(sorted(binding)))
        for one in bound.metrics
        if (binding := one.fitting(names)) is not None
    ]
    return {METRICS: metrics_to_json(shown)} if shown else {}
