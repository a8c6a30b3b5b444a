"""A reading for sources that have their rows as Arrow batches anyway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pyarrow as pa

from ..errors import SourceError
from ..tables.rows import End

__all__ = ["Rows"]


class Rows:
    """Hands over batches as they come, counts them, and knows whether all of them came.

    ``as_of`` is the source's clock from before extraction; the default is this machine's, read
    when the object is made. An exception out of ``batches`` means that nothing is complete.
    """

    def __init__(
        self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], as_of: datetime | None = None
    ) -> None:
        """``batches`` may be a generator; it is gone through once."""
        self.schema = schema
        self._batches = batches
        self._as_of = as_of or datetime.now(UTC)
        self._rows = 0
        self._is_complete = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        for batch in self._batches:
            self._rows += batch.num_rows
            yield batch
        self._is_complete = True

    def end(self) -> End:
        """What was complete; raises ``SourceError`` before the last batch is handed over."""
        if not self._is_complete:
            raise SourceError("the rows were not read to their end")
        return End(self._rows, self._as_of)
