"""Whole tables: exact round trips, rejects, duplicates, names, and bytes that stay the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.errors import SourceError, TableError
from broker.tables.intake import spill
from broker.tables.load import load
from broker.tables.merge import Batch, merge
from broker.tables.model import Limits, Partitioning, TableSpec, TableVersion, Workplace
from broker.tables.rows import End, Reject
from broker.tables.schema import Column, TableSchema, TypedBy

from .reading import AS_OF, LIMITS, Rows, arrow_schemas, paths, read, text

NOTHING = TableSchema(())


def run(
    folder: Path,
    table: pa.Table | Rows,
    spec: TableSpec,
    *,
    declared: TableSchema = NOTHING,
    previous: TableSchema | None = None,
    limits: Limits = LIMITS,
) -> TableVersion:
    work = folder / "work"
    work.mkdir(parents=True)
    reading = table if isinstance(table, Rows) else Rows(table)
    return load(
        spec,
        declared,
        reading,
        Workplace(folder / "out", work, limits),
        previous=previous,
    )


def rows_of(folder: Path, version: TableVersion) -> list[tuple[str | None, ...]]:
    return read(paths(folder / "out", version))


def rejected(folder: Path, version: TableVersion) -> list[tuple[object, ...]]:
    assert version.reject_file is not None
    with duckdb.connect() as connection:
        path = folder / "out" / version.reject_file.path
        columns = '"row", line, "column", reason, value, record'
        return connection.execute(f"SELECT {columns} FROM '{path}'").fetchall()


def test_text_round_trip_is_exact(tmp_path: Path) -> None:
    values = {
        "i": ("BIGINT", ["9223372036854775807", "-9223372036854775808", "0"]),
        "d": ("DECIMAL(38,10)", ["-1234567890123456789012345678.0123456789", "0.0000000001"]),
        "t": ("TIMESTAMP", ["2026-11-22 16:30:05.123456", "0001-01-01 00:00:00"]),
        "z": ("TIMESTAMPTZ", ["2026-11-22 16:30:05.000001+00"]),
        "b": ("BOOLEAN", ["true", "false"]),
        "y": ("DATE", ["2026-02-28", "0001-01-01", "9999-12-31"]),
        "c": ("TIME", ["23:59:59.999999"]),
        "j": ("JSON", ['{"a":  [1, null, "č"]}']),
        "s": ("VARCHAR", ["", "NA", "null", '"', "a\nb\r\nc", "😀", "\t", "a\0b", " x ", "'"]),
    }
    longest = max(len(texts) for _, texts in values.values())
    columns = {n: [*texts, *[None] * (longest - len(texts))] for n, (_, texts) in values.items()}
    table = pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})
    types = tuple((name, type_) for name, (type_, _) in values.items())
    version = run(tmp_path, table, TableSpec("t", "s/t", types=types))
    assert version.rejects == 0
    assert rows_of(tmp_path, version) == list(zip(*columns.values(), strict=True))
    assert [c.type for c in version.schema.columns] == [type_ for _, type_ in types]


def test_value_that_does_not_fit_is_rejected_with_its_row(tmp_path: Path) -> None:
    table = text(["id", "n"], [["1", "1"], ["2", "1.5"], [None, "3"], ["4", "x"], ["5", None]])
    spec = TableSpec("t", "s/t", key=("id",), types=(("id", "BIGINT"), ("n", "BIGINT")))
    version = run(tmp_path, table, spec)
    assert rows_of(tmp_path, version) == [("1", "1"), ("5", None)]
    assert (version.rows, version.rejects, version.duplicates) == (2, 3, 0)
    found = rejected(tmp_path, version)
    assert [(row, column, value) for row, _, column, _, value, _ in found] == [
        (2, "n", "1.5"),
        (3, "id", None),
        (4, "n", "x"),
    ]
    assert json.loads(str(found[0][5])) == {"id": "2", "n": "1.5"}
    assert "NULL in the key" in str(found[1][3])
    assert [c.type for c in version.schema.columns] == ["BIGINT", "BIGINT"]


def test_rows_are_numbered_as_the_source_numbers_them(tmp_path: Path) -> None:
    skipped = [Reject(2, None, "3 fields, 2 expected", line=7), Reject(3, None, "cut", line=9)]
    reading = Rows(text(["n"], [["1"], ["x"], ["3"]]), rejects=skipped)
    version = run(tmp_path, reading, TableSpec("t", "s/t", types=(("n", "BIGINT"),)))
    assert version.rejects == 3
    assert [(row, line) for row, line, *_ in rejected(tmp_path, version)] == [
        (2, 7),
        (3, 9),
        (4, None),
    ]


def test_too_many_rejects_fail_the_table_by_name_of_column_and_without_a_value(
    tmp_path: Path,
) -> None:
    table = text(["amount"], [[f"secret-{n}"] for n in range(50)])
    spec = TableSpec("sales", "s/sales", types=(("amount", "DECIMAL(5,2)"),), max_rejects=10)
    with pytest.raises(TableError) as caught:
        run(tmp_path, table, spec)
    assert "sales, column amount" in str(caught.value)
    assert "row 1" in str(caught.value)
    assert "`types: {amount: VARCHAR}` keeps them as text" in str(caught.value)
    assert "Or raise `max_rejects`." in str(caught.value)
    assert "secret" not in str(caught.value)


def test_last_row_of_a_key_wins_across_partitions(tmp_path: Path) -> None:
    table = text(
        ["id", "at"],
        [["2", "2026-01-01"], ["1", "2026-01-01"], ["1", "2026-02-01"], ["2", None], ["2", None]],
    )
    spec = TableSpec("t", "s/t", key=("id",), partitioning=Partitioning("at", "month"))
    version = run(tmp_path, table, spec)
    assert [(f.path, f.partition, f.rows) for f in version.files] == [
        ("parquet/s/t/2026_02.parquet", "2026_02", 1),
        ("parquet/s/t/null.parquet", "null", 1),
    ]
    assert (version.duplicates, version.rejects) == (3, 0)
    assert [(row, reason) for row, _, _, reason, _, _ in rejected(tmp_path, version)] == [
        (1, "duplicate key"),
        (2, "duplicate key"),
        (4, "duplicate key"),
    ]


def test_duplicates_do_not_count_towards_the_cap(tmp_path: Path) -> None:
    table = text(["id"], [["1"]] * 30)
    version = run(tmp_path, table, TableSpec("t", "s/t", key=("id",), max_rejects=0))
    assert (version.rows, version.duplicates) == (1, 29)


HOSTILE = ['a"b', "new\nline", "select", "c0", "v0", "n", "rows", "_change", "ř", "x; DROP TABLE t"]


def test_hostile_column_names_are_only_names(tmp_path: Path) -> None:
    names = [*HOSTILE, "id", "when"]
    table = text(
        names, [[*(f"{n}-{r}" for n in HOSTILE), str(9 - r), "2026-01-01"] for r in range(3)]
    )
    spec = TableSpec("t", "s/t", key=("id", 'a"b'), partitioning=Partitioning("when", "day"))
    version = run(tmp_path, table, spec)
    assert version.schema.names == tuple(names)
    assert [row[-2] for row in rows_of(tmp_path, version)] == ["7", "8", "9"]
    (schema,) = arrow_schemas(paths(tmp_path / "out", version))
    assert schema.names == names


@pytest.mark.parametrize("names", [["Id", "ID"], ["a", ""], ["a", "b\0c"]])
def test_names_that_sql_cannot_tell_apart_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(TableError, match=r"case|no usable name"):
        run(tmp_path, text(names, [["1", "2"]]), TableSpec("t", "s/t"))


def test_every_file_has_the_one_schema_whether_it_holds_nulls_or_not(tmp_path: Path) -> None:
    table = text(["at", "x"], [["2026-01-01", "1"], ["2026-02-01", None], [None, "3"]])
    version = run(tmp_path, table, TableSpec("t", "s/t", partitioning=Partitioning("at", "month")))
    assert len(version.files) == 3
    assert len({str(s) for s in arrow_schemas(paths(tmp_path / "out", version))}) == 1


def test_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    spec = TableSpec("t", "s/t", partitioning=Partitioning("at", "month"), types=(("at", "DATE"),))
    version = run(tmp_path, text(["at", "x"], []), spec)
    assert [(f.path, f.rows) for f in version.files] == [("parquet/s/t/null.parquet", 0)]
    assert arrow_schemas(paths(tmp_path / "out", version))[0].names == ["at", "x"]


def shuffled(rows: int) -> pa.Table:
    order = [n * 7919 % rows for n in range(rows)]  # a prime: every number once
    return text(
        ["id", "at", "amount", "note"],
        [
            [
                str(n),
                f"2026-{n % 5 + 1:02d}-{n % 27 + 1:02d}",
                f"{n % 997}.{n % 100:02d}",
                f"n{n}" * (n % 9),
            ]
            for n in order
        ],
    )


def test_order_of_arrival_does_not_show_in_a_table_with_a_key(tmp_path: Path) -> None:
    table = shuffled(3_000)
    spec = TableSpec("t", "s/t", key=("id",), types=(("id", "BIGINT"),))
    ordered = table.sort_by([("note", "ascending"), ("id", "descending")])
    ascending = table.take(sorted(range(3_000), key=lambda at: int(table["id"][at].as_py())))
    versions = [
        run(tmp_path / str(at), one, spec) for at, one in enumerate((table, ordered, ascending))
    ]
    assert len({version.files for version in versions}) == 1


def test_partition_is_cut_at_the_same_keys_when_rows_are_added(tmp_path: Path) -> None:
    table = shuffled(20_000)
    spec = TableSpec(
        "t",
        "s/t",
        key=("id",),
        types=(("id", "BIGINT"),),
        partitioning=Partitioning("at", "year"),
        target_file_bytes=4_096,
    )
    more = pa.concat_tables(
        [table, text(table.column_names, [["20001", "2026-01-01", "1.00", "added"]])]
    )
    first, second = run(tmp_path / "a", table, spec), run(tmp_path / "b", more, spec)
    assert [f.path for f in first.files][:2] == [
        "parquet/s/t/2026-1.parquet",
        "parquet/s/t/2026-2.parquet",
    ]
    assert len(first.files) == len(second.files) > 3
    assert sum(a.sha256 == b.sha256 for a, b in zip(first.files, second.files, strict=True)) == (
        len(first.files) - 1
    )


class Broken(Rows):
    """A source that breaks off after its first batch."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._table.to_batches(1)[:1]
        raise SourceError("the connection was cut", where="shop")


