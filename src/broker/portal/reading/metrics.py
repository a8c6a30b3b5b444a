"""How the value of a metric went, as a line. Pure."""

from __future__ import annotations

import math

from ...catalog.model import CatalogMetric
from ..drawing.steps import Steps, steps

__all__ = ["line_of", "value_type"]


def line_of(metric: CatalogMetric) -> Steps | None:
    """None where it had less than two values that are numbers."""
    points = [(point.at, _number(point.value)) for point in metric.history]
    return steps([(at, value) for at, value in points if value is not None])


def value_type(metric: CatalogMetric) -> str:
    """The type of the one value beside the time, in DuckDB's words; empty where there are more."""
    types = [column.type for column in metric.columns if column.name != metric.time_column]
    return types[0] if len(types) == 1 else ""


def _number(text: str | None) -> float | None:
    """A finite number, as DuckDB writes it."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
