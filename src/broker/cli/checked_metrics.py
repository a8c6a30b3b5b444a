"""The metrics of a config folder, with their SQL checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..config import PlacedMetric, load_metrics
from ..config.problems import raise_if_any
from ..errors import ConfigError
from ..metrics.select import SelectError, one_select

__all__ = ["checked_metrics"]


def checked_metrics(folder: Path) -> tuple[PlacedMetric, ...]:
    """The metrics of a config folder; raises ``InvalidConfigError`` with all that is wrong."""
    metrics = load_metrics(folder)
    problems = [problem for one in metrics for problem in _sql_problems(one)]
    raise_if_any(problems)
    return metrics


def _sql_problems(one: PlacedMetric) -> Iterator[ConfigError]:
    try:
        one_select(one.metric.sql)
    except SelectError as error:
        yield ConfigError(
            "sql is wrong",
            where=one.where_in_sql(error.line),
            expected="one SELECT of DuckDB",
            found=error.found,
        )
