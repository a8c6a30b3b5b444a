"""Small real tables and generations for the tests of this room."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from broker.manifest import TableEntry
from broker.publish import Generation, Staging, Store
from broker.tables.model import DataFile, TableVersion
from broker.tables.schema import Column, TableSchema

SCHEMA = TableSchema((Column("n", "BIGINT", nullable=False), Column("word", "VARCHAR")))


def write(staging: Staging, path: str, rows: int, word: str = "w") -> DataFile:
    """A new Parquet file at its place in the staging folder."""
    file = staging.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    data = pa.table({"n": pa.array(range(rows), pa.int64()), "word": [word] * rows})
    pq.write_table(data, file)
    content = file.read_bytes()
    return DataFile(path, len(content), rows, hashlib.sha256(content).hexdigest())


def version(staging: Staging, table: TableEntry, rows: int, word: str = "w") -> TableVersion:
    """A whole table in one new file."""
    file = write(staging, f"parquet/{table.path}.parquet", rows, word)
    return TableVersion(SCHEMA, (file,), rows)


def entry(name: str, access: str = "public", folder: str = "sales") -> TableEntry:
    """What is said of a table before it has rows."""
    return TableEntry(id=f"in.{name}", name=name, path=f"{folder}/{name}", access=access)


def publish(store: Store, rows: Mapping[TableEntry, int], word: str = "w") -> Generation:
    """A generation with these tables, and nothing else."""
    with store.begin() as staging:
        for table, count in rows.items():
            staging.put(table, version(staging, table, count, word))
        return staging.commit()


def republish(store: Store) -> Generation:
    """The next generation, with nothing changed."""
    with store.begin() as staging:
        assert staging.previous is not None
        for table in staging.previous.manifest.tables:
            staging.keep(replace(table))
        return staging.commit()


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