class Short(Rows):
    """A source that says it handed over more than it did."""

    def end(self) -> End:
        return End(self._table.num_rows + 1, AS_OF)


@pytest.mark.parametrize("kind", [Broken, Short])
def test_source_that_is_not_complete_gives_no_table(tmp_path: Path, kind: type[Rows]) -> None:
    with pytest.raises(SourceError):
        run(tmp_path, kind(text(["a"], [["1"], ["2"]])), TableSpec("t", "s/t"))
    assert not list((tmp_path / "work").iterdir())


def test_broken_utf8_and_nanoseconds_are_rejected(tmp_path: Path) -> None:
    raw = pa.array([b"ok", b"\xff\xfe", None], pa.binary())
    texts = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    exact = pa.array([1_000, 1_001, None], pa.timestamp("ns"))
    version = run(tmp_path, pa.table({"s": texts, "t": exact}), TableSpec("t", "s/t"))
    assert rows_of(tmp_path, version) == [("ok", "1970-01-01 00:00:00.000001"), (None, None)]
    assert {column for _, _, column, *_ in rejected(tmp_path, version)} == {"s", "t"}
    assert version.rejects == 1


def test_what_no_microsecond_holds_is_rejected_within_lists_too(tmp_path: Path) -> None:
    far = pa.array([0, 2**60, None, 253_402_300_800], pa.timestamp("s"))
    days = pa.array([0, 1, 2, 3], pa.date32())
    inner = pa.array([[1_000], [1_000], [1_001], []], pa.list_(pa.timestamp("ns")))
    table = pa.table({"far": far, "days": days, "inner": inner})
    version = run(tmp_path, table, TableSpec("t", "s/t"))
    assert rows_of(tmp_path, version) == [
        ("1970-01-01 00:00:00", "1970-01-01", "['1970-01-01 00:00:00.000001']")
    ]
    assert [column for _, _, column, *_ in rejected(tmp_path, version)] == ["far", "inner", "far"]


