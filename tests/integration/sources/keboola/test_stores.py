"""Slices as the providers keep them, each behind a stand-in of its own that checks credentials."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rig.fakes.keboola import Fault, StandIn

from .conftest import FORGOTTEN_FILES, Broker

pytestmark = [
    pytest.mark.filterwarnings(FORGOTTEN_FILES),
    pytest.mark.xdist_group("object-stores"),
]
TABLE = "in.c-shop.orders"
TABLES = f"""
tables:
  - {{id: {TABLE}, folder: shop, max_delete_fraction: 1}}
"""


@pytest.fixture
def served(stored: StandIn, tmp_path: Path) -> Iterator[Broker]:
    """A broker of a project whose slices are at one provider."""
    broker = Broker(tmp_path, stored, {"silence": "30s"})  # stores are slow on a busy machine
    broker.describe(TABLES)
    yield broker
    stored.faults.clear()
    del stored.project.tables[TABLE], stored.project.buckets["in.c-shop"]


def serve(broker: Broker, rows: Sequence[tuple[str, str]]) -> None:
    """Let the table be these rows, in three slices of which the second is empty."""
    half = len(rows) // 2
    paths = []
    for number, part in enumerate([rows[:half], (), rows[half:]]):
        paths.append(broker.root / f"{len(rows)}-{number}.csv.gz")
        text = "".join(f'"{left}","{right}"\n' for left, right in part)
        paths[-1].write_bytes(gzip.compress(text.encode()))
    broker.keboola.project.serve_slices(TABLE, ["id", "x"], paths, len(rows))


def test_slices_are_fetched_with_credentials_that_expire_meanwhile(served: Broker) -> None:
    rows = [(f"{n:03}", "x" * n) for n in range(200)]
    serve(served, rows)
    faults = [Fault("expired", "slice", slice=0), Fault("truncate", "slice", slice=2)]
    served.keboola.faults.add(*faults, Fault("throttle", "slice", slice=1, seconds=0))
    (outcome,) = served.sync().outcomes
    assert outcome.error is None
    assert served.rows("shop/orders") == rows
    assert {fault for fault, _ in served.keboola.faults.happened} >= {*faults}


def test_a_credential_that_is_never_good_ends_clearly(served: Broker) -> None:
    before = [("1", "x")]
    serve(served, before)
    assert served.sync().outcomes[0].error is None
    serve(served, [("1", "y")] * 8)
    served.keboola.faults.add(Fault("expired", "slice", times=None))
    (outcome,) = served.sync().outcomes
    served.keboola.faults.clear()
    assert outcome.error is not None
    assert "in.c-shop.orders" in outcome.error
    assert "the object store refuses" in outcome.error
    assert "?" not in outcome.error  # no signed link
    assert served.rows("shop/orders") == before
