"""A source whose names and values act on a terminal, and every command that speaks of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COLUMN = "[/y]\x1b]0;owned\x07\u202e`"
DESCRIPTION = """\
```yaml
tables:
  - id: orders
    folder: shop
    description: "All \\e[2J[/y]"
  - id: broken
    folder: shop
```
"""


@dataclass
class Broker:
    """A config folder, a CSV source and a store."""

    folder: Path

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command; whatever it prints can be shown, line by line."""
        line = [sys.executable, "-m", "broker", *words, "--config", str(self.folder)]
        more = {**os.environ, **environment}
        done = subprocess.run(
            line, cwd=self.folder, env=more, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        for shown in (done.stdout + done.stderr).split("\n"):
            assert shown.isprintable(), shown
        return done


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Broker:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "input").mkdir()
    (folder / "instance.yaml").write_text("data_source: {type: csv, path: input}\n")
    (folder / "data_description.md").write_text(DESCRIPTION)
    (folder / "input" / "orders.csv").write_text(f"id,{COLUMN}\n1,2\n")
    (folder / "input" / "broken.csv").write_text(f"{COLUMN},{COLUMN}\n1,2\n")
    return Broker(folder)


@pytest.fixture(scope="module")
def synced(broker: Broker) -> Broker:
    data = ("--data", str(broker.folder / "data"))
    assert broker("sync", *data).returncode == 1
    (broker.folder / "input" / "orders.csv").write_text(f"id,{COLUMN},more\n1,2,3\n2,x,4\n")
    broker("sync", *data)
    return broker


def test_status_shows_what_it_is_and_does_not_crash(synced: Broker) -> None:
    data = ("--data", str(synced.folder / "data"))
    shown = synced("status", *data)
    assert r"[/y]\x1b]0;owned\x07\u202e`" in shown.stdout
    assert json.loads(synced("status", "--json", *data).stdout)["generation"]


@pytest.mark.parametrize(
    "words",
    [["diff"], ["diff", "--table", "orders"], ["rejects", "orders"], ["generations"], ["verify"]],
)
def test_commands_that_read_the_store(synced: Broker, words: list[str]) -> None:
    assert synced(*words, "--data", str(synced.folder / "data")).returncode == 0


@pytest.mark.parametrize(
    "words", [["check"], ["discover", "--source", "csv", "input"], ["config", "check"]]
)
def test_commands_that_read_the_source(synced: Broker, words: list[str]) -> None:
    synced(*words)


@pytest.fixture
def own(broker: Broker, tmp_path: Path) -> Broker:
    """The same in a folder of the test's own."""
    shutil.copytree(broker.folder / "input", tmp_path / "input")
    for name in ("instance.yaml", "data_description.md"):
        shutil.copy(broker.folder / name, tmp_path)
    return Broker(tmp_path)


def test_a_terminal_that_lacks_letters_shows_them_as_escapes(own: Broker) -> None:
    (own.folder / "input" / "broken.csv").write_bytes("id,é,é\n1,2,3\n".encode())
    done = own("check", PYTHONIOENCODING="ascii")
    assert "names a column twice: \\xe9" in done.stdout + done.stderr


def test_a_name_of_a_million_characters_is_drafted_or_refused(own: Broker) -> None:
    (own.folder / "input" / "wide.csv").write_text(f"id,{'x' * 1_000_000}\n1,2\n")
    own("discover", "--source", "csv", "input")


def test_what_is_published_can_be_shown(synced: Broker) -> None:
    current = synced.folder / "data" / "current"
    documents = [path for path in current.rglob("*") if path.suffix in (".json", ".yml")]
    assert len(documents) > 3
    for path in documents:
        for line in path.read_text().split("\n"):
            assert line.isprintable(), path
    (document,) = (current / "metadata").rglob("orders.json")
    assert COLUMN in [column["name"] for column in json.loads(document.read_bytes())["columns"]]


@pytest.mark.parametrize(
    "line",
    [
        "import click\n\nclick.echo(1)\n",
        "from rich.console import Console\n",
        "from rich.progress import TextColumn\n",
        "import rich\n\nrich.print(1)\n",
        "print(1)\n",
        "import logging\n\nlogging.basicConfig()\n",
    ],
)
def test_the_linter_refuses_another_way(line: str) -> None:
    ruff = [str(Path(sys.executable).parent / "ruff"), "check", "--select=TID251,T20"]
    name = ["--stdin-filename", "src/broker/cli/new.py", "-"]
    done = subprocess.run(
        [*ruff, *name], cwd=ROOT, input=line, text=True, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "TID251" in done.stdout or "T201" in done.stdout