def test_lists_have_one_type_in_a_load_and_in_a_merge(tmp_path: Path) -> None:
    spec = TableSpec("t", "s/t", key=("id",))
    small = pa.struct([("a", pa.list_(pa.int16())), ("b", pa.large_list(pa.float32()))])

    def rows(*ids: int) -> pa.Table:
        values = pa.array([{"a": [1, 2], "b": [0.5]} for _ in ids], small)
        return pa.table({"id": pa.array(ids), "n": pa.array([[1]] * len(ids)), "v": values})

    before = run(tmp_path, rows(1), spec)
    after = tmp_path / "after"
    after.mkdir()
    version = merge(
        spec,
        TableSchema(()),
        before,
        tmp_path / "out",
        Batch(Rows(rows(1, 2))),
        Workplace(after, after, LIMITS),
    )
    files = [*paths(tmp_path / "out", before), *paths(after, version)]
    types = [pq.read_schema(one) for one in files]
    assert types[0] == types[1]


def test_arrow_types_are_kept(tmp_path: Path) -> None:
    table = pa.table(
        {
            "small": pa.array([1, None], pa.int16()),
            "huge": pa.array([2**64 - 1, 0], pa.uint64()),
            "money": pa.array(["1.10", None]).cast(pa.decimal128(9, 2)),
            "word": pa.array(["x", "y"]).dictionary_encode(),
            "raw": pa.array([b"\0\xff", None]),
            "many": pa.array([[1, 2], None]),
            "pair": pa.array([{"a": 1, "b": "x"}, None]),
            "none": pa.nulls(2),
        }
    )
    version = run(tmp_path, table, TableSpec("t", "s/t"))
    assert [c.type for c in version.schema.columns] == [
        "BIGINT",
        "DECIMAL(20,0)",
        "DECIMAL(9,2)",
        "VARCHAR",
        "BLOB",
        "BIGINT[]",
        'STRUCT("a" BIGINT, "b" VARCHAR)',
        "VARCHAR",
    ]
    first = rows_of(tmp_path, version)[0]
    assert first[:4] == ("1", "18446744073709551615", "1.10", "x")
    assert first[5:] == ("[1, 2]", "{'a': 1, 'b': x}", None)


