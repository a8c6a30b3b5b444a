"""Every fault in every phase: a correct table, or a clear failure that leaves the last good one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.fakes.keboola import Behaviour, Fault, StandIn

from .conftest import FORGOTTEN_FILES, Broker, Loader

TABLES = """
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
"""
pytestmark = pytest.mark.filterwarnings(FORGOTTEN_FILES)
GOOD = None
REFUSED = "HTTP 403"
WHERES: dict[str, dict[str, Any]] = {
    "verify": {"phase": "verify"},
    "tables": {"phase": "tables"},
    "start": {"phase": "start"},
    "poll": {"phase": "poll"},
    "detail": {"phase": "detail"},
    "manifest": {"phase": "manifest"},
    "slice 1": {"phase": "slice", "slice": 0},
    "slice n": {"phase": "slice", "slice": 1},
    "last byte": {"phase": "slice", "slice": -1, "keep": -1},
}
API = ["verify", "tables", "start", "poll", "detail"]
STORE = ["manifest", "slice 1", "slice n", "last byte"]
EVERYWHERE = [*API, *STORE]

# What goes wrong once (or as often as said), where, and how the sync ends.
MATRIX: list[tuple[str, list[str], dict[str, Any], str | None]] = [
    ("throttle", EVERYWHERE, {"seconds": 0}, GOOD),
    ("maintenance", EVERYWHERE, {"seconds": 0}, GOOD),
    ("internal", EVERYWHERE, {}, GOOD),
    ("gateway", EVERYWHERE, {}, GOOD),
    ("reset", EVERYWHERE, {"times": 2}, GOOD),
    ("truncate", EVERYWHERE, {"times": 2}, GOOD),
    ("wrong_type", EVERYWHERE, {}, GOOD),
    ("html", EVERYWHERE, {}, GOOD),
    ("expired", ["manifest", "slice 1"], {}, GOOD),
    ("expired", ["slice n"], {}, GOOD),
    ("expired", ["last byte"], {}, GOOD),
    ("denied", STORE, {}, GOOD),  # as Azure does for a moment with what was just written
    ("missing", STORE, {}, GOOD),
    ("cut", [*API, "manifest"], {}, GOOD),
    ("shuffled", ["manifest"], {}, GOOD),
    ("empty_manifest", ["manifest"], {}, GOOD),
    ("slow_job", ["poll"], {"times": 5}, GOOD),
    ("cut", ["slice 1", "slice n", "last byte"], {}, r"slice \d of 3: .*cut off or damaged"),
    (
        "empty_manifest",
        ["manifest"],
        {"times": None},
        "the manifest names no slice; expected slices",
    ),
    ("failed_job", ["poll"], {}, r"jobs/\d+: the export failed: .*exceptionId \S+"),
    ("denied", API, {}, REFUSED),
    ("missing", API, {}, "HTTP 404"),
    ("expired", API, {}, r"HTTP 401 .*storage\.tokenInvalid"),
    ("throttle", ["start"], {"times": None, "seconds": 0}, "HTTP 429"),
    ("throttle", ["start"], {"times": 1, "seconds": 999_999}, "HTTP 429"),
    ("maintenance", ["poll"], {"times": None, "seconds": 0}, "under maintenance until"),
    ("internal", ["detail"], {"times": None}, r"HTTP 500 .*exceptionId \S+"),
    ("reset", ["manifest", "slice n"], {"times": None}, "failed or broke off"),
    ("html", ["tables"], {"times": None}, "the answer is not JSON"),
    ("html", ["manifest"], {"times": None}, "manifest of the export cannot be read"),
    ("html", ["slice 1"], {"times": None}, "a page came in place of a slice"),
    ("expired", STORE, {"times": None}, "the object store refuses.*HTTP 403"),
    ("missing", ["manifest", "slice n"], {"times": None}, "the object store refuses.*HTTP 404"),
]
# What ends well is tried in all its phases in one sync, what fails in each by itself.
CASES = [
    pytest.param(kind, where, more, end, id=f"{kind} {' '.join(where)} {more.get('times', 1)}")
    for kind, places, more, end in MATRIX
    for where in ([places] if end is GOOD else [[place] for place in places])
]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Loader]]:
    """One project and one instance for all cases, each of which changes the table first."""
    folder = tmp_path_factory.mktemp("faults")
    TRUTH[:] = sorted(FIRST)
    with StandIn(folder=folder) as keboola:
        keboola.project.behaviour = Behaviour(rows_per_slice=1000, least_slices=3)
        broker, loader = Broker(folder, keboola), Loader(keboola)
        loader.create("orders", ["id", "total"], FIRST, key="id")
        broker.describe(TABLES)
        assert broker.sync().exit_code == 0
        yield broker, loader


FIRST = [(str(n), str(n * n)) for n in range(30)]
TRUTH: list[tuple[str, str]] = []  # what the project has, which only grows
NUMBERS = itertools.count(1000)


def change(broker: Broker, loader: Loader) -> None:
    """One row more; what a sync that failed had begun is not taken up again."""
    for export in broker.exports():
        export.unlink()
    row = (str(next(NUMBERS)), "1")
    loader.load("orders", ["id", "total"], [row])
    TRUTH[:] = sorted([*TRUTH, row])


@pytest.mark.parametrize(("kind", "where", "more", "end"), CASES)
def test_a_fault_ends_well_or_clearly(
    serving: tuple[Broker, Loader],
    kind: Any,
    where: list[str],
    more: dict[str, Any],
    end: str | None,
) -> None:
    broker, loader = serving
    keboola = broker.keboola
    before = broker.rows("shop/orders")
    change(broker, loader)
    faults = [Fault(kind, **{**WHERES[place], **more}) for place in where]
    keboola.faults.clear()
    keboola.faults.add(*faults)
    report = broker.sync()
    happened = [one for one, _ in keboola.faults.happened]
    keboola.faults.clear()
    assert {*happened} == {*faults}, "a fault met nobody"
    (outcome,) = report.outcomes
    if end is GOOD:
        assert outcome.error is None
        assert broker.rows("shop/orders") == TRUTH
        return
    assert outcome.error is not None
    assert re.search(end, outcome.error), outcome.error
    assert "in.c-shop.orders" in outcome.error or where == ["verify"]
    assert keboola.token not in outcome.error
    assert "signature=" not in outcome.error
    assert broker.rows("shop/orders") == before


def test_silence_is_broken_wherever_it_falls(tmp_path: Path) -> None:
    """A table for each phase, side by side, since each waits until the silence is long enough."""
    places = {where.replace(" ", "_"): place for where, place in WHERES.items()}
    rows = {name: [(str(n), name) for n in range(9)] for name in places}
    with StandIn(folder=tmp_path) as keboola:
        keboola.project.behaviour = Behaviour(rows_per_slice=4, least_slices=3)
        broker, loader = Broker(tmp_path, keboola, {"silence": "2s"}), Loader(keboola)
        for name in places:
            loader.create(name, ["id", "x"], rows[name], key="id")
        listed = "".join(f"  - {{id: in.c-shop.{name}, folder: shop}}\n" for name in places)
        broker.describe(f"tables:\n{listed}")
        with (broker.root / "config/instance.yaml").open("a") as instance:
            instance.write(f"sync: {{parallel_tables: {len(places)}}}\n")
        faults = [
            Fault("stall", **{**place, "table": None if name == "verify" else f"in.c-shop.{name}"},
                  seconds=60)
            for name, place in places.items()
        ]  # fmt: skip
        keboola.faults.add(*faults)
        report = broker.sync()
        assert {one for one, _ in keboola.faults.happened} == {*faults}
        assert [one.error for one in report.outcomes] == [None] * len(places)
        assert {name: broker.rows(f"shop/{name}") for name in places} == rows


def test_a_slice_that_never_ends_ends_with_the_time_of_its_table(
    serving: tuple[Broker, Loader],
) -> None:
    """It is never silent; what it is read with must not wait for more than comes."""
    broker, loader = serving
    before = broker.rows("shop/orders")
    change(broker, loader)
    broker.keboola.faults.add(Fault("drip", "slice", slice=1, times=None, seconds=0.2))
    broker.describe(f"{TABLES}    timeout: 2s\n")
    (outcome,) = broker.sync().outcomes
    broker.keboola.faults.clear()
    broker.describe(TABLES)
    assert outcome.error is not None
    assert "the slice did not come in time" in outcome.error
    assert broker.rows("shop/orders") == before


def test_a_client_does_not_ask_again_what_it_may_not(serving: tuple[Broker, Loader]) -> None:
    broker, loader = serving
    change(broker, loader)
    broker.keboola.faults.clear()
    broker.keboola.faults.add(Fault("denied", "start", times=None))
    broker.sync()
    assert len(broker.keboola.faults.happened) == 1
    broker.keboola.faults.clear()


def test_what_is_left_of_a_failed_download_is_which_export_it_was(
    serving: tuple[Broker, Loader],
) -> None:
    broker, loader = serving
    change(broker, loader)
    broker.keboola.faults.add(Fault("reset", "slice", slice=1, times=None))
    assert broker.sync().exit_code != 0
    broker.keboola.faults.clear()
    kept = [path for path in (broker.data / "staging").rglob("*") if path.is_file()]
    assert kept == broker.exports() != []
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
