"""The engine alone, beside DuckDB alone; and the files that all work reads."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import duckdb

from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.tables.load import load
from broker.tables.merge import Batch, merge
from broker.tables.model import DataFile, Limits, Partitioning, TableSpec, TableVersion, Workplace
from broker.tables.replay import replay
from broker.tables.rows import Reading
from broker.tables.schema import Column, TableSchema

from . import data
from .data import OPTIONS, ORDERS

__all__ = [
    "bare_copy",
    "bare_long",
    "bare_tenth",
    "bare_upsert",
    "bare_wide",
    "engine",
    "engine_512",
    "engine_inferred",
    "engine_one_file",
    "engine_replay",
    "engine_shuffled",
    "engine_small",
    "engine_upsert",
    "engine_wide",
    "polars",
    "prepare",
    "prepare_long",
]

GIB = 1024**3
MONTHS = Partitioning("created_at", "month")
TYPES = tuple(ORDERS.items())
SPEC = TableSpec("orders", "shop/orders", key=("id",), partitioning=MONTHS, types=TYPES)
NO_TYPES = TableSchema(())


def reading(folder: Path, table: str) -> Reading:
    """The rows of a CSV file, through the real source."""
    return CsvSource({"type": "csv", "path": "."}, folder).read(TableRequest(table), Window())


def run(folder: Path, table: str, spec: TableSpec, name: str, memory: int = GIB) -> TableVersion:
    """Load a table with the engine into a folder of its own."""
    out, work = _fresh(folder / name), _fresh(folder / f"{name}-work")
    limits = Limits(memory_bytes=memory)
    version = load(spec, NO_TYPES, reading(folder, table), Workplace(out, work, limits))
    shutil.rmtree(work)
    return version


def _fresh(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def prepare(folder: Path, rows: int) -> None:
    """Write the input files."""
    data.make_orders(folder / "orders.csv", rows)
    data.make_orders(folder / "tenth.csv", max(rows // 10, 1))
    data.make_shuffled(folder / "shuffled.csv", rows)
    data.make_wide(folder / "wide.csv", max(rows // 25, 1))
    data.make_small(folder, 200, 2_000)
    data.make_changes(folder / "changes.csv", rows)


def prepare_long(folder: Path, rows: int) -> None:
    """Write ten times the rows, if they are not there."""
    if not (folder / "long.csv").exists():
        data.make_orders(folder / "long.csv", rows * 10)


def bare_copy(folder: Path, table: str = "orders") -> None:
    """DuckDB alone: one file, no order, no partitions, no hashes, no rejects."""
    with duckdb.connect() as connection:
        query = f"SELECT * FROM read_csv('{folder}/{table}.csv', header = true)"
        connection.execute(f"COPY ({query}) TO '{folder}/bare.parquet' ({OPTIONS})")


def bare_tenth(folder: Path) -> None:
    """The same of a tenth of the rows."""
    bare_copy(folder, "tenth")


def bare_long(folder: Path) -> None:
    """The same of ten times the rows."""
    bare_copy(folder, "long")


def bare_wide(folder: Path) -> None:
    """The same of the wide table."""
    bare_copy(folder, "wide")


def engine(folder: Path) -> None:
    """Typed, rejects, sorted by key, 24 monthly files, hashed; kept for the upsert."""
    version = run(folder, "orders", SPEC, "loaded")
    (folder / "version.json").write_text(json.dumps(asdict(version)))


def engine_512(folder: Path) -> None:
    """The same with half the memory."""
    run(folder, "orders", SPEC, "loaded-512", memory=GIB // 2)


def engine_shuffled(folder: Path) -> None:
    """The same rows, which come in no order."""
    run(folder, "shuffled", SPEC, "loaded-shuffled")


def engine_inferred(folder: Path) -> None:
    """The same with every type found from the data."""
    spec = TableSpec("orders", "shop/orders", key=("id",), partitioning=MONTHS)
    run(folder, "orders", spec, "loaded-inferred")


def engine_one_file(folder: Path) -> None:
    """The same without partitions and without a key: rows as they come."""
    run(folder, "orders", TableSpec("orders", "shop/orders", types=TYPES), "loaded-one")


def engine_wide(folder: Path) -> None:
    """200 columns, types from the data, sorted by key, one file."""
    run(folder, "wide", TableSpec("wide", "shop/wide", key=("id",)), "loaded-wide")


def engine_small(folder: Path) -> None:
    """200 tables of 2,000 rows, two at a time."""

    def one(number: int) -> None:
        name = f"small{number}"
        spec = TableSpec(name, f"shop/{name}", key=("id",), types=TYPES)
        run(folder, name, spec, f"loaded-{name}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(200)))


def _before(folder: Path) -> TableVersion:
    version = json.loads((folder / "version.json").read_text())
    schema = TableSchema(tuple(Column(**column) for column in version["schema"]["columns"]))
    files = tuple(DataFile(**file) for file in version["files"])
    return TableVersion(schema=schema, files=files, rows=version["rows"])


def engine_upsert(folder: Path) -> None:
    """Upsert 1.5 %: the change file, and the files that it touches, hashed."""
    out, work = _fresh(folder / "merged"), _fresh(folder / "merged-work")
    before = _before(folder)
    version = merge(
        SPEC,
        NO_TYPES,
        before,
        folder / "loaded",
        Batch(reading(folder, "changes")),
        Workplace(out, work, Limits(memory_bytes=GIB)),
    )
    (folder / "merged.json").write_text(json.dumps([asdict(file) for file in version.files]))


def engine_replay(folder: Path) -> None:
    """Write the same files from the change file."""
    work, before = _fresh(folder / "replayed-work"), _before(folder)
    change = folder / "merged" / "changes" / f"{SPEC.path}.parquet"
    out, limits = _fresh(folder / "replayed"), Limits(memory_bytes=GIB // 2)
    files = replay(folder / "loaded", before.files, [change], out=out, work=work, limits=limits)
    if [asdict(file) for file in files] != json.loads((folder / "merged.json").read_text()):
        raise SystemExit("the replay did not come to the published bytes")


def bare_upsert(folder: Path) -> None:
    """DuckDB alone: anti-join and rewrite the touched months, two at a time."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in ORDERS.items())
        csv = f"read_csv('{folder}/changes.csv', header = true, columns = {{{columns}}})"
        connection.execute(f"CREATE TABLE u AS SELECT * FROM {csv}")
        loaded, out = folder / "loaded" / "parquet" / SPEC.path, _fresh(folder / "bare-merged")
        months = "SELECT DISTINCT strftime(created_at, '%Y_%m') FROM u ORDER BY 1"
        touched = [month for (month,) in connection.execute(months).fetchall()]

        def one(month: str) -> None:
            old = f"SELECT * FROM '{loaded}/{month}.parquet' WHERE id NOT IN (SELECT id FROM u)"
            old = old if (loaded / f"{month}.parquet").exists() else "SELECT * FROM u WHERE false"
            new = f"SELECT * FROM u WHERE strftime(created_at, '%Y_%m') = '{month}'"
            query = f"{old} UNION ALL {new} ORDER BY id"
            with connection.cursor() as cursor:
                cursor.execute(f"COPY ({query}) TO '{out}/{month}.parquet' ({OPTIONS})")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, touched))


def polars(folder: Path) -> None:
    """Polars: scan_csv to sink_parquet, one file."""
    import polars as pl  # noqa: PLC0415  an optional peer

    frame = pl.scan_csv(folder / "orders.csv", try_parse_dates=True, infer_schema_length=10_000)
    frame.sink_parquet(folder / "polars.parquet", compression="zstd")