def _types(folder: Path, columns: dict[str, Sequence[str | None]]) -> dict[str, str | None]:
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    version = run(folder, Rows(table, batch=1), TableSpec("t", "s/t"))
    return {column.name: column.type for column in version.schema.columns}


def test_types_are_inferred_from_all_values(tmp_path: Path) -> None:
    assert _types(
        tmp_path,
        {
            "whole": ["1", "-20", None],
            "big": ["1", "9223372036854775808", "3"],
            "money": ["1.5", "20", "-300.25"],
            "long": ["1.5", "1", "12345678901234567.89"],
            "float": ["1", "1e-7", "2.5"],
            "zip": ["10001", "00501", "99999"],
            "phone": ["+420123", "+420124", "+420125"],
            "flag": ["true", None, "FALSE"],
            "odd": ["true", "1", "0"],
            "day": ["2026-01-01", "2026-01-02", None],
            "wall": ["2026-01-01", "2026-01-02 10:00:00", None],
            "instant": ["2026-01-01T00:00:00Z", None, "2026-01-01T00:00:00+02:00"],
            "mixed": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00", None],
            "empty": ["1", "", "2"],
            "none": [None, None, None],
        },
    ) == {
        "whole": "BIGINT",
        "big": "DECIMAL(38,0)",
        "money": "DECIMAL(18,2)",
        "long": "DECIMAL(38,2)",
        "float": "DOUBLE",
        "zip": "VARCHAR",
        "phone": "VARCHAR",
        "flag": "BOOLEAN",
        "odd": "VARCHAR",
        "day": "DATE",
        "wall": "TIMESTAMP",
        "instant": "TIMESTAMPTZ",
        "mixed": "VARCHAR",
        "empty": "BIGINT",
        "none": "VARCHAR",
    }


