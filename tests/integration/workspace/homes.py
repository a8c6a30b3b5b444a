"""A broker's side as an analyst's home shows it, in a folder, and a laptop's folder beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from broker import workspace
from broker.manifest import DocumentEntry, Manifest, TableEntry
from broker.publish.sign import Signer
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema
from tests.unit.workspace import listing

__all__ = ["SCRIPTS", "Home", "Laptop", "make_home"]

TOOLS = (
    "awk basename bash cat chmod cmp cp date dirname find grep head ln mkdir mv readlink rm sed "
    "ssh-keygen tail touch tr wc"
)
SCRIPTS = Path(workspace.__file__).parent / "files" / "scripts"


@dataclass
class Home:
    """``server/`` of an analyst's home on a broker, published by hand from real Parquet files."""

    path: Path
    signer: Signer
    serial: int = 0
    tables: dict[str, TableEntry] = field(default_factory=dict)

    @property
    def current(self) -> Path:
        return (self.path / "server" / "generation").resolve()

    def table(self, name: str, *queries: str, **changes: object) -> None:
        """Give a table one file per query; they go out with the next ``publish``."""
        store = self.path / "store"
        store.mkdir(exist_ok=True)
        files = []
        for number, query in enumerate(queries):
            path = store / f"{name}-{number}.parquet"
            duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
            rows = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]
            content = path.read_bytes()
            relative = f"parquet/shop/{name}/{number}.parquet"
            digest = hashlib.sha256(content).hexdigest()
            files.append(DataFile(relative, len(content), rows, digest))
        described = duckdb.sql(f"DESCRIBE {queries[0]}").fetchall()
        columns = tuple(Column(name, kind) for name, kind, *_ in described)
        entry = TableEntry(
            id=f"shop.{name}",
            name=name,
            path=f"shop/{name}",
            description=f"All the {name}",
            schema=TableSchema(columns),
            rows=sum(file.rows for file in files),
            files=tuple(files),
            as_of=datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
        )
        self.tables[name] = replace(entry, **changes)  # type: ignore[arg-type]

    def publish(self, *, signed: bool = True, again: bool = False) -> str:
        """Make the next generation of these tables and move ``generation`` to it.

        ``again``: the last one under its name, as after a grant another view of it is.
        """
        self.serial += 0 if again else 1
        name = f"2026-11-01T12000{self.serial}Z-0000"
        folder = self.path / "generations"
        tree = folder / f"view-{len(list(folder.iterdir()))}" / name if again else folder / name
        for entry in self.tables.values():
            for number, file in enumerate(entry.files):
                target = tree / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.path / "store" / f"{entry.name}-{number}.parquet", target)
        document = b"tables: {}\n"
        (tree / "docs").mkdir(parents=True)
        (tree / "metadata").mkdir()
        (tree / "docs" / "schema.yml").write_bytes(document)
        digest = hashlib.sha256(document).hexdigest()
        manifest = Manifest(
            generation=name,
            created_at=datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
            tables=tuple(self.tables.values()),
            documents=(DocumentEntry("docs/schema.yml", len(document), digest),),
        ).to_json()
        (tree / "manifest.json").write_bytes(manifest)
        if signed:
            (tree / "manifest.json.sig").write_bytes(self.signer.sign(manifest))
        self.point(tree)
        return name

    def offer_scripts(self) -> None:
        """List and sign the scripts that stand there now, as a deploy does."""
        server = self.path / "server"
        listing.write(server)
        content = (server / listing.LIST).read_bytes()
        (server / f"{listing.LIST}.sig").write_bytes(self.signer.sign(content))

    def stamp(self, name: str) -> None:
        """Give a file of the current generation a time that is always the same."""
        os.utime(self.current / name, (1_790_000_000, 1_790_000_000))

    def point(self, tree: Path) -> None:
        """Flip the links as a broker's ``current`` does."""
        for name, target in {
            "generation": tree,
            "parquet": tree / "parquet",
            "docs": tree / "docs",
            "metadata": tree / "metadata",
        }.items():
            arriving = self.path / "server" / f".{name}"
            arriving.symlink_to(target)
            arriving.replace(self.path / "server" / name)


@dataclass
class Laptop:
    """A folder on an analyst's laptop, and how its last sync ended."""

    path: Path
    home: Home
    environment: dict[str, str]

    def first_contact(self) -> None:
        """The one-liner of the documentation, from a folder instead of a host."""
        (self.path / "server").mkdir(parents=True)
        source, target = f"{self.home.path}/server/scripts/", f"{self.path}/server/scripts/"
        subprocess.run(["rsync", "-rt", source, target], check=True)

    def sync(self, *arguments: str, shell: str = "bash") -> subprocess.CompletedProcess[str]:
        script = self.path / "server" / "scripts" / "sync_data.sh"
        return subprocess.run(
            [shell, str(script), *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
            timeout=120,
        )

    def lose_rsync(self) -> None:
        """From now on it has what a machine without rsync still has."""
        tools = self.path.parent / "tools"
        tools.mkdir()
        for name in TOOLS.split():
            found = shutil.which(name)
            assert found is not None, name
            (tools / name).symlink_to(found)
        self.environment["PATH"] = str(tools)

    def slept(self) -> list[int]:
        """The seconds of each wait so far."""
        return [int(line) for line in (self.path.parent / "slept").read_text().split()]

    def query(self, sql: str) -> list[tuple[object, ...]]:
        database = self.path / "user" / "duckdb" / "analytics.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def make_home(folder: Path) -> Home:
    """Publish two small tables below ``folder``."""
    path = folder / "broker" / "anna"
    (path / "server").mkdir(parents=True)
    (path / "user").mkdir()
    for name in ("scripts", "examples"):
        installed = folder / "data" / name
        shutil.copytree(
            SCRIPTS.parent / name, installed, ignore=shutil.ignore_patterns("__pycache__")
        )
        (path / "server" / name).symlink_to(installed)
    signer = Signer.own(folder / "keys")
    signer.export(path / "server" / "scripts" / "allowed_signers")
    made = Home(path, signer)
    made.offer_scripts()
    made.table(
        "orders",
        "SELECT 1::BIGINT AS id, 'NA' AS country",
        "SELECT 2::BIGINT AS id, NULL::VARCHAR AS country",
    )
    made.table("stores", "SELECT 7::BIGINT AS id, ''::VARCHAR AS name")
    made.publish()
    return made
