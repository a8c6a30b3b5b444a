"""A real broker with one table, and a laptop that syncs from its folder and replays changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.laptop.workspace import Workspace
from broker.manifest import Manifest
from broker.manifest.signature import FOR_SCRIPTS
from broker.publish.sign import Signer
from tests.integration.sync.conftest import Instance, make_instance

from .homes import ROOT

__all__ = ["Scene", "first_rows", "make_scene"]

DESCRIPTION = """# Shop

```yaml
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
    primary_key: id
    partition_by: day
    sync_strategy: incremental
    incremental_window_days: 100000
    types: {id: BIGINT, day: DATE, total: "DECIMAL(12,2)", note: VARCHAR}
```
"""


@dataclass
class Scene:
    """A broker with one table, and a laptop that syncs from a folder."""

    instance: Instance
    laptop: Path

    def orders(self, rows: dict[int, str], *words: str) -> None:
        """Deliver these rows, and sync the broker with these words."""
        lines = [f"{key},{value}" for key, value in sorted(rows.items())]
        self.publish(*words, orders="\n".join(["id,day,total,note", *lines]) + "\n")

    def publish(self, *words: str, **tables: str) -> None:
        """Have the broker sync these CSV files with these words, and offer what it publishes."""
        for name, text in tables.items():
            self.instance.csv(name, text)
        report = self.instance.sync(*words)
        assert report["exit_code"] == 0, report
        self.offer()

    def offer(self) -> str:
        """Show the current generation to the laptop; returns its id."""
        home = self.instance.root / "home/server"
        home.mkdir(parents=True, exist_ok=True)
        link = home / "generation"
        link.unlink(missing_ok=True)
        link.symlink_to((self.instance.data / "current/views/tree").resolve())
        return (self.instance.data / "current").resolve().name

    def offered(self) -> Manifest:
        """What the current generation says of itself to the laptop."""
        place = self.instance.root / "home/server/generation/manifest.json"
        return Manifest.from_json(place.read_bytes(), where=str(place))

    def sync(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.ran(["bash", self.laptop / "server/scripts/sync_data.sh", *words])

    def ran(self, line: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """A command of the laptop, with the packages that the tests have."""
        return subprocess.run(
            line,
            env={**os.environ, "BROKER_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def has_the_signed_bytes(self) -> bool:
        manifest, tree = Workspace.at(self.laptop).in_use()
        (entry,) = manifest.tables
        made = {
            path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (tree / "parquet").rglob("*.parquet")
        }
        return made == {file.path: file.sha256 for file in entry.files}


def make_scene(
    tmp_path: Path,
    laptop: Path | None = None,
    description: str = DESCRIPTION,
    tables: Mapping[str, str] | None = None,
) -> Scene:
    """Both sides, after the first sync, below this folder but for a laptop that has its place.

    ``tables`` are the first CSV files of another description.
    """
    made = make_instance(tmp_path, description)
    data = tmp_path / "offered"
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", data], check=True)
    scene = Scene(made, laptop or tmp_path / "laptop")
    if tables is None:
        scene.orders(first_rows())
    else:
        scene.publish(**tables)
    listed = (data / "SHA256SUMS").replace(data / "scripts/SHA256SUMS")
    signature = Signer.own(made.data / ".keys").sign(listed.read_bytes(), namespace=FOR_SCRIPTS)
    listed.with_name("SHA256SUMS.sig").write_bytes(signature)
    for part in ("scripts", "examples"):
        (tmp_path / "home/server" / part).symlink_to(data / part)
    (scene.laptop / ".broker").mkdir(parents=True)
    allowed = (made.data / "allowed_signers").read_bytes()
    (scene.laptop / ".broker/allowed_signers").write_bytes(allowed)
    (scene.laptop / "server").mkdir()
    shutil.copytree(data / "scripts", scene.laptop / "server/scripts")
    ended = scene.sync(str(tmp_path / "home"))
    assert ended.returncode == 0, ended.stderr
    return scene


def first_rows() -> dict[int, str]:
    """What the table holds at first: six partitions of 500 rows."""
    return {key: f"2026-0{1 + key % 6}-01,{key}.50,note {key}" for key in range(3000)}
