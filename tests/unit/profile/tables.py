"""Tables for profiles: values in Parquet files, as the engine would have written them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from broker.config.profiles import Alerts, Tier
from broker.manifest import TableEntry
from broker.profile.make import Before, Profile, Rules, make_profile
from broker.tables.model import DataFile, Limits
from broker.tables.schema import Column, TableSchema

LIMITS = Limits(256 * 1024 * 1024, 2)
ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DECIMAL(12,2)": pa.decimal128(12, 2),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "BOOLEAN": pa.bool_(),
    "BIGINT[]": pa.list_(pa.int64()),
}


@dataclass(frozen=True)
class Table:
    """A table of some files, each of which has a list of values for every column."""

    folder: Path
    types: dict[str, str]
    entry: TableEntry

    def place(self, path: str) -> Path:
        return self.folder / path.rpartition("/")[2]


def table(
    folder: Path,
    types: dict[str, str],
    files: Iterable[dict[str, Sequence[Any]]],
    key: tuple[str, ...] = (),
) -> Table:
    """Write the files, named by what they hold, and describe them."""
    folder.mkdir(exist_ok=True)
    listed = []
    schema = pa.schema([(name, ARROW[type_]) for name, type_ in types.items()])
    for values in files:
        columns = [pa.array(values[name], ARROW[type_]) for name, type_ in types.items()]
        content = pa.Table.from_arrays(columns, schema=schema)
        digest = hashlib.sha256(repr(values).encode()).hexdigest()
        path = folder / f"{digest[:20]}.parquet"
        pq.write_table(content, path)
        place = f"parquet/shop/orders/{path.name}"
        listed.append(DataFile(place, path.stat().st_size, content.num_rows, digest))
    columns_ = tuple(Column(name, type_) for name, type_ in types.items())
    entry = TableEntry(
        "in.shop.orders",
        "orders",
        "shop/orders",
        schema=TableSchema(columns_),
        fingerprint=TableSchema(columns_).fingerprint,
        key=key,
        rows=sum(file.rows for file in listed),
        files=tuple(listed),
    )
    return Table(folder, types, entry)


def one_column(folder: Path, type_: str, *files: Sequence[Any]) -> Table:
    """A table of the one column ``v``."""
    return table(folder, {"v": type_}, [{"v": values} for values in files])


def profile(
    made: Table,
    tier: Tier = Tier.SAMPLES,
    *,
    fewest: int = 10,
    before: Before | None = None,
    alerts: Alerts | None = None,
    generation: str = "2026-11-30T120000Z-0001",
) -> Profile:
    return make_profile(
        made.entry,
        made.place,
        before or Before(),
        Rules(tier, fewest, alerts or Alerts()),
        generation=generation,
        limits=LIMITS,
        work=made.folder / "work",
    )
