"""Random histories of a table: a laptop that syncs now and then always has the signed bytes."""

from __future__ import annotations

import json
import os
import random
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from broker.laptop.program import laptop

from .scenes import Scene, make_scene

BATCHES, HISTORIES = (10, 50) if os.environ.get("BROKER_TORTURE") else (1, 6)
STEPS = 7
ROWS = 1500
KINDS = {
    "months": "primary_key: id, partition_by: day, sync_strategy: incremental, "
    "incremental_window_days: 100000",
    "one file": "primary_key: id, sync_strategy: incremental, incremental_window_days: 100000",
    "census": "primary_key: id, partition_by: day, sync_strategy: incremental, "
    "deletions: census, max_delete_fraction: 1.0",
    "two of a key": "primary_key: [day, id], partition_by: day, sync_strategy: incremental, "
    "deletions: census, max_delete_fraction: 1.0",
    "no key": "partition_by: day, sync_strategy: incremental, deletions: append_only, "
    "incremental_column: day",
    "whole": "primary_key: id, max_delete_fraction: 1.0",
}
TYPES = 'types: {id: BIGINT, day: DATE, total: "DECIMAL(12,2)"}'


@dataclass
class Table:
    """The table of one history: what the source delivers of it."""

    name: str
    kind: str
    chance: random.Random
    columns: list[str] = field(default_factory=lambda: ["id", "day", "total", "note"])
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    latest: int = 6  # month

    def __post_init__(self) -> None:
        for key in range(ROWS):
            self.rows[key] = self._row(key)

    @property
    def description(self) -> str:
        return f"  - {{id: in.c-shop.{self.name}, {KINDS[self.kind]}, {TYPES}}}\n"

    def _row(self, key: int) -> dict[str, str]:
        month, total = self.chance.randint(1, 6), self.chance.randint(0, 10**6)
        values = ["", "NA", '"say ""hi"""', "😀", f"note {total}"]
        return {
            "id": str(key),
            "day": f"2026-{month:02d}-{self.chance.randint(1, 28):02d}",
            "total": f"{total}.25",
            "note": self.chance.choice(values),
            "extra": f"extra {key % 7}",
        }

    def step(self) -> None:
        """Something happens to it, mostly small."""
        keys = self.chance.choices([*self.rows], k=self.chance.choice([1, 5, 40]))
        match self.chance.choice(["change", "change", "change", "add", "add", "delete", "drift"]):
            case "change":
                self.rows |= {key: self._row(key) for key in keys}
            case "add":
                new = range(max(self.rows) + 1, max(self.rows) + 1 + len(keys))
                self.latest = min(12, self.latest + 1)
                day = f"2026-{self.latest:02d}-28"
                self.rows |= {key: self._row(key) | {"day": day} for key in new}
            case "delete" if self.kind != "no key":  # an operator would have to approve it
                for key in {*keys}:
                    del self.rows[key]
            case "drift" if self.chance.random() < 0.4:
                self.columns = [*self.columns[:4], "extra"]

    def csv(self) -> str:
        lines = [",".join(self.columns)]
        lines += [",".join(row[name] for name in self.columns) for row in self.rows.values()]
        return "\n".join(lines) + "\n"


class History:
    """One table through its life, at the broker and on the laptop."""

    def __init__(self, scene: Scene, number: int) -> None:
        self.scene = scene
        self.chance = random.Random(number)  # noqa: S311
        kind = [*KINDS][number % len(KINDS)]
        self.table = Table(f"h{number}", kind, self.chance)
        self.replayed = self.fallbacks = 0
        head = "# Shop\n\n```yaml\nfolder_mapping: {in.c-shop: shop}\ntables:\n"
        description = head + self.table.description + "```\n"
        (scene.instance.config / "data_description.md").write_text(description)
        self._deliver()

    def _deliver(self, *words: str) -> None:
        self.scene.instance.csv(self.table.name, self.table.csv())
        report = self.scene.instance.sync(*words)
        assert report["exit_code"] == 0, report
        self.scene.offer()

    def run(self) -> None:
        self._pull()
        for _ in range(STEPS):
            happens = self.chance.random()
            # All rows of a table without a key may not come anew: older copies of a row would go.
            if happens < 0.08 and self.table.kind != "no key":
                self._deliver("--reload", f"in.c-shop.{self.table.name}")
            elif happens < 0.16:
                self._roll_back()
            else:
                self.table.step()
                self._deliver()
            if self.chance.random() < 0.5:
                self._pull()
        self._pull()

    def _roll_back(self) -> None:
        generation = self.scene.instance.data.joinpath("current").resolve().name
        back = self.scene.instance.here("rollback")
        assert back.returncode == 0, back.stderr
        offered = self.scene.offer()
        assert offered < generation
        facts = json.loads(sync_here(self.scene, "--generation", offered, "--json"))
        assert facts["generation"] == offered
        self._pull()

    def _pull(self) -> None:
        facts = json.loads(sync_here(self.scene, "--json").splitlines()[-1])
        self.replayed += facts["replayed"]
        self.fallbacks += len(facts["fallbacks"])
        assert self.scene.has_the_signed_bytes()
        (offered,) = self.scene.offered().tables
        assert facts["rows"] == offered.rows


def sync_here(scene: Scene, *words: str) -> str:
    """A sync of the laptop in this process, and what it says."""
    output, errors = StringIO(), StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = laptop.main(["--folder", str(scene.laptop), "sync", *words], standalone_mode=False)
    assert code == 0, errors.getvalue()
    return output.getvalue()


@pytest.mark.timeout(7200 if BATCHES > 1 else 600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_after_any_history_a_laptop_has_the_signed_bytes(batch: int, tmp_path: Path) -> None:
    scene = make_scene(tmp_path)
    replayed: dict[str, int] = dict.fromkeys(KINDS, 0)
    for number in range(batch * HISTORIES, (batch + 1) * HISTORIES):
        history = History(scene, number)
        history.run()
        assert history.fallbacks == 0, (number, history.table.kind)
        replayed[history.table.kind] += history.replayed
    assert all(replayed.values()), replayed
