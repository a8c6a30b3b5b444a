"""The rows of a query on their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from ...errors import SourceError
from ..rows import Rows
from .budget import Budget
from .facts import Estimate
from .sql import Statement
from .types import arrow_type, converted

if TYPE_CHECKING:
    from .warehouse import Warehouse

__all__ = ["EstimatedQuery", "QueryReading"]


@dataclass(frozen=True, slots=True)
class EstimatedQuery:
    """A statement with what is known of it before it runs."""

    statement: Statement
    estimate: Estimate
    max_bytes: int
    lag: timedelta
    where: str


class QueryReading(Rows):
    """Runs the query when its rows are asked for, unless it would cost too much."""

    def __init__(self, warehouse: Warehouse, budget: Budget, estimated: EstimatedQuery) -> None:
        """Nothing is run, and nothing billed yet."""
        fields = estimated.estimate.fields
        schema = pa.schema([(str(field["name"]), arrow_type(field)) for field in fields])
        super().__init__(schema, where=estimated.where)
        self._warehouse, self._budget, self._estimated = warehouse, budget, estimated

    def _read(self) -> Iterator[pa.RecordBatch]:
        """The number of rows is compared with BigQuery's own count; nothing later than its start,
        less what may have been late by then, is complete.
        """
        estimated = self._estimated
        with self._budget.granted(
            estimated.estimate.bytes, estimated.max_bytes, estimated.where
        ) as settle:
            query = self._warehouse.run(estimated.statement, estimated.max_bytes, estimated.where)
            settle(query.bytes_billed)
        for batch in query.batches(estimated.estimate.fields):
            yield converted(batch, self.schema)
        if self._rows != query.total:
            raise SourceError(
                "BigQuery did not deliver all rows of its answer",
                where=estimated.where,
                expected=f"{query.total:,} rows",
                found=f"{self._rows:,} rows",
                remedy="Nothing was published. Try again.",
            )
        self._as_of = query.began - estimated.lag
