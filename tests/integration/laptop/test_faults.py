"""A disk that is full at any point, and places in which a laptop's folder may stand."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.program import laptop as program
from tests.integration.disk import small_disk

from .homes import Home, Laptop
from .stages import Stage
from .test_transfer import wire

POINTS = 100 if os.environ.get("BROKER_TORTURE") else 4


@pytest.fixture(params=["folder", "rsync"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with small_disk(tmp_path, "100m") as disk:
        made = Stage(tmp_path, disk / "laptop")
        if request.param == "rsync":
            made.over_a_wire()
        yield made


def test_a_disk_that_is_full_before_any_change_is_one_sentence_and_nothing_is_lost(
    stage: Stage,
) -> None:
    filler = stage.laptop.with_name("filler")
    for point in stage.points(POINTS):
        stage.put_back()
        with stage.start(point, str(filler)) as process:
            _, errors = process.communicate(timeout=120)
        assert process.returncode in (0, 1), errors
        lines = errors.splitlines()
        assert len(lines) == process.returncode, errors
        assert all(line.startswith("broker: ") for line in lines)
        filler.unlink()
        stage.check()


def test_a_server_that_is_a_link_to_another_disk_is_used_there(
    synced: Laptop, home: Home, tmp_path: Path
) -> None:
    with small_disk(tmp_path, "200m") as disk:
        shutil.move(synced.path / "server", disk / "server")
        (synced.path / "server").symlink_to(disk / "server")
        home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
        home.publish()
        script = home.path / "server/scripts/broker.sh"
        script.write_text(script.read_text() + "# other\n")
        home.offer_scripts()
        ended = synced.sync()
        assert ended.returncode == 0, ended.stderr
        assert synced.query("FROM stores") == [(8, "Brno")]
        assert (disk / "server/scripts/broker.sh").read_text() == script.read_text()
        (synced.path / "server").unlink()
        shutil.move(disk / "server", synced.path / "server")


def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    synced: Laptop, home: Home, tmp_path: Path
) -> None:
    with small_disk(tmp_path, "200m") as disk:
        moved = Laptop(disk / "laptop", home, synced.environment)
        subprocess.run(["cp", "-a", synced.path, moved.path], check=True)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        ended = moved.sync()
        assert ended.returncode == 1
        assert ended.stderr.startswith("broker: this laptop refused: Read-only file system")
        assert ended.stderr.count("\n") == 1


NAMES = [
    "two words",
    "it's",
    'a "b"',
    "příjmy €",
    "a*b[1]",
    "x:y",
    "-n",
    "$HOME `id`",
    "%s",
]


@pytest.mark.parametrize("over", ["folder", "rsync"])
def test_a_folder_may_have_any_name(laptop: Laptop, home: Home, over: str) -> None:
    words = [str(home.path)]
    if over == "rsync":
        wire(laptop, home)
        words = ["broker"]
    place = laptop.path.parent
    for name in NAMES:
        named = Laptop(place / name, home, laptop.environment)
        subprocess.run(["cp", "-a", laptop.path, named.path], check=True)
        ended = named.sync(*words)
        assert ended.returncode == 0, (name, ended.stderr)
        assert named.query("FROM stores") == [(7, "")]


@pytest.mark.parametrize("name", ["why?", "a\\b"])
def test_a_folder_that_duckdb_takes_for_another_is_refused_before_the_transfer(
    laptop: Laptop, home: Home, name: str
) -> None:
    named = Laptop(laptop.path.with_name(name), home, laptop.environment)
    laptop.path.rename(named.path)
    ended = named.sync(str(home.path))
    assert ended.returncode == 1
    assert "a folder with a question mark or a backslash in its name" in ended.stderr
    assert not (named.path / "server/generations").exists()


def test_a_disk_without_links_is_refused_before_the_transfer(
    synced: Laptop, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    monkeypatch.setattr(Path, "symlink_to", fails)
    words = ["--folder", str(synced.path), "sync"]
    with pytest.raises(LaptopError, match="the disk of this folder cannot hold links"):
        program.main(words, standalone_mode=False)
    assert len([*(synced.path / "server/generations").iterdir()]) == 1
    assert not (synced.path / "server/.links").exists()


def test_a_disk_without_second_names_of_files_holds_copies(
    synced: Laptop, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    monkeypatch.setattr(Path, "hardlink_to", fails)
    words = ["--folder", str(synced.path), "sync"]
    assert program.main(words, standalone_mode=False) == 0
    assert synced.query("FROM stores") == [(8, "Brno")]
    assert synced.query("SELECT count(*) FROM orders") == [(2,)]


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_any_umask_leaves_files_that_their_owner_alone_may_remove(
    laptop: Laptop, home: Home, mask: int
) -> None:
    before = os.umask(mask)
    try:
        assert laptop.sync(str(home.path)).returncode == 0
        home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
        home.publish()
        wire(laptop, home)
        ended = laptop.sync("broker")
    finally:
        os.umask(before)
    assert ended.returncode == 0, ended.stderr
    assert laptop.query("FROM stores") == [(8, "Brno")]
    tree = (laptop.path / "server/current").resolve()
    assert {path.stat().st_mode & 0o222 for path in tree.rglob("*") if path.is_file()} == {0}


def test_links_that_a_killed_sync_left_half_done_are_made_by_the_next(synced: Laptop) -> None:
    server = synced.path / "server"
    (server / "docs").unlink()
    (server / "parquet").unlink()
    shutil.copytree(server / "current/parquet", server / "parquet")
    assert synced.sync().returncode == 0
    for name in ("parquet", "docs", "metadata"):
        assert str((server / name).readlink()) == f"current/{name}"


def test_a_generation_that_was_half_removed_is_not_gone_back_to(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    assert synced.sync().returncode == 0
    folder = synced.path / "server/generations"
    oldest = min(folder.iterdir())
    left = oldest.rename(folder / f".removed-{oldest.name}")
    ended = synced.sync("--generation", "previous")
    assert ended.returncode == 1
    assert "no earlier generation is kept here" in ended.stderr
    assert synced.sync().returncode == 0
    assert not left.exists()


def test_no_other_account_may_write_what_a_sync_made(laptop: Laptop, home: Home) -> None:
    before = os.umask(0)
    try:
        assert laptop.sync(str(home.path)).returncode == 0
    finally:
        os.umask(before)
    places = [laptop.path, *laptop.path.rglob("*")]
    made = [one for one in places if not one.is_symlink() and "scripts" not in one.parts]
    assert [one for one in made if one.stat().st_mode & 0o022] == []
