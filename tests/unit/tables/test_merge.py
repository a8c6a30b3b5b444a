"""Merges: what is written, what is left alone, what the change file says, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from broker.errors import TableError
from broker.tables.load import load
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

from .reading import LIMITS, Rows, arrow_schemas, paths, read, text

MONTHS = Partitioning("at", "month")
SPEC = TableSpec("t", "s/t", key=("id",), partitioning=MONTHS)
TYPES = TableSchema((Column("id", "BIGINT"), Column("at", "DATE"), Column("x", "BIGINT")))
COLUMNS = ["id", "at", "x"]


@dataclass(frozen=True)
class Shelf:
    """A folder in which versions of one table stand side by side."""

    root: Path

    def folder(self, name: str) -> Path:
        path = self.root / name
        (path / "work").mkdir(parents=True)
        return path

    def load(
        self, rows: pa.Table, spec: TableSpec = SPEC, types: TableSchema = TYPES
    ) -> TableVersion:
        path = self.folder("a")
        return load(spec, types, Rows(rows), Workplace(path, path / "work", LIMITS))

    def merge(
        self,
        before: TableVersion,
        rows: pa.Table | None,
        *,
        spec: TableSpec = SPEC,
        types: TableSchema = TYPES,
        alive: pa.Table | None = None,
        name: str = "b",
    ) -> TableVersion:
        path = self.folder(name)
        return merge(
            spec,
            types,
            before,
            self.root / "a",
            Batch(
                Rows(rows) if rows is not None else None,
                live_keys=Rows(alive) if alive is not None else None,
            ),
            Workplace(path, path / "work", LIMITS),
        )

    def where(self, version: TableVersion, name: str = "b") -> list[Path]:
        return [self.root / (name if f.is_new else "a") / f.path for f in version.files]

    def change(self, version: TableVersion) -> list[tuple[str | None, ...]]:
        assert version.change is not None
        return read([self.root / "b" / version.change.path])


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


THREE_MONTHS = text(
    COLUMNS,
    [
        ["1", "2026-01-01", "1"],
        ["2", "2026-02-01", "2"],
        ["3", "2026-03-01", "3"],
        ["4", None, "4"],
    ],
)


def test_only_touched_partitions_are_written(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    upserts = text(COLUMNS, [["2", "2026-02-01", "2"], ["3", "2026-02-02", "33"], ["5", None, "5"]])
    version = shelf.merge(before, upserts)
    assert [(f.partition, f.rows, f.is_new) for f in version.files] == [
        ("2026_01", 1, False),
        ("2026_02", 2, True),
        ("null", 2, True),
    ]
    assert (version.inserted, version.updated, version.deleted) == (1, 1, 0)
    assert shelf.change(version) == [
        ("update", "2026_03", "3", "2026-02-02", "33"),
        ("insert", None, "5", None, "5"),
    ]
    assert sorted(read(shelf.where(version))) == sorted(
        [
            ("1", "2026-01-01", "1"),
            ("2", "2026-02-01", "2"),
            ("3", "2026-02-02", "33"),
            ("4", None, "4"),
            ("5", None, "5"),
        ]
    )


def test_rows_that_do_not_differ_change_nothing(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    version = shelf.merge(before, THREE_MONTHS)
    assert version.change is None
    assert [(f.path, f.sha256, f.is_new) for f in version.files] == [
        (f.path, f.sha256, False) for f in before.files
    ]
    assert not (shelf.root / "b" / "parquet").exists()


MARKED = TableSpec("t", "s/t", key=("id",), partitioning=MONTHS, tombstone=Tombstone("x", ("9",)))


def test_key_that_is_said_to_be_gone_is_gone(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    rows = [["1", "2026-01-01", "1"], ["1", "soon", "9.0"], ["77", None, "9"], ["6", None, "9"]]
    version = shelf.merge(
        before,
        text(COLUMNS, [*rows, ["6", "2026-01-01", "6"]]),
        spec=MARKED,
        alive=text(["id"], [["1"], ["2"], ["6"]]),
    )
    assert (version.rejects, version.duplicates) == (0, 2)
    assert sorted(read(shelf.where(version))) == [
        ("2", "2026-02-01", "2"),
        ("6", "2026-01-01", "6"),
    ]
    assert (version.inserted, version.updated, version.deleted) == (1, 0, 3)
    assert shelf.change(version)[0] == ("delete", "2026_01", "1", None, None)


def test_table_whose_rows_are_all_gone_keeps_one_file_and_fills_again(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    empty = shelf.merge(before, None, alive=text(["id"], []))
    assert [(f.path, f.rows) for f in empty.files] == [("parquet/s/t/null.parquet", 0)]
    path = shelf.folder("c")
    again = merge(
        SPEC,
        TYPES,
        empty,
        shelf.root / "b",
        Batch(Rows(THREE_MONTHS)),
        Workplace(path, path / "work", LIMITS),
    )
    assert [(f.path, f.rows, f.sha256) for f in again.files] == [
        (f.path, f.rows, f.sha256) for f in before.files
    ]


def test_census_with_a_key_that_cannot_be_read_fails(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    with pytest.raises(TableError, match="do not fit"):
        shelf.merge(before, None, alive=text(["id"], [["1"], ["x"]]))


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        ("BIGINT", "DECIMAL(20,2)", "7.25", "DECIMAL(21,2)"),
        ("DECIMAL(9,2)", "DECIMAL(12,1)", "99999999999.5", "DECIMAL(13,2)"),
        ("DECIMAL(9,2)", "DECIMAL(5,1)", "1.5", "DECIMAL(9,2)"),
        ("DATE", "TIMESTAMP", "2026-01-01 10:00:00", "TIMESTAMP"),
        ("BIGINT", "VARCHAR", "x", "VARCHAR"),
        ("TIMESTAMP", "DATE", "2026-01-01", "TIMESTAMP"),
    ],
)
def test_types_widen_where_it_is_exact_and_every_file_follows(
    shelf: Shelf, old: str, new: str, value: str, expected: str
) -> None:
    before = shelf.load(
        text(COLUMNS, [["1", "2026-01-01", None], ["2", "2026-02-01", None]]),
        types=TableSchema((*TYPES.columns[:2], Column("x", old))),
    )
    upserts = text(COLUMNS, [["3", "2026-02-01", value]])
    types = TableSchema((*TYPES.columns[:2], Column("x", new)))
    version = shelf.merge(before, upserts, types=types)
    assert version.schema.columns[2].type == expected
    assert len(set(map(str, arrow_schemas(shelf.where(version))))) == 1
    assert all(file.is_new for file in version.files) == (old != expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [("DECIMAL(9,2)", "VARCHAR"), ("TIMESTAMP", "TIMESTAMPTZ"), ("DOUBLE", "BIGINT")],
)
def test_type_that_would_lose_something_needs_a_whole_load(
    shelf: Shelf, old: str, new: str
) -> None:
    types = TableSchema((*TYPES.columns[:2], Column("x", old)))
    before = shelf.load(text(COLUMNS, [["1", "2026-01-01", None]]), types=types)
    types = TableSchema((*TYPES.columns[:2], Column("x", new)))
    with pytest.raises(TableError, match="Load the table as a whole") as caught:
        shelf.merge(before, text(COLUMNS, [["2", "2026-01-01", None]]), types=types)
    assert (caught.value.expected, caught.value.found) == (old, new)


def test_rebuild_and_another_partitioning_need_a_whole_load(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    more = text(["id", "at"], [["1", "2026-01-01"]])
    rebuild = TableSpec("t", "s/t", key=("id",), partitioning=MONTHS, on_schema_change="rebuild")
    with pytest.raises(TableError, match="rebuild: column x is no longer delivered"):
        shelf.merge(before, more, spec=rebuild)
    days = TableSpec("t", "s/t", key=("id",), partitioning=Partitioning("at", "day"))
    with pytest.raises(TableError, match="partitioned in another way"):
        shelf.merge(before, THREE_MONTHS, spec=days, name="c")


def test_keys_cannot_be_deleted_where_there_are_none(shelf: Shelf) -> None:
    log = TableSpec("t", "s/t")
    before = shelf.load(THREE_MONTHS, spec=log)
    with pytest.raises(TableError, match="without a key"):
        shelf.merge(before, None, spec=log, alive=text(["id"], [["1"]]))


def test_key_of_several_columns_in_cut_files(shelf: Shelf) -> None:
    spec = TableSpec(
        "t", "s/t", key=("x", "id"), partitioning=Partitioning("at", "year"), target_file_bytes=600
    )
    rows = [[str(n), "2026-01-01", str(n % 7)] for n in range(900)]
    before = shelf.load(text(COLUMNS, rows), spec=spec)
    assert len(before.files) > 3
    changed = [["3", "2026-05-05", "3"], ["-1", "2026-05-05", "3"], ["899", "2026-05-05", "6"]]
    version = shelf.merge(before, text(COLUMNS, changed), spec=spec)
    assert 0 < sum(file.is_new for file in version.files) < len(version.files)
    found = {(row[2], row[0]): row for row in read(shelf.where(version))}
    assert len(found) == version.rows == 901 + (899 % 7 != 6)
    assert found["3", "3"] == ("3", "2026-05-05", "3")
    for path in shelf.where(version):
        keys = [(int(row[2]), int(row[0])) for row in read([path])]
        assert keys == sorted(keys)


def test_a_key_that_becomes_text_in_cut_files_needs_a_whole_load(shelf: Shelf) -> None:
    spec = TableSpec(
        "t", "s/t", key=("id",), partitioning=Partitioning("at", "year"), target_file_bytes=600
    )
    rows = [[str(n), "2026-01-01", str(n)] for n in range(900)]
    before = shelf.load(text(COLUMNS, rows), spec=spec)
    types = TableSchema((Column("id", "VARCHAR"), *TYPES.columns[1:]))
    with pytest.raises(TableError, match="Load the table as a whole"):
        shelf.merge(before, text(COLUMNS, [["2", "2026-01-01", "9"]]), spec=spec, types=types)


def test_a_zero_that_changes_its_sign_is_a_change(shelf: Shelf) -> None:
    types = TableSchema((*TYPES.columns[:2], Column("x", "DOUBLE")))
    before = shelf.load(text(COLUMNS, [["1", None, "-0.0"], ["2", None, "0.0"]]), types=types)
    rows = [["1", None, "0.0"], ["2", None, "0.0"]]
    version = shelf.merge(before, text(COLUMNS, rows), types=types)
    assert (version.updated, sorted(read(shelf.where(version)))) == (
        1,
        [("1", None, "0.0"), ("2", None, "0.0")],
    )


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_column_that_is_called_as_the_number_of_a_row(shelf: Shelf, key: tuple[str, ...]) -> None:
    years = Partitioning("at", "year")
    spec = TableSpec("t", "s/t", key=key, partitioning=years, target_file_bytes=2000)
    columns = ["id", "at", "File_Row_Number"]
    types = TableSchema((*TYPES.columns[:2], Column(columns[2], "BIGINT")))
    rows = [[str(n), "2026-01-01", str(2000 - n)] for n in range(901)]
    before = shelf.load(text(columns, rows[:900]), spec=spec, types=types)
    assert len(before.files) > 1
    version = shelf.merge(before, text(columns, rows[900:]), spec=spec, types=types)
    assert [int(row[0]) for path in shelf.where(version) for row in read([path])] == [*range(901)]


def test_replay_refuses_what_is_no_change_file(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    with pytest.raises(TableError, match="not a change file"):
        replay(
            shelf.root / "a",
            before.files,
            paths(shelf.root / "a", before)[:1],
            out=shelf.root / "c",
            work=shelf.root / "a" / "work",
            limits=LIMITS,
        )


def test_merge_comes_to_the_bytes_of_a_whole_load(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    upserts = text(COLUMNS, [["0", "2026-02-01", "0"], ["3", "2026-03-01", "33"]])
    merged = shelf.merge(before, upserts)
    path = shelf.folder("whole")
    rows = sorted(read(shelf.where(merged)), key=lambda row: -int(row[0]))
    whole = load(
        SPEC,
        TYPES,
        Rows(text(COLUMNS, rows)),
        Workplace(path, path / "work", Limits(memory_bytes=64 << 20, threads=1)),
    )
    assert [(f.path, f.sha256) for f in whole.files] == [(f.path, f.sha256) for f in merged.files]


def test_appended_rows_come_to_the_bytes_of_a_whole_load(shelf: Shelf) -> None:
    log = TableSpec("t", "s/t")
    rows = [[str(n), None, str(n)] for n in range(3_000)]
    before = shelf.load(text(COLUMNS, rows[:1_700]), spec=log)
    merged = shelf.merge(before, text(COLUMNS, rows[1_700:]), spec=log)
    path = shelf.folder("whole")
    whole = load(log, TYPES, Rows(text(COLUMNS, rows)), Workplace(path, path / "work", LIMITS))
    assert [f.sha256 for f in whole.files] == [f.sha256 for f in merged.files]


def test_change_file_is_readable_by_anyone(shelf: Shelf) -> None:
    before = shelf.load(THREE_MONTHS)
    version = shelf.merge(before, text(COLUMNS, [["1", None, "1"]]))
    assert version.change is not None
    with duckdb.connect() as connection:
        path = shelf.root / "b" / version.change.path
        found = connection.execute(f"SELECT _change, id FROM '{path}'").fetchall()
    assert found == [("update", 1)]


def _rejected(root: Path, version: TableVersion) -> list[str | None]:
    if version.reject_file is None:
        return []
    query = f"SELECT value FROM '{root / version.reject_file.path}' ORDER BY value"
    return [row[0] for row in duckdb.sql(query).fetchall()]


BAD = [["1", "2026-01-01", "bad 1"], ["2", "2026-02-01", "bad 2"], [None, "2026-03-01", "bad ?"]]
GOOD = [["3", "2026-01-01", "3"], ["4", "2026-02-01", "4"]]


@pytest.mark.parametrize(
    ("rows", "alive", "replaced", "expected"),
    [
        ([["3", "2026-01-01", "33"]], None, None, ["bad 1", "bad 2", "bad ?"]),
        ([["1", "2026-01-01", "1"]], None, None, ["bad 2", "bad ?"]),
        ([["1", "2026-01-01", "worse"]], None, None, ["bad 2", "bad ?", "worse"]),
        (BAD, None, None, ["bad 1", "bad 2", "bad ?"]),
        ([["2", "whenever", "9"]], None, None, ["bad 1", "bad ?"]),
        (None, ["2", "3"], None, ["bad 2", "bad ?"]),
        ([], None, (2, 3), ["bad 1", "bad ?"]),
        ([], None, (2, None), ["bad 1"]),
    ],
    ids=["others", "mended", "again", "same", "dead", "census", "range", "open range"],
)
def test_a_rejected_row_stands_until_its_key_is_heard_of(
    tmp_path: Path,
    rows: list[list[str | None]] | None,
    alive: list[str] | None,
    replaced: tuple[int, int | None] | None,
    expected: list[str],
) -> None:
    shelf = Shelf(tmp_path)
    before = shelf.load(text(COLUMNS, [*BAD, *GOOD]))
    assert (before.rows, before.rejects) == (2, 3)
    path = shelf.folder("b")
    since, until = replaced or (None, None)
    after = merge(
        MARKED,
        TYPES,
        before,
        tmp_path / "a",
        Batch(
            None if rows is None else Rows(text(COLUMNS, rows)),
            live_keys=Rows(text(["id"], [[key] for key in alive])) if alive else None,
            covered=Range(
                "at",
                datetime(2026, since, 1, tzinfo=UTC),
                datetime(2026, until, 1, tzinfo=UTC) if until else None,
            )
            if since
            else None,
        ),
        Workplace(path, path / "work", LIMITS),
    )
    found = {one for one in _rejected(path, after) if one is not None}
    assert sorted(found) == sorted(expected)
    assert after.rejects == len(expected)


def test_a_rejected_row_without_a_readable_day_lies_in_no_range_that_ends(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    before = shelf.load(text(COLUMNS, [["1", "2026-02-30", "bad day"], *GOOD]))
    assert before.rejects == 1
    path = shelf.folder("b")
    days = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    after = merge(
        SPEC,
        TYPES,
        before,
        tmp_path / "a",
        Batch(Rows(text(COLUMNS, GOOD)), covered=Range("at", *days)),
        Workplace(path, path / "work", LIMITS),
    )
    assert after.rejects == 1


def test_rejects_that_stand_do_not_change_their_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    before = shelf.load(text(COLUMNS, [*BAD, *GOOD, ["3", "2026-01-01", "5"]]))
    assert before.duplicates == 1
    after = shelf.merge(before, text(COLUMNS, GOOD[1:]))
    assert after.reject_file is not None
    assert before.reject_file is not None
    assert after.duplicates == 0
    shelf = Shelf(tmp_path / "again")
    clean = shelf.load(text(COLUMNS, [*BAD, *GOOD]))
    assert clean.reject_file is not None
    assert after.reject_file.sha256 == clean.reject_file.sha256