def test_inferred_type_does_not_depend_on_batches_and_says_why_it_is_text(tmp_path: Path) -> None:
    values = [*(str(n) for n in range(150_000)), "N/A"]
    table = text(["n"], [[value] for value in values])
    one = run(tmp_path / "a", Rows(table, batch=1_000_000), TableSpec("t", "s/t"))
    other = run(tmp_path / "b", Rows(table, batch=999), TableSpec("t", "s/t"))
    assert one.files == other.files
    assert one.schema.columns[0].type == "VARCHAR"
    assert one.warnings == other.warnings
    (warning,) = one.warnings
    assert warning.startswith("column n is text: row 150001 (A/A) is not a number")


def test_doubles_of_a_source_are_the_decimals_that_are_declared(tmp_path: Path) -> None:
    table = pa.table({"v": [1e18, 0.1, 1e22, 12345678.25, 1e-11]})
    spec = TableSpec("t", "s/t", types=(("v", "DECIMAL(38,10)"),), max_rejects=1)
    version = run(tmp_path, table, spec)
    found = pq.read_table(paths(tmp_path / "out", version)[0])["v"].to_pylist()
    assert found == [Decimal(text) for text in ("1e18", "0.1", "1e22", "12345678.25")]
    assert version.rejects == 1


def test_lists_of_doubles_are_not_made_decimals(tmp_path: Path) -> None:
    spec = TableSpec("t", "s/t", types=(("v", "DECIMAL(38,10)[]"),))
    with pytest.raises(TableError, match="of doubles cannot be made one of decimals"):
        run(tmp_path, pa.table({"v": [[1e18]]}), spec)


@pytest.mark.parametrize("memory", [LIMITS.memory_bytes, 128 << 20])
def test_long_texts_come_in_smaller_batches_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    rows = [[str(n), None if n % 7 == 0 else f"{n:x}" * (n % 70), "x"] for n in range(150_000)]
    table = text(["n", "long", "x"], rows)
    one = run(tmp_path / "a", Rows(table), TableSpec("t", "s/t"))
    monkeypatch.setattr(spill, "_BYTES", 100_000)
    monkeypatch.setattr(spill, "_OFFSETS", 1)
    limits = replace(LIMITS, memory_bytes=memory)
    other = run(tmp_path / "b", Rows(table, batch=999), TableSpec("t", "s/t"), limits=limits)
    assert one.files == other.files


def test_types_of_the_version_before_hold(tmp_path: Path) -> None:
    by = TypedBy.DECLARATION
    previous = TableSchema((Column("n", "BIGINT", typed_by=by), Column("s", "VARCHAR")))
    table = text(["n", "s"], [["1", "7"], ["2", "8"]])
    version = run(tmp_path, table, TableSpec("t", "s/t"), previous=previous)
    assert [c.type for c in version.schema.columns] == ["BIGINT", "VARCHAR"]


