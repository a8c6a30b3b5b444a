"""Random deliveries and descriptions, tables side by side: each sync is compared with the model."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.publish.faults import old_heap_aside

from ..conftest import Instance, make_instance
from .oracle import DIALECTS, Described, Lacked, TableModel, written

LONG = bool(os.environ.get("BROKER_TORTURE"))
TABLES = ("s.one", "s.two", "s.three")
GUESSED = ("s.two",)  # what type a column has is left to its values
FIRST = datetime(2026, 6, 1, 12, tzinfo=UTC)

instants = st.integers(-60, 4).map(
    lambda days: f"{FIRST + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
)
lines = st.fixed_dictionaries(
    {
        "id": st.integers(1, 8).map(str),
        "at": st.one_of(st.just(""), instants, instants, instants),
        "c": st.sampled_from(["", "cz", "sk", "NA"]),
        "v": st.sampled_from(["", "0", "-7", "1234567", "NA", "no number"]),
        "gone": st.sampled_from(["", "", "", "x"]),
    }
)
deliveries = st.lists(lines, max_size=9)
STRATEGIES = {
    "full_refresh": ["", "append_only", "tombstone"],
    "incremental": ["", "census", "append_only", "tombstone"],
    "partitioned": ["", "census", "append_only", "tombstone"],
}
WITHOUT_KEY = [
    ("full_refresh", ""),
    ("full_refresh", "append_only"),
    ("incremental", "append_only"),
    ("partitioned", "append_only"),
    ("partitioned", "full"),
]
WAYS = [
    *[(("id",), strategy, one) for strategy, all_ in STRATEGIES.items() for one in all_],
    *[((), strategy, one) for strategy, one in WITHOUT_KEY],
]


def described(
    way: tuple[tuple[str, ...], str, str], columns: tuple[str, ...], **others: Any
) -> Described:
    """A description that makes sense: a mark must be among the columns."""
    key, strategy, deletions = way
    is_marked = deletions == "tombstone"
    kept = () if is_marked else columns
    if is_marked and others["dialect"] == "formats":
        others["dialect"] = "plain"  # a row that its format does not have marks nothing
    return Described(key=key, strategy=strategy, deletions=deletions, columns=kept, **others)


descriptions = st.builds(
    described,
    st.sampled_from(WAYS),
    st.sampled_from([(), (), ("id", "at"), ("id", "at", "c")]),
    wanted=st.sampled_from([(), (), ("cz",), ("cz", "sk")]),
    null_words=st.sampled_from([(), ("NA",)]),
    window_days=st.sampled_from([0, 1, 7, 40]),
    fraction=st.sampled_from([0.5, 1.0, 0.0]),
    folder=st.sampled_from(["a", "a", "b"]),
    dialect=st.sampled_from([*DIALECTS]),
)


@dataclass(frozen=True)
class Turn:
    """What happens between two syncs to one table."""

    delivered: list[dict[str, str]] | None  # None: no new file
    described: Described | None  # None: as before
    approved: bool


turns = st.builds(
    Turn,
    st.one_of(st.none(), deliveries, deliveries),
    st.one_of(st.none(), st.none(), descriptions),
    st.booleans(),
)
# None: back to the generation before, then the turn of the next sync
histories = st.lists(
    st.one_of(st.tuples(*[turns] * len(TABLES)), st.tuples(*[turns] * len(TABLES)), st.none()),
    min_size=3,
    max_size=6,
)


class History:
    """An instance, its model, and the model of each generation."""

    def __init__(self, root: Path, first: list[Described]) -> None:
        self.instance: Instance = make_instance(root, "")
        for folder in ("a", "b"):
            (root / "csv" / folder).mkdir()
        self.described = {
            table: replace(one, is_guessed=table in GUESSED)
            for table, one in zip(TABLES, first, strict=True)
        }
        self.models = {table: TableModel() for table in TABLES}
        self.delivered: dict[tuple[str, str], tuple[list[dict[str, str]], datetime]] = {}
        self.dialects: dict[tuple[str, str], str] = {}
        self.approved: dict[str, Lacked | None] = {}
        self.past: list[tuple[str, dict[str, TableModel]]] = []
        self.now = FIRST
        for table in TABLES:
            for folder in ("a", "b"):
                self._deliver(table, folder, [])

    def _deliver(self, table: str, folder: str, delivered: list[dict[str, str]]) -> None:
        path = self.instance.root / "csv" / folder / f"{table}.csv"
        dialect = self.described[table].dialect
        path.write_bytes(written(dialect, delivered).encode())
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        self.delivered[table, folder] = delivered, self.now
        self.dialects[table, folder] = dialect

    def turn(self, turn: tuple[Turn, ...]) -> None:
        """Change what the turn says, sync, and look at every table."""
        self.now += timedelta(hours=18)
        approved = set()
        for table, one in zip(TABLES, turn, strict=True):
            if one.described:
                self.described[table] = replace(one.described, is_guessed=table in GUESSED)
            folder = self.described[table].folder
            if one.delivered is not None:
                self._deliver(table, folder, one.delivered)
            elif self.dialects[table, folder] != self.described[table].dialect:
                self._deliver(table, folder, self.delivered[table, folder][0])
            if one.approved and self.models[table].status == "held":
                approved.add(table)
        self._describe()
        # What was held may be approved: for the rows that it lacked, whatever the next run finds.
        # That counts until the table is published.
        for table in sorted(approved):
            assert self.instance.here("approve", table).returncode == 0
            self.approved[table] = self.models[table].lacked
        for table, model in self.models.items():
            described = self.described[table]
            delivered, written = self.delivered[table, described.folder]
            model.sync(described, delivered, written, approved=self.approved.get(table))
            if model.status in ("ok", "empty"):
                self.approved.pop(table, None)
        report = self.instance.sync()
        self.past.append((report["generation"], self._copy()))
        self._check(report)

    def back(self) -> None:
        """To the generation before, if there is one."""
        if len(self.past) < 2:
            return
        self.past.pop()
        generation, models = self.past[-1]
        done = self.instance.here("rollback", generation)
        assert done.returncode == 0, done.stderr
        self.models = {table: model.copy() for table, model in models.items()}

    def _copy(self) -> dict[str, TableModel]:
        return {table: model.copy() for table, model in self.models.items()}

    def _describe(self) -> None:
        tables = ""
        for table, described in self.described.items():
            body = "".join(f"    {line}\n" for line in described.lines())
            tables += f"  - id: {table}\n{body.replace('FILE', table)}"
        text = f"```yaml\ntables:\n{tables}```\n"
        (self.instance.config / "data_description.md").write_text(text)

    def _check(self, report: dict[str, Any]) -> None:
        outcomes = {one["table"].replace("/", "."): one for one in report["tables"]}
        for table, model in self.models.items():
            one = outcomes[table]
            where = (
                table,
                self.described[table],
                self.delivered[table, self.described[table].folder],
            )
            assert one["status"] == model.status, (one, where)
            found = [] if model.rows is None else self._rows(table, model)
            assert found == model.published(), (one, where)
        assert self.instance.here("verify").returncode == 0

    def _rows(self, table: str, model: TableModel) -> list[tuple[Any, ...]]:
        path = table.replace(".", "/")
        assert self.instance.columns(path) == list(model.described.names)
        return sorted(self.instance.rows(path), key=repr)


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    """Each run looks through the heap."""
    with old_heap_aside():
        yield


@settings(
    max_examples=1_000 if LONG else 8,
    derandomize=not LONG,
    phases=tuple(Phase) if LONG else (Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(first=st.tuples(*[descriptions] * len(TABLES)), history=histories)
def test_every_sync_publishes_what_the_model_holds(
    first: tuple[Described, ...], history: list[tuple[Turn, ...] | None]
) -> None:
    with tempfile.TemporaryDirectory(prefix="broker-test-") as root:
        made = History(Path(root), [replace(one) for one in first])
        for turn in history:
            if turn is None:
                made.back()
            else:
                made.turn(turn)
