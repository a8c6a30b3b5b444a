"""Random histories of a table, compared with a dictionary that does the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.tables import loaded_change
from broker.tables.files.apply import Previous
from broker.tables.load import load
from broker.tables.loaded_change import change_of_load
from broker.tables.merge import Batch, merge
from broker.tables.model import (
    Limits,
    Partitioning,
    Range,
    TableSpec,
    TableVersion,
    Tombstone,
    Workplace,
)
from broker.tables.replay import replay
from broker.tables.schema import Column, TableSchema
from tests.unit.tables.reading import LIMITS, Rows, arrow_schemas, read, text

Row = dict[str, str | None]

COLUMNS = {
    "id": "BIGINT",
    "at": "TIMESTAMPTZ",
    "amount": "DECIMAL(12,2)",
    'no"te\n': "VARCHAR",
    "_change": "BOOLEAN",
}
LATER = {"file_row_number": "BIGINT", "v0": "DATE", "c0": "DATE"}
NOTES = ["", "NA", "NULL", 'say "hi", ok', "two\nlines", "😀", "tab\there", "'; DROP TABLE x; --"]

ids = st.integers(0, 12).map(str)
instants = st.one_of(
    st.none(),
    st.builds(
        "2026-{:02d}-{:02d} {:02d}:00:00+00".format,
        st.sampled_from([1, 2, 3]),
        st.sampled_from([1, 15, 28]),
        st.sampled_from([0, 23]),
    ),
)
amounts = st.one_of(st.none(), st.sampled_from(["0.00", "12.50", "-3.07", "9999999999.99"]))
truths = st.one_of(st.none(), st.sampled_from(["true", "false"]))
rows = st.fixed_dictionaries(
    {
        "id": ids,
        "at": instants,
        "amount": amounts,
        'no"te\n': st.one_of(st.none(), st.sampled_from(NOTES)),
        "_change": truths,
        "file_row_number": st.one_of(st.none(), st.sampled_from(["7", "-9223372036854775808"])),
        "v0": st.one_of(st.none(), st.sampled_from(["2026-01-31"])),
        "c0": st.one_of(st.none(), st.sampled_from(["2026-02-28", "0001-01-01"])),
    }
)
batches = st.lists(rows, max_size=12)


@dataclass(frozen=True)
class Step:
    """What happens to the table: rows, keys that still exist, and a range that is replaced."""

    rows: list[Row]
    columns: int = 0
    alive: list[str] | None = None
    range: tuple[int | None, int | None] | None = None
    whole: bool = False
    batch: int = 3


steps = st.builds(
    Step,
    rows=batches,
    columns=st.integers(0, len(LATER)),
    alive=st.one_of(st.none(), st.none(), st.lists(ids, max_size=30)),
    range=st.one_of(
        st.none(),
        st.tuples(st.one_of(st.none(), st.integers(1, 3)), st.one_of(st.none(), st.integers(2, 4))),
    ),
    whole=st.sampled_from([False, False, False, True]),
    batch=st.sampled_from([1, 3, 1000]),
)


def _month(number: int | None) -> datetime | None:
    return datetime(2026, number, 1, tzinfo=UTC) if number else None


@dataclass
class Model:
    """The table as a dictionary by key: what the engine must come to."""

    key: bool
    marked: bool = False
    rows: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    def apply(self, step: Step, delivered: list[str]) -> None:
        new = [{name: row[name] for name in delivered} for row in step.rows]
        self.columns += [name for name in delivered if name not in self.columns]
        if step.whole:
            self.rows = []
        if not self.key:
            if step.range:
                self.rows = [row for row in self.rows if not self._inside(row, step)]
            self.rows += new
        else:
            self._upsert(new, step)
        self.rows = [{name: row.get(name) for name in self.columns} for row in self.rows]

    def _upsert(self, new: list[Row], step: Step) -> None:
        kept = {row["id"]: row for row in self.rows}
        fresh = {row["id"]: row for row in new}
        if step.range and not step.whole:
            kept = {k: row for k, row in kept.items() if k in fresh or not self._inside(row, step)}
        for key, row in fresh.items():
            kept[key] = {**kept.get(key, {}), **row}
            if self.marked and row["_change"] == "true":
                del kept[key]
        if step.alive is not None and not step.whole:
            kept = {k: row for k, row in kept.items() if k in step.alive}
        self.rows = list(kept.values())

    def _inside(self, row: Row, step: Step) -> bool:
        since, until = step.range or (None, None)
        if row["at"] is None:
            return until is None
        month = int(row["at"][5:7])
        return (since is None or month >= since) and (until is None or month < until)

    def expected(self) -> list[tuple[str | None, ...]]:
        found = [tuple(row[name] for name in self.columns) for row in self.rows]
        return sorted(found, key=lambda row: int(row[0] or 0)) if self.key else found


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="broker-test-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


class Engine:
    """The table under test: each step is a generation, in a folder with all its files."""

    def __init__(self, root: Path, spec: TableSpec) -> None:
        self.root = root
        self.spec = spec
        self.count = 0
        self.folder = root / "0"
        self.version: TableVersion | None = None
        self.since_load: list[tuple[Path, TableVersion]] = []  # each version, and where it stands

    def apply(self, step: Step, delivered: list[str]) -> None:
        self.count += 1
        folder = self.root / str(self.count)
        work = self.root / f"work-{self.count}"
        work.mkdir()
        types = {**COLUMNS, **LATER}
        declared = TableSchema(tuple(Column(name, types[name]) for name in delivered))
        reading = Rows(
            text(delivered, [[row[name] for name in delivered] for row in step.rows]),
            batch=step.batch,
        )
        before = self.version
        if before is None or step.whole:
            version = load(
                self.spec,
                declared,
                reading,
                Workplace(folder, work, LIMITS),
                previous=before.schema if before else None,
            )
            version = self._with_change(version, before, folder, work)
        else:
            version = self._merge(step, declared, reading, before, folder, work)
        self._link_kept(version, folder)
        self.version, self.folder = version, folder
        if before is None or (step.whole and version.change is None):
            self.since_load.clear()
        self.since_load.append((folder, version))
        self._check_chains()

    def _check_chains(self) -> None:
        """From each version since the last load, its changes and all later ones lead to this."""
        for at, (root, start) in enumerate(self.since_load[:-2]):
            later = self.since_load[at + 1 :]
            changes = [place / v.change.path for place, v in later if v.change is not None]
            if not changes:
                continue
            again = self.root / f"chain-{self.count}-{at}"
            work = self.root / f"chain-work-{self.count}-{at}"
            work.mkdir()
            files = replay(root, start.files, changes, out=again, work=work, limits=LIMITS)
            assert self.version is not None
            expected = [(file.path, file.sha256) for file in self.version.files]
            assert [(file.path, file.sha256) for file in files] == expected
            assert all((again / file.path).is_file() for file in files if file.is_new)

    def _with_change(
        self, version: TableVersion, before: TableVersion | None, folder: Path, work: Path
    ) -> TableVersion:
        """A load with the change file that leads to it, if there is one, however small it is."""
        if before is None:
            return version
        at = Workplace(folder, work, LIMITS)
        with (
            patch.object(loaded_change, "_FEWEST_BYTES", 0),
            patch.object(loaded_change, "_LARGEST_SHARE", 0),
        ):
            made = change_of_load(self.spec, Previous(self.folder, before.files), version, at)
        return replace(version, change=made)

    def _merge(
        self,
        step: Step,
        declared: TableSchema,
        reading: Rows,
        before: TableVersion,
        folder: Path,
        work: Path,
    ) -> TableVersion:
        since, until = step.range or (None, None)
        version = merge(
            self.spec,
            declared,
            before,
            self.folder,
            Batch(
                reading,
                live_keys=_keys(step.alive) if self.spec.key else None,
                covered=Range("at", _month(since), _month(until)) if step.range else None,
            ),
            Workplace(folder, work, LIMITS),
        )
        self._check_replay(version, before, folder)
        return version

    def _check_replay(self, version: TableVersion, before: TableVersion, folder: Path) -> None:
        if version.change is None:
            assert not any(file.is_new for file in version.files)
            return
        again = self.root / f"replay-{self.count}"
        work = self.root / f"replay-work-{self.count}"
        work.mkdir()
        limits = Limits(memory_bytes=128 * 1024 * 1024, threads=1)
        changes = [folder / version.change.path]
        files = replay(self.folder, before.files, changes, out=again, work=work, limits=limits)
        assert files == version.files
        assert all((again / file.path).is_file() for file in files if file.is_new)

    def _link_kept(self, version: TableVersion, folder: Path) -> None:
        for file in version.files:
            if not file.is_new:
                target = folder / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder / file.path, target)


def _keys(keys: list[str] | None) -> Rows | None:
    return None if keys is None else Rows(text(["id"], [[key] for key in keys]))


def _check(engine: Engine, model: Model) -> None:
    version = engine.version
    assert version is not None
    files = [engine.folder / file.path for file in version.files]
    assert version.schema.names == tuple(model.columns)
    found = read(files)
    if engine.spec.key:
        assert sorted(found, key=lambda row: int(row[0])) == model.expected()
        for file in files:
            keys = [int(row[0]) for row in read([file])]
            assert keys == sorted(set(keys))
    elif engine.spec.partitioning is None:
        assert found == model.expected()
    else:
        assert sorted(found, key=str) == sorted(model.expected(), key=str)
    assert version.rows == len(model.rows) == sum(file.rows for file in version.files)
    assert len(set(map(str, arrow_schemas(files)))) == 1
    _check_partitions(engine, version, model)


def _check_partitions(engine: Engine, version: TableVersion, model: Model) -> None:
    if engine.spec.partitioning is None:
        return
    at = model.columns.index("at")
    for file in version.files:
        for row in read([engine.folder / file.path]):
            expected = row[at][:7].replace("-", "_") if row[at] else "null"
            assert file.partition == expected
            name = Path(file.path).stem
            assert name == expected or name.startswith(f"{expected}-")


def _run(spec: TableSpec, history: list[Step]) -> None:
    with _folder() as root:
        engine = Engine(root, spec)
        model = Model(bool(spec.key), marked=spec.tombstone is not None)
        delivered = list(COLUMNS)
        for step in history:
            wanted = [*COLUMNS, *list(LATER)[: step.columns]]
            delivered = wanted if len(wanted) > len(delivered) else delivered
            engine.apply(step, delivered)
            model.apply(step if engine.count > 1 else Step(step.rows, whole=True), delivered)
            _check(engine, model)


SETTINGS = settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a step costs too much to shrink by
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MONTHS = Partitioning("at", "month")
MARK = Tombstone("_change", ("true",))


@pytest.mark.parametrize(
    "spec",
    [
        TableSpec("keyed", "s/keyed", key=("id",)),
        TableSpec("marked", "s/marked", key=("id",), tombstone=MARK),
        TableSpec("marked_months", "s/months", key=("id",), partitioning=MONTHS, tombstone=MARK),
        TableSpec("months", "s/months", key=("id",), partitioning=MONTHS),
        TableSpec("cut", "s/cut", key=("id",), partitioning=MONTHS, target_file_bytes=700),
        TableSpec("log", "s/log"),
        TableSpec("months_log", "s/months_log", partitioning=MONTHS, target_file_bytes=700),
    ],
    ids=lambda spec: spec.name,
)
@SETTINGS
@given(history=st.lists(steps, min_size=1, max_size=5))
def test_table_equals_model_after_every_step(spec: TableSpec, history: list[Step]) -> None:
    _run(spec, history)


def test_column_that_is_no_longer_delivered_keeps_what_it_had(tmp_path: Path) -> None:
    spec = TableSpec("t", "s/t", key=("id",))
    engine = Engine(tmp_path, spec)
    first: Row = {"id": "1", "at": None, "amount": "1.00", 'no"te\n': "x", "_change": "true"}
    engine.apply(Step([first, {**first, "id": "2"}]), ["id", "amount"])
    changed: Row = {**first, "at": "2026-01-01 00:00:00+00"}
    engine.apply(Step([changed, {**changed, "id": "3"}]), ["id", "at"])
    assert read([engine.folder / "parquet/s/t.parquet"]) == [
        ("1", "1.00", "2026-01-01 00:00:00+00"),
        ("2", "1.00", None),
        ("3", None, "2026-01-01 00:00:00+00"),
    ]


def test_arrow_types_and_text_merge_alike(tmp_path: Path) -> None:
    spec = TableSpec("t", "s/t", key=("id",))
    engine = Engine(tmp_path, spec)
    engine.apply(Step([{"id": "1", "amount": "1.00"}]), ["id", "amount"])
    assert engine.version is not None
    typed = pa.table({"id": pa.array([1, 2]), "amount": pa.array([1, None], pa.decimal128(12, 2))})
    work = tmp_path / "w"
    work.mkdir()
    version = merge(
        spec,
        TableSchema(()),
        engine.version,
        engine.folder,
        Batch(Rows(typed)),
        Workplace(tmp_path / "typed", work, LIMITS),
    )
    assert (version.inserted, version.updated, version.deleted) == (1, 0, 0)
    assert read([tmp_path / "typed/parquet/s/t.parquet"]) == [("1", "1.00"), ("2", None)]
