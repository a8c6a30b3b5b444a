"""The company in a Keboola project: the tests' stand-in, loaded through its own upload endpoints.

It serves until ``make demo-down``, because a broker asks it whenever its timer says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

from .background import Background
from .board import Board, Step
from .commands import DemoError
from .places import COMPANY, STATE
from .state import tell_inventory

__all__ = [
    "CONFIG",
    "TOKEN",
    "Project",
    "describe_source",
    "describe_tables",
    "end",
    "load",
    "serve",
]

CONFIG = COMPANY / "keboola"
SHIPPED = Path(__file__).parent / "company" / "config"
TOKEN = "KEBOOLA_TOKEN"  # noqa: S105 - the name under which the secret is known
_BUCKETS = ("shop", "hr")
_BACKGROUND = Background("keboola", "rig.fakes.keboola", "Start a Keboola project")


@dataclass(frozen=True)
class Project:
    """A stand-in that serves; ``token`` opens it."""

    url: str
    token: str

    def source(self) -> dict[str, str]:
        """The ``data_source`` of an instance that reads it."""
        return {"type": "keboola", "url": self.url, "project": "1234", "token": f"${{{TOKEN}}}"}


def serve(board: Board, host: str) -> Project:
    """A stand-in at this address: the one that serves there already, or a new one."""
    with board.step("Start a Keboola project") as step:
        found = _BACKGROUND.facts()
        if _BACKGROUND.stands() and found["url"].startswith(f"http://{host}:"):
            step.result = f"serves since the last time at {found['url']}"
            return Project(found["url"], found["token"])
        end()
        folder = STATE / "keboola"
        folder.mkdir(parents=True, exist_ok=True)
        printed = _BACKGROUND.start(["--host", host, "--folder", str(folder)], lines=2)
        project = Project(printed[0], printed[1].removeprefix("token: "))
        _BACKGROUND.remember(asdict(project))
        step.result = f"at {project.url}"
        return project


def end() -> None:
    """No project serves any more."""
    _BACKGROUND.end()


def describe_tables(project: Project) -> None:
    """Write the company's config folder once more, with tables and source of the project."""
    CONFIG.mkdir(parents=True, exist_ok=True)
    text = (SHIPPED / "data_description.md").read_text(encoding="utf-8")
    for bucket in _BUCKETS:
        text = text.replace(f"- id: {bucket}.", f"- id: in.c-{bucket}.")
        text = text.replace(f"\n  {bucket}: {bucket}\n", f"\n  in.c-{bucket}: {bucket}\n")
    (CONFIG / "data_description.md").write_text(text, encoding="utf-8")
    shutil.copytree(SHIPPED / "metrics", CONFIG / "metrics", dirs_exist_ok=True)
    instance = yaml.safe_load((SHIPPED / "instance.yaml").read_text(encoding="utf-8"))
    instance["data_source"] = project.source()
    text = yaml.safe_dump(instance, sort_keys=False, allow_unicode=True)
    (CONFIG / "instance.yaml").write_text(text, encoding="utf-8")


def describe_source(project: Project) -> None:
    """Let ``inventories/demo`` give the broker this source, its token as a secret."""
    tell_inventory(
        broker_data_source=project.source(),
        broker_secrets={TOKEN: project.token},
        demo_description=str(CONFIG / "data_description.md"),
    )


def load(board: Board, project: Project) -> None:
    """Upload what is not there yet: a bucket per folder, a table per CSV file."""
    with board.step("Upload the company into the project") as step:
        client = _Client(project)
        there = {table["id"]: table for table in client.ask("GET", "tables")}
        for bucket in _BUCKETS:
            if f"in.c-{bucket}" not in {one["id"] for one in client.ask("GET", "buckets")}:
                client.ask("POST", "buckets", {"name": bucket, "stage": "in"})
        rows = 0
        for table, key in _keys().items():
            if table not in there:
                there[table] = _upload(client, step, table, key)
            rows += there[table]["rowsCount"]
        step.result = f"{rows:,} rows in {len(there)} tables"


def _keys() -> dict[str, str]:
    """The primary key of each table that is described."""
    text = (CONFIG / "data_description.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(part.partition("```")[0]) for part in text.split("```yaml\n")[1:]]
    tables = [table for block in blocks for table in block.get("tables", [])]
    return {table["id"]: table["primary_key"].replace(" ", "") for table in tables}


def _upload(client: _Client, step: Step, table: str, key: str) -> dict[str, Any]:
    bucket, _, name = table.rpartition(".")
    step.say(f"{table}: upload")
    path = COMPANY / "csv" / f"{name}.csv"
    request = {"name": path.name, "sizeBytes": path.stat().st_size, "federationToken": 1}
    file = client.ask("POST", "files/prepare", request)
    client.put(file["uploadParams"]["url"], path)
    step.say(f"{table}: import")
    wanted = {"name": name, "dataFileId": file["id"], "primaryKey": key}
    made: dict[str, Any] = client.ask("POST", f"buckets/{bucket}/tables-async", wanted)["results"]
    return made


class _Client:
    """As much of the Storage API as an upload needs."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._pool = urllib3.PoolManager()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """JSON of an answer; of a job its end."""
        headers = {"X-StorageApi-Token": self._project.token}
        url = f"{self._project.url}/v2/storage/{path}"
        response = self._pool.request(method, url, headers=headers, json=body or {})
        answer = response.json()
        if response.status >= 400:
            raise DemoError(f"Upload the company: {answer.get('error')}")
        while response.status == 202 and answer["status"] not in {"success", "error"}:
            answer = self.ask("GET", f"jobs/{answer['id']}")
        if response.status == 202 and answer["status"] == "error":
            raise DemoError(f"Upload the company: {answer['error']['message']}")
        return answer

    def put(self, url: str, path: Path) -> None:
        """Send a file to a signed URL."""
        with path.open("rb") as stream:
            status = self._pool.request("PUT", url, body=stream).status
        if status != 200:
            raise DemoError(f"Upload the company: {path.name} was refused with {status}")
