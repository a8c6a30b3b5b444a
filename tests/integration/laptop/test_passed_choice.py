"""Datasets that an analyst chose in the portal: what a sync makes of them, and says of itself."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.foreign.dataset_choice import DatasetChoice, render_choice
from broker.foreign.laptop_note import LAPTOP_VARIABLE, LaptopNote, parse_note

from .homes import Home, Laptop

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FIRST, SECOND = "1" * 16, "2" * 16


def choose(home: Home, identity: str, *without: str) -> None:
    """As the helper for accounts writes it."""
    folder = home.path / "server/settings"
    folder.mkdir(exist_ok=True)
    (folder / "datasets.json").write_text(render_choice(DatasetChoice(identity, NOW, without)))


def tables(laptop: Laptop) -> list[str]:
    return sorted(
        name for (name,) in laptop.query("SELECT view_name FROM duckdb_views() WHERE NOT internal")
    )


@pytest.fixture
def two(synced: Laptop, home: Home) -> Laptop:
    """A folder with a table of each of two datasets."""
    home.table("orders", "SELECT 1::BIGINT AS id", dataset="crm")
    home.table("stores", "SELECT 8::BIGINT AS id", dataset="shops")
    home.publish()
    assert synced.sync().returncode == 0
    return synced


def test_a_choice_reaches_the_folder_and_can_be_taken_back(two: Laptop, home: Home) -> None:
    choose(home, FIRST, "crm")
    ended = two.sync()
    assert ended.returncode == 0, ended.stderr
    assert "datasets: as chosen in the portal, without crm" in ended.stdout
    assert tables(two) == ["stores"]
    assert not [*two.path.rglob("parquet/shop/orders/*.parquet")]
    assert "datasets: without crm, as the portal says" in two.verb("status").stdout
    assert "as chosen in the portal" not in two.sync().stdout
    assert not (two.path / "broker.toml").exists()
    choose(home, SECOND)
    assert "datasets: as chosen in the portal, all" in two.sync().stdout
    assert tables(two) == ["orders", "stores"]
    facts = json.loads(two.verb("status", "--json").stdout)["datasets"]
    assert facts == {"without": [], "by": "the portal"}


def test_a_setting_of_the_folder_wins_and_the_sync_says_so(two: Laptop, home: Home) -> None:
    (two.path / "broker.toml").write_text('without = ["shops"]\n')
    choose(home, FIRST, "crm")
    ended = two.sync()
    assert "the choice in the portal does not count here" in ended.stdout
    assert tables(two) == ["orders"]
    (two.path / "broker.toml").write_text("")
    assert two.sync().returncode == 0
    assert tables(two) == ["stores"]


def test_a_dataset_that_is_typed_is_added_to_what_the_folder_goes_by(
    two: Laptop, home: Home
) -> None:
    home.table("staff", "SELECT 1::BIGINT AS id", dataset="people")
    home.publish()
    choose(home, FIRST, "crm")
    assert two.sync().returncode == 0
    assert two.sync("--without", "people").returncode == 0
    assert 'without = ["crm", "people"]' in (two.path / "broker.toml").read_text()
    assert tables(two) == ["stores"]
    assert two.sync("--dataset", "crm").returncode == 0
    assert tables(two) == ["orders", "stores"]


def test_one_that_leaves_nothing_or_cannot_be_read_changes_nothing(two: Laptop, home: Home) -> None:
    choose(home, FIRST, "crm", "shops")
    ended = two.sync()
    assert ended.returncode == 1
    assert "the choice in the portal: this choice leaves none of the 2 tables" in ended.stderr
    (home.path / "server/settings/datasets.json").write_text("{")
    ended = two.sync()
    assert ended.returncode == 1
    assert "the choice of datasets that the broker passes on cannot be read" in ended.stderr
    assert tables(two) == ["orders", "stores"]


def test_a_dry_run_shows_it_and_takes_nothing(two: Laptop, home: Home) -> None:
    choose(home, FIRST, "crm")
    ended = two.sync("--dry-run")
    assert "shop/orders: removed here" in ended.stdout
    assert tables(two) == ["orders", "stores"]
    assert not (two.path / ".broker/datasets.json").exists()


# In the place of ssh: it runs what a laptop asks for, and keeps what came with it.
SSH = """#!/bin/sh
case " $* " in *" SendEnv={name} "*) ;; *) echo "$*" >&2; exit 9;; esac
printf '%s\\n' "${name}" >>{heard}
while [ "$1" != broker ]; do shift; done
shift
cd {home} && exec sh -c "$*"
"""


def heard(laptop: Laptop, home: Home, *arguments: str) -> list[LaptopNote | None]:
    """What came with each transfer of a sync by rsync."""
    programs, words = laptop.path.parent / "programs", laptop.path.parent / "heard"
    programs.mkdir(exist_ok=True)
    words.write_text("")
    ssh = programs / "ssh"
    ssh.write_text(SSH.format(name=LAPTOP_VARIABLE, heard=words, home=home.path))
    ssh.chmod(0o755)
    laptop.environment["RSYNC_RSH"] = str(ssh)
    ended = laptop.sync("broker", *arguments)
    assert ended.returncode == 0, ended.stderr
    return [parse_note(line) for line in words.read_text().splitlines() if line]


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync carries it")
def test_the_broker_hears_what_a_folder_has_when_it_has_it(two: Laptop, home: Home) -> None:
    notes = heard(two, home)
    assert {note and note.choice for note in notes} == {"none"}
    choose(home, FIRST, "crm")
    notes = heard(two, home)
    first, last = notes[0], notes[-1]
    assert first is not None
    assert last is not None
    assert (first.choice, last.choice) == ("none", FIRST)
    assert first.id == last.id
    assert last.generation == (two.path / "server/current").resolve().name.rstrip("+")
    (two.path / "broker.toml").write_text("without = []\n")
    assert [note and note.choice for note in heard(two, home)][-1] == "own"


def test_two_folders_are_two_laptops_and_a_copy_of_a_name_is_no_choice(
    two: Laptop, home: Home
) -> None:
    (one, *_) = heard(two, home)
    (two.path / ".broker/laptop").unlink()
    (other, *_) = heard(two, home)
    assert one is not None
    assert other is not None
    assert one.id != other.id
    Path(two.path / ".broker/datasets.json").write_text("damaged")
    assert heard(two, home)
