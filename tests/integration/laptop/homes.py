"""A broker's side as an analyst's home shows it, in a folder, and a laptop's folder beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from broker.manifest import DocumentEntry, Manifest, TableEntry
from broker.manifest.signature import FOR_SCRIPTS
from broker.publish.sign import Signer
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

__all__ = ["LIST", "SCRIPTS", "Home", "Laptop", "make_home"]

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "laptop" / "scripts"
LIST = "scripts/SHA256SUMS"
SIGNERS = "scripts/allowed_signers"
NOT_LISTED = (LIST, f"{LIST}.sig", "scripts/start.sh.sig", SIGNERS, f"{SIGNERS}.sig")
TOOLS = "bash dirname ssh-keygen"


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
        name = f"2026-11-01T120{self.serial:03}Z-0000"
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

    def list_scripts(self) -> bytes:
        """List the scripts that stand there now."""
        server = self.path / "server"
        paths = [
            path.relative_to(server).as_posix()
            for part in ("scripts", "examples")
            for path in (server / part).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
        lines = [
            f"{hashlib.sha256((server / path).read_bytes()).hexdigest()}  {path}\n"
            for path in sorted(paths)
            if path not in NOT_LISTED
        ]
        (server / LIST).write_text("".join(lines))
        return (server / LIST).read_bytes()

    def offer_scripts(self) -> None:
        """List and sign them, as a deploy does."""
        server = self.path / "server"
        (server / f"{LIST}.sig").write_bytes(self.sign_script(self.list_scripts()))
        start = server / "scripts/start.sh"
        start.with_name("start.sh.sig").write_bytes(self.sign_script(start.read_bytes()))

    def sign_script(self, content: bytes) -> bytes:
        """The signature of what laptops may run."""
        return self.signer.sign(content, namespace=FOR_SCRIPTS)

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
        """What the operator's line does, from a folder instead of a host."""
        scripts = self.path / "server/scripts"
        shutil.copytree(self.home.path / "server/scripts", scripts)
        (self.path / ".broker").mkdir()
        (scripts / "allowed_signers").rename(self.path / ".broker/allowed_signers")

    def sync(self, *arguments: str, shell: str = "bash") -> subprocess.CompletedProcess[str]:
        return self._run(shell, "sync_data.sh", *arguments)

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb of the program but ``sync``."""
        return self._run("bash", "broker.sh", *words)

    def _run(self, shell: str, script: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, str(self.path / "server" / "scripts" / script), *words],
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

    def query(self, sql: str) -> list[tuple[object, ...]]:
        database = self.path / "user" / "duckdb" / "analytics.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def make_home(folder: Path, *wheel: Path) -> Home:
    """Publish two small tables below ``folder``; with a wheel, laptops get the program as well."""
    path = folder / "broker" / "anna"
    (path / "server").mkdir(parents=True)
    (path / "user").mkdir()
    gather = [sys.executable, ROOT / "bin/laptop_set.py", folder / "data", *wheel]
    subprocess.run(gather, check=True)
    for name in ("scripts", "examples"):
        (path / "server" / name).symlink_to(folder / "data" / name)
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
