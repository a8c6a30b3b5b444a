"""What a source may lean on to keep its promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from broker.errors import SourceError
from broker.sources.rows import Rows
from broker.tables.rows import End

TABLE = pa.table({"a": [1, 2, 3]})


def broken() -> Iterator[pa.RecordBatch]:
    yield from TABLE.to_batches()
    raise SourceError("the connection broke off")


def test_the_end_comes_after_the_last_batch() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    rows = Rows(TABLE.schema, TABLE.to_batches(max_chunksize=2), moment)
    batches = rows.batches()
    next(batches)
    with pytest.raises(SourceError, match="not read to their end"):
        rows.end()
    assert [batch.num_rows for batch in batches] == [1]
    assert rows.end() == End(3, moment)


def test_what_breaks_off_has_no_end() -> None:
    rows = Rows(TABLE.schema, broken())
    with pytest.raises(SourceError, match="broke off"):
        list(rows.batches())
    with pytest.raises(SourceError, match="not read to their end"):
        rows.end()
