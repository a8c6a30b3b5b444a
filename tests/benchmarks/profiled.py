"""What profiles cost: of 24 monthly files, and of two of them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from broker.config.profiles import Alerts, Tier
from broker.manifest import TableEntry
from broker.profile.make import Before, Profile, Rules, make_profile
from broker.tables.model import DataFile, Limits
from broker.tables.schema import Column, TableSchema

from .data import OPTIONS, ORDERS

__all__ = [
    "aggregates",
    "profile_first",
    "profile_months",
    "profile_months_before",
    "profiled_files",
]

GIB = 1024**3
SCHEMA = TableSchema(tuple(Column(name, type_) for name, type_ in ORDERS.items()))
_NUMBERS = ("BIGINT", "DOUBLE", "DECIMAL")


def profiled_files(folder: Path) -> None:
    """The months of ``orders`` as the engine would write them, if they are not there."""
    place = folder / "months"
    if place.exists():
        return
    columns = ", ".join(f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in ORDERS.items())
    month = "strftime(created_at, '%Y_%m')"
    with duckdb.connect(config={"memory_limit": f"{2 * GIB}B"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = f"read_csv('{folder}/orders.csv', header = true, all_varchar = true)"
        connection.execute(f"CREATE TABLE orders AS SELECT {columns} FROM {rows}")
        (folder / "months-new").mkdir()
        query = f"SELECT DISTINCT {month} FROM orders ORDER BY 1"
        for (name,) in connection.execute(query).fetchall():
            target = f"'{folder}/months-new/{name}.parquet' ({OPTIONS})"
            chosen = f"SELECT * FROM orders WHERE {month} = '{name}' ORDER BY id"
            connection.execute(f"COPY ({chosen}) TO {target}")
    (folder / "months-new").rename(place)


def aggregates(folder: Path) -> None:
    """What one query of DuckDB tells: NULL, different values, ends, means and quantiles."""
    terms = []
    for name, type_ in ORDERS.items():
        terms += [f"{one}({name})" for one in ("count", "approx_count_distinct", "min", "max")]
        if type_.startswith(_NUMBERS):
            terms += [f"avg({name})", f"approx_quantile({name}, [0.05, 0.25, 0.5, 0.75, 0.95])"]
        if type_ == "VARCHAR":
            terms += [f"{one}(length({name}))" for one in ("min", "max", "avg")]
    with duckdb.connect(config={"memory_limit": f"{GIB}B", "threads": 2}) as connection:
        query = f"SELECT {', '.join(terms)} FROM '{folder}/months/*.parquet'"
        connection.execute(query).fetchall()


def profile_first(folder: Path) -> None:
    """The profile of a table that has none."""
    _profile(folder, _entry(folder), Before())


def profile_months_before(folder: Path) -> None:
    """What the generation before has."""
    profiled_files(folder)
    made = _profile(folder, _entry(folder), Before())
    (folder / "months-profile.json").write_bytes(made.document)
    (folder / "months-states.parquet").write_bytes(made.states)


def profile_months(folder: Path) -> None:
    """The profile after two of 24 months changed."""
    entry = _entry(folder)
    changed = [replace(one, sha256=_digest(f"new {one.path}")) for one in entry.files[-2:]]
    before = Before(
        (folder / "months-profile.json").read_bytes(),
        (folder / "months-states.parquet").read_bytes(),
    )
    _profile(folder, replace(entry, files=(*entry.files[:-2], *changed)), before)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(folder: Path) -> TableEntry:
    """The table, whose files are named by their places."""
    files = [
        DataFile(
            f"parquet/shop/orders/{path.name}",
            path.stat().st_size,
            pq.read_metadata(path).num_rows,
            _digest(path.name),
        )
        for path in sorted((folder / "months").iterdir())
    ]
    rows = sum(file.rows for file in files)
    return TableEntry(
        "shop.orders", "orders", "shop/orders", schema=SCHEMA, rows=rows, files=tuple(files)
    )


def _profile(folder: Path, entry: TableEntry, before: Before) -> Profile:
    work = folder / "profile-work"
    shutil.rmtree(work, ignore_errors=True)
    return make_profile(
        entry,
        lambda path: folder / "months" / Path(path).name,
        before,
        Rules(Tier.SAMPLES, 10, Alerts()),
        generation="2026-11-30T120000Z-0001",
        limits=Limits(GIB, 2),
        work=work,
    )
