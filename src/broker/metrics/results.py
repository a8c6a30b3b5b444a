"""What metrics answered, in this generation and before. Shapes, and what follows from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..manifest import Manifest, version_of_files
from ..manifest.instants import UtcInstant
from .bound import BoundMetric
from .model import Metric, ResultColumn

__all__ = [
    "MOST_COLUMNS",
    "MOST_ROWS",
    "MetricAnswer",
    "MetricPast",
    "MetricPoint",
    "MetricResult",
    "basis_of",
    "continued",
    "line_of",
]

MOST_COLUMNS = 10
MOST_ROWS = 10
_MOST_POINTS = 90
_REVISION = 1  # of how answers are taken: another one asks each metric anew


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The answer of a metric, as text in the order of ``columns``; NULL is None.

    Of a metric with a grain it is the last time alone. 10 columns and rows at most; ``is_cut`` says
    that there are more. ``value`` is the one value, and None where there are several or it is
    NULL; ``time`` is the beginning of its time. ``generation`` is the first that had this answer,
    begun at ``at``; ``computed_at`` is when it was last computed, and was still this.
    """

    generation: str
    at: UtcInstant
    computed_at: UtcInstant
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    is_cut: bool = False
    time: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """A value that a metric had, from ``generation`` on, for the beginning of ``time``.

    ``value`` is None from where on it had none: NULL, no row, several, or a problem.
    """

    generation: str
    at: UtcInstant
    value: str | None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class MetricPast:
    """What a generation keeps of a metric for the next one.

    ``basis`` names all that the answer follows from, ``line`` all that makes its values ones of
    one history. Without ``result`` there is a ``problem``, met under these ``limits``.
    """

    basis: str
    line: str
    result: MetricResult | None = None
    problem: str = ""
    limits: str = ""
    history: tuple[MetricPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """What running a metric gave in a generation: ``rows`` of text, one more than are shown where
    there are more; ``time`` is that of these rows. Or the ``problem``, in which no value stands."""

    generation: str
    at: datetime
    rows: tuple[tuple[str | None, ...], ...] = ()
    time: str | None = None
    problem: str = ""
    limits: str = ""


def basis_of(bound: BoundMetric, manifest: Manifest, duckdb: str) -> str:
    """A digest of all that the answer follows from; ``duckdb`` is the release that gives it."""
    metric = bound.metric
    tables = [
        [one.id, one.fingerprint, version_of_files(one.files)]
        for one in manifest.tables
        if one.id in _ids(bound)
    ]
    columns = [[one.name, one.type] for one in metric.columns]
    return _digest([_REVISION, duckdb, metric.sql, metric.time_column, columns, tables])


def line_of(bound: BoundMetric, manifest: Manifest) -> str:
    """A digest of the definition and of who may know it: a value of another one is not compared
    with, and not shown to others than those who could read it."""
    metric = bound.metric
    tables = [[one.id, one.access] for one in manifest.tables if one.id in _ids(bound)]
    return _digest([metric.sql, metric.time_column, metric.unit, tables])


def continued(
    before: MetricPast | None, metric: Metric, answer: MetricAnswer, now: MetricPast
) -> MetricPast:
    """``now``, which has the digests, with this answer and the history.

    ``before`` is that of the generation before; ``answer`` was given in ``answer.generation``.
    """
    same = before if before is not None and before.line == now.line else None
    history = same.history if same is not None else ()
    if answer.problem:
        history = _longer(history, MetricPoint(answer.generation, answer.at, None))
        return replace(now, problem=answer.problem, limits=answer.limits, history=history)
    result = _result(answer, metric)
    known = same.result if same is not None else None
    if known is not None and _is_same(known, result):
        result = replace(known, computed_at=result.computed_at)
    point = MetricPoint(answer.generation, answer.at, result.value, result.time)
    return replace(now, result=result, history=_longer(history, point))


def _is_same(known: MetricResult, result: MetricResult) -> bool:
    times = (result.generation, result.at, result.computed_at)
    return replace(known, generation=times[0], at=times[1], computed_at=times[2]) == result


def _result(answer: MetricAnswer, metric: Metric) -> MetricResult:
    columns = metric.columns
    places = [at for at, one in enumerate(columns) if one.name != metric.time_column]
    is_one = len(answer.rows) == 1 and len(places) == 1
    return MetricResult(
        generation=answer.generation,
        at=answer.at,
        computed_at=answer.at,
        columns=columns[:MOST_COLUMNS],
        rows=tuple(row[:MOST_COLUMNS] for row in answer.rows[:MOST_ROWS]),
        is_cut=len(answer.rows) > MOST_ROWS or len(columns) > MOST_COLUMNS,
        time=answer.time,
        value=answer.rows[0][places[0]] if is_one else None,
    )


def _longer(history: tuple[MetricPoint, ...], point: MetricPoint) -> tuple[MetricPoint, ...]:
    """With a point at its end where it is another one than the last; no value begins none."""
    last = history[-1] if history else MetricPoint("", point.at, None)
    if point.value is None and last.value is None:
        return history
    if (last.value, last.time) == (point.value, point.time):
        return history
    return (*history, point)[-_MOST_POINTS:]


def _ids(bound: BoundMetric) -> set[str]:
    return {one for binding in bound.bindings for one in binding.values()}


def _digest(follows: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(follows).encode()).hexdigest()[:16]
