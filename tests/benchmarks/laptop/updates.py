"""Updates of a table of 5,000,000 rows: what goes over the wire, and how long a replay takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from statistics import median

from tests.system.laptop.laptops import publish

from .deliveries import ORDERS_TABLE, UPDATES, write_orders, write_update
from .figures import Figure, median_of, ratios
from .pulls import measure_pull
from .stage import Stage, well

__all__ = ["measure"]

_SPARE = 64_000
_CSV = "orders.csv"


def measure(stage: Stage) -> Iterator[Figure]:
    """Each update published, synced over the slow link, and written again beside DuckDB alone."""
    delivery = stage.data / _CSV
    write_orders(delivery, stage.rows)
    publish(stage.broker, ORDERS_TABLE, {_CSV: delivery})
    folder = stage.folder
    well(folder.sync("--json"))
    yield from measure_pull(stage, "orders", "hosts' network", nullcontext)
    for name in UPDATES:
        before = folder.generation()
        write_update(delivery, name, stage.rows)
        after = publish(stage.broker, ORDERS_TABLE, {_CSV: delivery})
        with stage.slow():
            counted = stage.slow_wire.bytes()
            ended = well(folder.sync("--json"))
            moved = stage.slow_wire.bytes() - counted
        entry = folder.table("shop/orders")
        if not entry.changes or folder.generation() != after or not folder.is_as_signed():
            raise RuntimeError(f"{name}: the folder is not at the signed bytes of {after}")
        change = entry.changes[-1].file.bytes
        yield Figure(f"{name}: change file", change / 1e6, "MB")
        yield Figure(
            f"{name}: bytes on the wire",
            moved / 1e6,
            "MB",
            most=(1.5 * change + _SPARE) / 1e6,
            note=f"{len(ended.facts['fallbacks'])} fallbacks, rsync counts "
            f"{ended.facts['bytes_moved'] / 1e6:.2f} MB",
        )
        yield Figure(f"{name}: the whole sync over the slow link", ended.seconds, "s")
        yield Figure(f"{name}: fallbacks", len(ended.facts["fallbacks"]), "", most=0)
        trees = [f"{folder.path}/server/generations/{one}" for one in (before, after)]
        ours, theirs = [], []
        for _ in range(stage.pairs):
            ours.append(stage.inside("replay", *trees))
            theirs.append(stage.inside("hand", *trees))
        yield median_of(f"{name}: DuckDB by hand", [seconds for seconds, _ in theirs], "s")
        yield median_of(f"{name}: replay", [seconds for seconds, _ in ours], "s")
        clock, processors = (
            ratios([one[at] for one in ours], [one[at] for one in theirs]) for at in (0, 1)
        )
        note = f"{median(processors):.2f} of the processors"
        yield median_of(f"{name}: replay to by hand", clock, "times", most=1.5, note=note)
