"""An analyst's folder as a sync leaves it, made by hand from real Parquet files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from broker.laptop.workspace import MANIFEST, Workspace
from broker.manifest import DocumentEntry, Manifest, TableEntry
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

__all__ = ["MADE_AT", "LaptopFolder", "make_shop"]

MADE_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@dataclass
class LaptopFolder:
    """The folder of one broker, and the tables of its next generation."""

    root: Path
    tables: dict[str, TableEntry] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    serial: int = 0

    @property
    def workspace(self) -> Workspace:
        return Workspace.at(self.root)

    @property
    def tree(self) -> Path:
        """The generation in use."""
        return self.workspace.current.resolve()

    def table(self, name: str, *queries: str, folder: str = "shop", **changes: object) -> None:
        """Give a table one file per query; they come with the next ``publish``.

        ``changes`` are fields of its entry in the manifest. Without queries it has no file, and the
        columns of ``schema`` in them.
        """
        store = self.root.parent / "store"
        store.mkdir(exist_ok=True)
        files = []
        for number, query in enumerate(queries):
            path = store / f"{folder}-{name}-{number}.parquet"
            quoted = str(path).replace("'", "''")
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(f"COPY ({query}) TO '{quoted}' (FORMAT parquet)")
                found = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
            content = path.read_bytes()
            relative = f"parquet/{folder}/{name}/{number}.parquet"
            digest = hashlib.sha256(content).hexdigest()
            files.append(DataFile(relative, len(content), found[0][0], digest))
        entry = TableEntry(
            id=f"{folder}.{name}",
            name=name,
            path=f"{folder}/{name}",
            description=f"All the {name}",
            schema=TableSchema(_columns(queries[0])) if queries else TableSchema(()),
            rows=sum(file.rows for file in files),
            files=tuple(files),
            as_of=MADE_AT,
            loaded_at=MADE_AT,
        )
        self.tables[entry.path] = replace(entry, **changes)  # type: ignore[arg-type]

    def publish(self) -> str:
        """Make the next generation of these tables, and point ``current`` to it."""
        self.serial += 1
        name = f"2026-11-01T12000{self.serial}Z-0000"
        tree = self.workspace.generations / name
        (tree / "docs").mkdir(parents=True)
        for entry in self.tables.values():
            for file in entry.files:
                target = tree / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                folder, stem = entry.path.split("/")
                kept = self.root.parent / "store" / f"{folder}-{stem}-{target.name}"
                target.write_bytes(kept.read_bytes())
        documents = []
        for path, content in self.documents.items():
            (tree / path).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            documents.append(DocumentEntry(path, len(content), digest))
        manifest = Manifest(
            generation=name,
            created_at=MADE_AT,
            tables=tuple(self.tables.values()),
            documents=tuple(documents),
        )
        (tree / MANIFEST).write_bytes(manifest.to_json())
        arriving = self.workspace.server / ".current"
        arriving.symlink_to(tree)
        arriving.replace(self.workspace.current)
        self.workspace.state.mkdir(exist_ok=True)
        return name


def _columns(query: str) -> tuple[Column, ...]:
    with duckdb.connect() as connection:
        rows = connection.execute(f"DESCRIBE {query}").fetchall()
    names = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    return tuple(Column(name, names.get(kind, kind)) for name, kind, *_ in rows)


def make_shop(folder: Path) -> LaptopFolder:
    """A folder with orders, in a file per month, and customers."""
    made = LaptopFolder(folder / "analyst")
    made.root.mkdir()
    months = (
        f"SELECT i::BIGINT AS id, (i % 3)::BIGINT AS customer_id, "
        f"(i * 1.25)::DECIMAL(18,2) AS amount, "
        f"TIMESTAMPTZ '2026-{month:02}-01 08:30:00+00' AS created_at, "
        f"[NULL, '', 'NA', 'paid'][1 + i % 4] AS status "
        f"FROM range({month * 4}, {month * 4 + 4}) AS numbers(i)"
        for month in range(1, 4)
    )
    made.table("orders", *months)
    made.table(
        "customers",
        "SELECT id::BIGINT AS id, name FROM (VALUES (0, 'Anna'), (1, 'Ben'), (2, 'Chloé')) "
        "AS people(id, name)",
    )
    made.publish()
    return made
