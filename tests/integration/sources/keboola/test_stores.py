"""Slices as the providers keep them, each behind a stand-in of its own that checks credentials."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence

import pytest

from tests.fakes.azurite import AzuriteError
from tests.fakes.keboola import Fault, StandIn

from .conftest import FORGOTTEN_FILES, Broker

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_FILES)
TABLES = """
tables:
  - {id: in.c-shop.orders, folder: shop, max_delete_fraction: 1}
"""


@pytest.fixture(scope="module", params=["aws", "azure", "gcp"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A project whose slices are at one provider."""
    folder = tmp_path_factory.mktemp(request.param)
    try:
        keboola = StandIn(store=request.param, folder=folder)
    except AzuriteError as error:
        pytest.skip(f"Azurite cannot be installed or started here: {error}")
    with keboola, pytest.MonkeyPatch.context() as variables:
        for name, value in keboola.store.settings.items():
            variables.setenv(name, value)
        broker = Broker(folder, keboola, {"silence": "30s"})  # stores are slow on a busy machine
        broker.describe(TABLES)
        yield broker


def serve(broker: Broker, rows: Sequence[tuple[str, str]]) -> None:
    """Let the table be these rows, in three slices of which the second is empty."""
    half = len(rows) // 2
    paths = []
    for number, part in enumerate([rows[:half], (), rows[half:]]):
        paths.append(broker.root / f"{len(rows)}-{number}.csv.gz")
        text = "".join(f'"{left}","{right}"\n' for left, right in part)
        paths[-1].write_bytes(gzip.compress(text.encode()))
    broker.keboola.project.serve_slices("in.c-shop.orders", ["id", "x"], paths, len(rows))


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
