"""An analyst's laptop as a booted host of its own, and the folders on it that a broker fills."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.laptop.workspace import read_tree
from broker.manifest import TableEntry
from rig.hosts import DEFAULT, Host, Run
from rig.hosts.image import ensure

__all__ = ["ANALYST", "STORE", "AnalystFolder", "Ended", "add_analyst", "boot_laptop", "publish"]

ANALYST = "anna"
STORE = "/data/src_data"
HOME = f"/home/{ANALYST}"
_MOST_SECONDS = 600
_ENVIRONMENT = (".broker/environments", ".broker/venv")
_PREPARE = f"""
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
    faketime python3-venv rsync
useradd --create-home --shell /bin/bash {ANALYST}
runuser -u {ANALYST} -- ssh-keygen -q -t ed25519 -N '' -f {HOME}/.ssh/id_ed25519
"""


@dataclass(frozen=True)
class Ended:
    """How a command of an analyst ended, and the seconds that it took."""

    code: int
    output: str
    errors: str
    seconds: float

    @property
    def facts(self) -> dict[str, Any]:
        """What it reported for a program; all it wrote is the error where that is nothing."""
        if not self.output.startswith("{"):
            raise AssertionError(f"exit code {self.code}\n{self.output}\n{self.errors}")
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


@dataclass(frozen=True)
class AnalystFolder:
    """A folder of a broker's data on a laptop. ``python`` starts its program, if not its own."""

    host: Host
    name: str = "data-broker"
    python: str = ""

    @property
    def path(self) -> str:
        """Where it stands on the laptop."""
        return f"{HOME}/{self.name}"

    @property
    def outside(self) -> Path:
        """The same folder, as the outer machine sees it; also on a disk that the laptop mounted."""
        return Path(f"/proc/{self.host.running()}/root{self.path}")

    @property
    def tree(self) -> Path:
        """The folder of the generation in use, from outside."""
        server = self.outside / "server"
        return server / (server / "current").readlink()

    def line(self, command: str, **environment: str) -> list[str]:
        """The command line by which the analyst types a command there, without any network."""
        words = [f"{name}={text}" for name, text in environment.items()]
        words += [f"BROKER_PYTHON={self.python}"] if self.python else []
        words = ["runuser", "-u", ANALYST, "--", "env", f"HOME={HOME}", "BROKER_PAUSE=0", *words]
        return [*words, "bash", "-c", f"cd {HOME}; cd {self.name} 2>/dev/null; {command}"]

    def type(self, command: str, **environment: str) -> Ended:
        """Type it, and wait for its end."""
        began = time.monotonic()
        line = self.line(command, **environment)
        done = self.host.exec(*line, check=False, timeout=_MOST_SECONDS)
        return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def first_contact(self, line: str) -> Ended:
        """Paste the line that the operator has for this analyst."""
        return self.type(line.replace("~/data-broker", self.path))

    def sync(self, *words: str, before: str = "", **environment: str) -> Ended:
        """``sync_data.sh``; what ``before`` says is typed before it."""
        command = f"{before} bash server/scripts/sync_data.sh {shlex.join(words)}"
        return self.type(command, **environment)

    def copy(self, name: str, *without: str) -> AnalystFolder:
        """Another folder like this one but for these parts, with the Python of this one."""
        python = self.python or f"{self.path}/.broker/venv/bin/python"
        made = AnalystFolder(self.host, name, python)
        made.remove()
        left_out = [f"--exclude=/{part}" for part in (*_ENVIRONMENT, *without)]
        self.host.exec("rsync", "-aH", *left_out, f"{self.path}/", made.path)
        return made

    def remove(self) -> None:
        self.host.exec("rm", "-rf", "--one-file-system", self.path)

    def rows(self, table: str) -> int:
        """How many rows its view has, by the analyst's own DuckDB."""
        script = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql("
        script += f'"SELECT count(*) FROM {table}").fetchall()[0][0])'
        python = self.python or ".broker/venv/bin/python"
        ended = self.type(f"{python} -c {shlex.quote(script)} user/duckdb/analytics.duckdb")
        if ended.code:
            raise AssertionError(ended.errors)
        return int(ended.output)

    def generation(self) -> str:
        """Which one is in use."""
        return read_tree(self.tree).generation

    def table(self, path: str) -> TableEntry:
        """What the manifest in use says of a table, by its path."""
        return next(entry for entry in read_tree(self.tree).tables if entry.path == path)

    def is_as_signed(self) -> bool:
        """Whether the generation in use has exactly the files of rows that its manifest lists."""
        tree = self.tree
        made = {
            path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (tree / "parquet").rglob("*")
            if path.is_file()
        }
        return made == {f.path: f.sha256 for entry in read_tree(tree).tables for f in entry.files}


def boot_laptop(run: Run, name: str = "laptop") -> Host:
    """A host with an analyst who has a key, and what a Debian needs for a first contact."""
    image = ensure(run, "laptop", DEFAULT, key=_PREPARE, prepare=_prepare)
    return run.boot(name, DEFAULT, disks=image.disks)


def _prepare(host: Host) -> None:
    host.exec("sh", "-ec", _PREPARE, timeout=600)


def add_analyst(broker: Host, laptop: Host, name: str = ANALYST, key: str = "id_ed25519") -> str:
    """Let an analyst with a key of the laptop in; returns the line that the operator sends."""
    public = (laptop.root / HOME.removeprefix("/") / f".ssh/{key}.pub").read_text()
    answer = broker.exec("add-analyst", name, public).stdout
    start = answer.index("(h=")
    return answer[start : answer.index("~/data-broker)", start) + len("~/data-broker)")]


def publish(broker: Host, tables: str, files: Mapping[str, str | Path] | None = None) -> str:
    """Deliver these files, sync the host, and return the id of the generation.

    ``tables`` are the lines of ``tables:`` in the description; the id is that of before where
    nothing is new.
    """
    description = f"```yaml\ntables:\n{tables}```\n"
    broker.exec("sh", "-ec", "cat >/etc/data-broker/data_description.md", stdin=description)
    for name, content in (files or {}).items():
        place = broker.root / "data/input" / name
        if isinstance(content, Path):
            subprocess.run(["cp", content, place], check=True)
        else:
            place.write_text(content)
        place.chmod(0o644)
    ended = broker.exec("systemctl", "start", "broker-sync.service", check=False, timeout=900)
    if ended.returncode:
        raise AssertionError(broker.journal("broker-sync.service"))
    return broker.exec("readlink", f"{STORE}/current").stdout.strip().rpartition("/")[2]
