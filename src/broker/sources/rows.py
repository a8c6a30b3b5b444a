"""The reading under all readings: rows handed over, counted, and known to be all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pyarrow as pa

from ..errors import SourceError
from ..tables.row_places import RowPlaces
from ..tables.rows import End

__all__ = ["Rows"]


class Rows:
    """Hands over batches as they come, counts them, and knows whether all of them came.

    For a source that has its rows as Arrow batches anyway, this is the whole reading. One that
    fetches them overrides ``_read``, and ``_end`` where it knows more of the end than their number.
    An exception out of ``batches`` means that nothing is complete.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch] = (),
        as_of: datetime | None = None,
        *,
        where: str = "",
    ) -> None:
        """``batches`` may be a generator; it is gone through once.

        ``as_of`` is the source's clock from before extraction; the default is this machine's,
        now. ``where`` is what an error calls the table, if anything.
        """
        self.schema = schema
        self._where = where
        self._batches = batches
        self._as_of = as_of or datetime.now(UTC)
        self._rows = 0
        self._is_complete = False

    @property
    def places(self) -> RowPlaces | None:
        """Where the rows stand; None where every row of the source is handed over."""
        return None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that have rows."""
        for batch in self._read():
            if batch.num_rows:
                self._rows += batch.num_rows
                yield batch
        self._is_complete = True

    def end(self) -> End:
        """What was complete; raises ``SourceError`` before the last batch is handed over."""
        if not self._is_complete:
            raise SourceError("the rows were not read to their end", where=self._where or None)
        return self._end()

    def _read(self) -> Iterator[pa.RecordBatch]:
        yield from self._batches

    def _end(self) -> End:
        return End(self._rows, self._as_of)
