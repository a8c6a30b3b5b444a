"""What a sync has to do, also where a table has very many files."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from broker.laptop.plan import Offer, Way, plan_sync
from broker.manifest import Manifest, TableEntry
from broker.tables.model import DataFile
from broker.tables.schema import TableSchema

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MANY = 20_000
SECONDS = 3.0  # a tenth of it is what it takes; one comparison per pair of files takes minutes


def test_the_plan_of_very_many_files_is_made_at_once() -> None:
    files = tuple(
        DataFile(f"parquet/shop/events/{number}.parquet", 300, 1, f"{number:064x}")
        for number in range(MANY)
    )
    entry = TableEntry(
        id="shop.events",
        name="events",
        path="shop/events",
        schema=TableSchema(()),
        rows=MANY,
        files=files,
        as_of=NOW,
    )
    began = time.process_time()
    plan = plan_sync(Offer(Manifest("g", NOW, (entry,)), None, lambda *_: False, "2.0.0"))
    (table,) = plan.tables
    assert table.way is Way.FETCHED
    assert (plan.files, plan.bytes) == (MANY, MANY * 300)
    assert table.missing_rows == files
    assert len(plan.needed) == MANY
    assert time.process_time() - began < SECONDS
