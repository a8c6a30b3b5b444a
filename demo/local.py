"""The story without hosts: the same engine, generation, scripts and questions, in folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from broker.manifest.signature import FOR_SCRIPTS
from broker.publish.sign import Signer

from . import keboola
from .board import Board
from .commands import Commands
from .places import COMPANY, LOCAL, ROOT
from .questions import ASK, Answer, ask
from .story import ANALYST, make_company, sync_phase, sync_result, tool

__all__ = ["DATA", "describe", "next_steps", "publish", "tell"]

DATA = LOCAL / "data"
HOME = LOCAL / "home" / ANALYST
LAPTOP = LOCAL / "laptop"


def tell(board: Board, commands: Commands, source: str) -> list[Answer]:
    """Make, sync, publish, pull, verify, ask."""
    publish(board, commands, source)
    with board.step(f"Make {ANALYST}'s view"):
        _make_home()
    with board.step("Sync the laptop's folder, verify, rebuild views") as step:
        LAPTOP.mkdir(parents=True, exist_ok=True)
        script = LAPTOP / "server" / "scripts"
        if not script.is_dir():
            shutil.copytree(HOME / "server" / "scripts", script)
            (LAPTOP / ".broker").mkdir()
            shutil.copyfile(DATA / "allowed_signers", LAPTOP / ".broker" / "allowed_signers")
        command = ["bash", str(script / "sync_data.sh"), str(HOME)]
        env = {"BROKER_PYTHON": sys.executable}
        sync_result(step, commands.run(step, command, log="laptop", env=env))
    with board.step("Ask three questions in SQL") as step:
        command = [sys.executable, "-c", ASK]
        return ask(
            str(LAPTOP / "user" / "duckdb" / "analytics.duckdb"),
            lambda text: commands.run(step, command, log="questions", show=_nothing, stdin=text),
        )


def publish(board: Board, commands: Commands, source: str) -> Path:
    """Make the company, sync its tables, and publish them; the folder of the configuration."""
    make_company(board, commands)
    config, secrets = _configured(board, source)
    with board.step("Sync the tables, publish a generation") as step:
        command = [tool("broker"), "sync", "--config", str(config), "--data", str(DATA)]
        lines = commands.run(step, command, log="sync", show=sync_phase, env=secrets)
        step.result = lines[-1]
    return config


def _configured(board: Board, source: str) -> tuple[Path, dict[str, str]]:
    """The folder of the configuration, and what it names as ``${NAME}``."""
    if source == "csv":
        return COMPANY / "config", {}
    project = keboola.serve(board, "127.0.0.1")
    keboola.describe_tables(project)
    keboola.load(board, project)
    return keboola.CONFIG, {keboola.TOKEN: project.token}


def _nothing(_: str) -> None:
    """Rows of an answer are not progress."""


def _make_home() -> None:
    """What an analyst's home on a broker shows: links into the view of those without a class."""
    server = HOME / "server"
    offered = LOCAL / "offered"
    shutil.rmtree(offered, ignore_errors=True)
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", offered], check=True)
    listed = (offered / "SHA256SUMS").replace(offered / "scripts/SHA256SUMS")
    signature = Signer.own(DATA / ".keys").sign(listed.read_bytes(), namespace=FOR_SCRIPTS)
    listed.with_name("SHA256SUMS.sig").write_bytes(signature)
    view = DATA / "current" / "views" / "tree"
    targets = {"generation": view, "scripts": offered / "scripts", "examples": offered / "examples"}
    targets |= {name: view / name for name in ("parquet", "docs", "metadata")}
    server.mkdir(parents=True, exist_ok=True)
    (HOME / "user").mkdir(exist_ok=True)
    for name, target in targets.items():
        (server / name).unlink(missing_ok=True)
        (server / name).symlink_to(target)


def describe() -> dict[str, Any]:
    """What ``python -m demo info`` prints; empty where no demo was run."""
    database = LAPTOP / "user" / "duckdb" / "analytics.duckdb"
    if not database.is_file():
        return {}
    manifest = json.loads((LAPTOP / "server" / "current" / "manifest.json").read_bytes())
    return {
        "mode": "local",
        "hosts": {},
        "analyst": {"name": ANALYST, "folder": str(LAPTOP), "database": str(database)},
        "generation": manifest["generation"],
        "parquet": {
            "broker": str(DATA / "current" / "parquet"),
            "laptop": str(LAPTOP / "server" / "parquet"),
        },
    }


def next_steps() -> list[tuple[str, str]]:
    """What to type next, and what for."""
    query = LAPTOP / "server" / "examples" / "query.py"
    return [
        (f'.venv/bin/python {_short(query)} "FROM stores"', "ask something of your own"),
        (
            f".venv/bin/python -m broker.laptop --folder {_short(LAPTOP)} metric monthly_revenue",
            "get a number as the company defines it",
        ),
        (f".venv/bin/broker status --data {_short(DATA)}", "see what is published"),
        ("make portal", "open the portal over these data, with a sign-in"),
        ("make demo-down", "remove it all"),
    ]


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
