"""Every command in ``docs/generations.md`` runs, and its tables say what the code says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from broker.cli import broker
from broker.manifest import Status
from broker.publish import Audience, PruneRule, Store
from tests.unit.publish.making import entry, publish

TEXT = (Path(__file__).parents[3] / "docs/generations.md").read_text(encoding="utf-8")
# A table that is held, as `broker approve` needs one, stands in ../sync/test_readers.py.
COMMANDS = re.findall(r"^    ((?!broker approve )(?:broker|ssh-keygen) .+)$", TEXT, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Two generations beside a config without classes."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/instance.yaml").write_text(
        "instance: {name: Test}\ndata_source: {type: csv, path: ./csv}\n"
    )
    store = Store(tmp_path / "data", reserve_bytes=0)
    publish(store, {entry("orders"): 1})
    publish(store, {entry("orders"): 2})
    with chdir(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(folder: Path, command: str) -> None:
    store = Store(folder / "data")
    before = store.generation()
    program, *arguments = command.split()
    if program == "broker":
        assert broker.main(arguments, standalone_mode=False) in (0, None)
    else:
        subprocess.run(command, shell=True, check=True, env=dict(os.environ))  # noqa: S602
    assert (store.generation() != before) == ("rollback" in command)
    assert store.generation().view(Audience.of(["finance", "hr"])).is_dir() == ("expose" in command)


def test_verify_counts_generations_and_defects(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def last(*options: str) -> str:
        broker.main(["verify", "--data", "./data", *options], standalone_mode=False)
        shown = capsys.readouterr()
        return (shown.out + shown.err).splitlines()[-1]

    assert last() == "1 generation verified, no defects"
    assert last("--all") == "2 generations verified, no defects"
    (folder / "data/current/more.txt").write_text("x")
    assert last() == "1 generation verified, 1 defect"


def test_commands_are_told() -> None:
    assert {command.split()[1] for command in COMMANDS} == {
        "-Y",
        "expose",
        "generations",
        "rollback",
        "verify",
    }


def test_every_status_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?!means)", TEXT, re.MULTILINE) == [str(s) for s in Status]


def test_the_grace_is_told() -> None:
    hours = int(PruneRule().grace.total_seconds() / 3600)
    assert f"within the last {hours} hours" in TEXT
    assert f"the {hours} hours begin" in TEXT


def test_the_tree_is_what_stands(folder: Path) -> None:
    data = folder / "data"
    for name in ("generations", "current", "parquet", "metadata", "allowed_signers", "staging"):
        assert re.search(rf"[├└]── {name}\b", TEXT)
        assert (data / name).exists()
    inside = {path.name for path in (data / "current").resolve().iterdir()}
    named = re.findall(r"(\w+)/ |(manifest\.json\S*)", TEXT.split("── current")[0])
    assert inside <= {"".join(pair) for pair in named}
