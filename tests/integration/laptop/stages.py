"""A laptop before a sync that is killed or meets a full disk, set up again and again."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from .homes import ROOT
from .scenes import first_rows, make_scene

__all__ = ["Stage"]

NOTES = "user/notes.sql"


class Stage:
    """A laptop before a sync that replays a table and fetches documents, set up again at will."""

    def __init__(self, folder: Path, laptop: Path | None = None) -> None:
        self.scene = make_scene(folder, laptop)
        self.environment = {**os.environ, "BROKER_PAUSE": "0"}
        (self.laptop / NOTES).write_text("SELECT 1;\n")
        rows = first_rows()
        rows[7] = "2026-02-01,0.07,moved here"
        rows[9001] = "2026-03-01,1.00,new"
        self.counts = (len(first_rows()), len(rows))
        self.scene.orders(rows)
        self._kept = folder / "kept"
        subprocess.run(["cp", "-a", self.laptop, self._kept], check=True)

    @property
    def laptop(self) -> Path:
        return self.scene.laptop

    def over_a_wire(self) -> None:
        """From now on rsync brings the files."""
        events = self._kept.with_name("event.json")
        events.write_text(json.dumps({"bytes": 0, "times": 0}))
        program = Path(__file__).with_name("wire.py")
        home = self.scene.instance.root / "home"
        self.environment["RSYNC_RSH"] = f"{sys.executable} {program} {home} {events}"
        (self._kept / ".broker/host").write_text("broker\n")

    def put_back(self) -> None:
        shutil.rmtree(self.laptop)
        subprocess.run(["cp", "-a", self._kept, self.laptop], check=True)

    def start(self, point: int = 0, filler: str = "") -> subprocess.Popen[str]:
        """A sync in a process group of its own, with a fault before this change of the disk."""
        module = "tests.integration.laptop.stopping"
        line = [sys.executable, "-m", module, str(point), filler]
        line += ["--folder", str(self.laptop), "sync"]
        return subprocess.Popen(
            line,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def whole(self) -> tuple[int, str, str]:
        """A sync to its end: its code, what it says, and of what it complains."""
        with self.start() as process:
            output, errors = process.communicate(timeout=120)
        *complaints, _ = errors.splitlines()  # and the number of changes
        return process.returncode, output, "\n".join(complaints)

    def rows(self) -> int:
        database = self.laptop / "user/duckdb/analytics.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM orders").fetchall()
        assert isinstance(count, int)
        return count

    def users(self) -> set[str]:
        """What the analyst sees in ``user/``."""
        found = (path for path in (self.laptop / "user").rglob("*") if path.is_file())
        return {path.name for path in found if not path.name.startswith(".")}

    def points(self, count: int) -> list[int]:
        """So many of the changes of the disk that a sync makes, always the same."""
        self.put_back()
        with self.start() as process:
            _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        changes = range(1, int(errors.split()[-2]) + 1)
        chance = random.Random(20261130)  # noqa: S311  repeatable, not secret
        return sorted(chance.sample(changes, min(count, len(changes))))

    def check(self) -> None:
        """After a fault, and after the next sync."""
        assert self.scene.has_the_signed_bytes()
        assert self.rows() in self.counts
        assert (self.laptop / NOTES).read_text() == "SELECT 1;\n"
        code, output, complaints = self.whole()
        assert (code, complaints) == (0, ""), output
        assert self.scene.has_the_signed_bytes()
        assert self.rows() == self.counts[1]
        assert self.users() == {"notes.sql", "analytics.duckdb", "views.sql"}
        for name in ("parquet", "docs", "metadata"):
            assert str((self.laptop / "server" / name).readlink()) == f"current/{name}"