@pytest.mark.parametrize(
    ("known", "value", "type_"),
    [
        ("BIGINT", "1.5", "DECIMAL(20,1)"),
        ("BIGINT", "00501", "VARCHAR"),
        ("BIGINT", "1e3", "DOUBLE"),
        ("DECIMAL(18,2)", "1.234", "DECIMAL(19,3)"),
        ("DECIMAL(18,2)", "n/a", "VARCHAR"),
        ("DECIMAL(38,2)", "1.5", "DECIMAL(38,2)"),
        ("DATE", "2026-01-01 10:00:00", "TIMESTAMP"),
        ("DATE", "20260101", "VARCHAR"),
        ("TIMESTAMP", "2026-01-01T10:00:00Z", "VARCHAR"),
        ("BOOLEAN", "1", "VARCHAR"),
        ("DOUBLE", "12345678901234567", "VARCHAR"),
        ("VARCHAR", "7", "VARCHAR"),
    ],
)
@pytest.mark.parametrize("by", [None, TypedBy.VALUES])
def test_an_inferred_type_widens_where_a_value_needs_it(
    tmp_path: Path, known: str, value: str, type_: str, by: TypedBy | None
) -> None:
    previous = TableSchema((Column("v", known, typed_by=by),))
    spec = TableSpec("t", "s/t", widens=frozenset({"v"}))
    version = run(tmp_path, text(["v"], [[value]]), spec, previous=previous)
    (column,) = version.schema.columns
    assert (column.type, version.rejects) == (type_, 0)
    changes = [f"column v changed from {known} to {type_}: row 1"] if type_ != known else []
    assert [warning.partition(" (")[0] for warning in version.warnings] == changes


def test_schema_change_follows_the_policy(tmp_path: Path) -> None:
    previous = TableSchema((Column("a", "BIGINT"), Column("b", "VARCHAR")))
    table = text(["b", "c"], [["x", "1"]])
    evolved = run(tmp_path / "e", table, TableSpec("t", "s/t"), previous=previous)
    assert [(c.name, c.type) for c in evolved.schema.columns] == [
        ("a", "BIGINT"),
        ("b", "VARCHAR"),
        ("c", "BIGINT"),
    ]
    assert rows_of(tmp_path / "e", evolved) == [(None, "x", "1")]
    assert evolved.warnings == ("column c is new", "column a is no longer delivered")
    rebuild = TableSpec("t", "s/t", on_schema_change="rebuild")
    assert run(tmp_path / "r", table, rebuild, previous=previous).schema.names == ("b", "c")
    with pytest.raises(TableError, match="on_schema_change is fail") as caught:
        run(
            tmp_path / "f", table, TableSpec("t", "s/t", on_schema_change="fail"), previous=previous
        )
    assert caught.value.expected == "a BIGINT, b VARCHAR"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (TableSpec("t", "s/t", key=("nix",)), "key column 'nix'"),
        (TableSpec("t", "s/t", partitioning=Partitioning("a", "month")), "cannot be partitioned"),
        (TableSpec("t", "s/t", types=(("nix", "BIGINT"),)), "`types` names a column 'nix'"),
        (TableSpec("t", "s/t", types=(("a", "FLOTA"),)), "type 'FLOTA' is not known"),
        (TableSpec("t", "s/t", types=(("a", "DECIMAL(40,2)"),)), "decimal cannot be stored"),
    ],
    ids=["key", "partition", "types", "unknown type", "decimal"],
)
def test_description_that_cannot_be_meant(tmp_path: Path, spec: TableSpec, message: str) -> None:
    with pytest.raises(TableError, match=message):
        run(tmp_path, text(["a"], [["1"]]), spec)
