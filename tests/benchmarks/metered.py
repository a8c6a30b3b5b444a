"""What a sync pays for metrics: 50 of them bound to 50 tables of 1,000 files, for six audiences."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from broker.config import MetricDescription, PlacedMetric
from broker.config.document import Document
from broker.manifest import Manifest, TableEntry
from broker.metrics.binding import bind_metrics
from broker.publish import Audience, cut
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

__all__ = ["metrics", "metrics_before"]

METRICS = TABLES = 50
FILES = 1_000
COLUMNS = 30
AUDIENCES = ("", "private", "a", "b", "a,b", "a,private")
TEXT = """\
name: m{number}
title: M
grain: month
time_column: month
sql: |
  SELECT date_trunc('month', one.day) AS month, sum(one.c1) AS total
  FROM t{number} AS one
  JOIN t0 AS other USING (day)
  GROUP BY ALL
"""


def _paths(number: int) -> list[str]:
    count = FILES - TABLES + 1 if number == 0 else 1
    return [f"parquet/shop/t{number}/{at}.parquet" for at in range(count)]


def metrics_before(folder: Path) -> None:
    """The files of all tables."""
    shutil.rmtree(folder / "metered", ignore_errors=True)
    columns = {f"c{at}": [1] for at in range(COLUMNS)} | {"day": [date(2026, 1, 1)]}
    rows = pa.table(columns)
    for number in range(TABLES):
        for path in _paths(number):
            place = folder / "metered" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows, place)


def metrics(folder: Path) -> None:
    """Bind them, and cut them for each audience."""
    schema = TableSchema((Column("day", "DATE"),))
    tables = tuple(
        TableEntry(
            id=f"in.t{number}",
            name=f"t{number}",
            path=f"shop/t{number}",
            access=("public", "private", "a")[number % 3],
            files=tuple(DataFile(path, 1, 1, "0" * 64) for path in _paths(number)),
            schema=schema,
        )
        for number in range(TABLES)
    )
    whole = Manifest("g", datetime.now(UTC), tables)
    views = {words: cut(whole, Audience.of(filter(None, words.split(",")))) for words in AUDIENCES}
    placed = [_metric(number) for number in range(METRICS)]
    bound = bind_metrics(placed, whole, views, lambda path: folder / "metered" / path)
    if len(bound.metrics) < METRICS or bound.warnings:
        raise SystemExit(f"not every metric was bound: {bound.warnings[:1]}")


def _metric(number: int) -> PlacedMetric:
    document = Document(TEXT.format(number=number), Path(f"metrics/m{number}.yml"))
    return PlacedMetric(MetricDescription.model_validate(document.data), document)
