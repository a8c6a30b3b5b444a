"""Whatever goes wrong and whenever: what is published is what the project had at some moment."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rig.fakes.keboola import Behaviour, Fault, StandIn

from .conftest import FORGOTTEN_FILES, Broker, Loader

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_FILES)
TABLES = """
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
    primary_key: id
"""
CENSUS = "    sync_strategy: incremental\n    deletions: census\n"
COLUMNS = ["id", "x"]
KINDS = [
    *("throttle", "maintenance", "internal", "gateway", "denied", "reset", "truncate", "cut"),
    *("html", "wrong_type", "failed_job", "slow_job", "empty_manifest", "shuffled", "expired"),
]
PHASES = ["verify", "tables", "start", "poll", "detail", "manifest", "slice"]
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(KINDS),  # type: ignore[arg-type]
    phase=st.sampled_from(PHASES),  # type: ignore[arg-type]
    times=st.sampled_from([1, 1, 2, 9]),
    after=st.integers(0, 2),
    slice=st.sampled_from([None, None, 0, -1]),
    seconds=st.just(0.0),
)
CHANGES = st.sampled_from(["upsert", "delete", "replace", "nothing"])
STEPS = st.lists(st.tuples(CHANGES, st.lists(FAULTS, max_size=3)), min_size=1, max_size=3)


@dataclass
class History:
    """The rows that the project had, moment by moment."""

    loader: Loader
    moments: list[dict[str, str]] = field(default_factory=list)

    def begin(self, rows: dict[str, str]) -> None:
        """A table of these rows."""
        if "in.c-shop.orders" in self.loader.keboola.project.tables:
            self.loader.load("orders", COLUMNS, [*rows.items()], more=False)
        else:
            self.loader.create("orders", COLUMNS, [*rows.items()], key="id")
        self.moments = [rows]

    def change(self, how: str, seed: int) -> None:
        """The next moment, in a second of its own: what changes within one cannot be told apart."""
        self.loader.keboola.project.clock.advance(1)
        chance, now = random.Random(seed), dict(self.moments[-1])  # noqa: S311
        some = chance.sample(sorted(now), min(3, len(now)))
        if how == "upsert":
            new = {**dict.fromkeys(some[:2], f"u{seed}"), f"n{seed}": "new"}
            self.loader.load("orders", COLUMNS, [*new.items()])
            now |= new
        if how == "delete" and some:
            self.loader.delete("orders", "id", *some[:2])
            now = {key: value for key, value in now.items() if key not in some[:2]}
        if how == "replace":
            now = {f"{seed}-{n}": "r" for n in range(4)} | dict.fromkeys(sorted(now)[:4], "kept")
            self.loader.load("orders", COLUMNS, [*now.items()], more=False)
        self.moments.append(now)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One project for all schedules."""
    folder = tmp_path_factory.mktemp("random")
    with StandIn(folder=folder) as keboola:
        keboola.project.behaviour = Behaviour(rows_per_slice=4, least_slices=3)
        yield Broker(folder, keboola), History(Loader(keboola))


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)
@given(steps=STEPS, strategy=st.sampled_from(["", CENSUS]))
def test_what_is_published_was_once_true(served: Any, steps: Any, strategy: str) -> None:
    follow(*served, steps, strategy)


def follow(broker: Broker, history: History, steps: Any, strategy: str) -> None:
    """Change, sync with faults, look; and at the end, without faults, all is as it is."""
    keboola = broker.keboola
    shutil.rmtree(broker.data)
    history.begin({str(number): "a" for number in range(12)})
    broker.describe(f"{TABLES}{strategy}    max_delete_fraction: 1\n")
    published = 0
    for number, (how, faults) in enumerate(steps):
        if number:
            history.change(how, number)
        keboola.faults.clear()
        keboola.faults.add(*faults)
        (outcome,) = broker.sync().outcomes
        keboola.faults.clear()
        published = look(broker, history, published, must_be_new=outcome.error is None)
    (outcome,) = broker.sync().outcomes
    assert outcome.error is None
    look(broker, history, len(history.moments) - 1, must_be_new=True)


def look(broker: Broker, history: History, before: int, *, must_be_new: bool) -> int:
    """The moment that is published: none that is older than the one before."""
    if not (broker.data / "parquet").exists() or not any(
        (broker.data / "parquet").rglob("*.parquet")
    ):
        assert not must_be_new
        return 0
    found = dict(broker.rows("shop/orders"))
    known = [n for n, rows in enumerate(history.moments) if rows == found and n >= before]
    assert known, "what is published was never true"
    if must_be_new:
        assert history.moments[-1] == found
    return known[-1]
