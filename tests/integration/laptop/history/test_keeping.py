"""``undo``, generations that stay for days, and what ``status`` says of them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.laptop import pull
from broker.laptop.generations import kept as standing
from broker.laptop.turn import my_turn
from tests.integration.laptop.homes import ROOT

from .conftest import DESCRIPTION, ORDERS, STORES
from .pasts import Past, make_past

DAY = 86_400


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Four generations, of 5 to 2 days ago, each superseded by the next."""
    folder = tmp_path_factory.mktemp("past")
    days = [f"{datetime.now(UTC) - timedelta(days=n):%Y-%m-%dT12:00:00Z}" for n in (5, 4, 3, 2)]
    made = make_past(folder, days[0], DESCRIPTION, orders=ORDERS, stores=STORES)
    for number, day in enumerate(days[1:]):
        made.publish(day, stores=f"{STORES}{20 + number},x\n")
    for name, days_ago in zip(made.made, (4, 3, 2), strict=False):
        made.supersede(name, seconds_ago=days_ago * DAY)
    subprocess.run(["cp", "-a", made.scene.laptop, folder / "template"], check=True)
    return made


@pytest.fixture
def past(made_once: Past) -> Past:
    """The same, at the same place, for each test."""
    place = made_once.scene.laptop
    shutil.rmtree(place)
    subprocess.run(["cp", "-a", place.with_name("template"), place], check=True)
    return Past(made_once.scene, list(made_once.made))


def names(past: Past) -> list[str]:
    return [tree.name for tree in standing(past.workspace)]


def rows(past: Past) -> int:
    with past.views() as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM stores").fetchall()
    assert isinstance(count, int)
    return count


def test_undo_points_back_and_the_next_sync_forward(past: Past) -> None:
    (past.scene.laptop / "broker.toml").write_text('history = "30 days"\n')
    assert rows(past) == 2
    ended = past.run("undo")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        f"generation {past.made[2]} is in use again; the next sync goes forward\n"
    )
    assert past.workspace.in_use()[0].generation == past.made[2]
    assert past.json("undo")["generation"] == past.made[1]
    assert rows(past) == 2
    ended = past.run("sync")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert past.workspace.in_use()[0].generation > past.made[3]


def test_undo_of_the_first_generation_changes_nothing(past: Past) -> None:
    (past.scene.laptop / "broker.toml").write_text('history = "30 days"\n')
    for _ in past.made[1:]:
        assert past.run("undo").returncode == 0
    ended = past.run("undo")
    assert ended.returncode == 1
    assert "no earlier generation is kept here" in ended.stderr
    assert past.workspace.in_use()[0].generation == past.made[0]


def test_a_setting_that_cannot_be_read_is_refused_before_anything_changes(past: Past) -> None:
    (past.scene.laptop / "broker.toml").write_text('history = "a week"\n')
    for words in (["undo"], ["sync", "--generation", "previous"], ["sync"]):
        ended = past.run(*words)
        assert ended.returncode == 1
        assert "broker.toml: history is not a number of days; expected" in ended.stderr
        assert past.workspace.in_use()[0].generation == past.made[3]


def test_undo_waits_for_no_sync_that_is_running(past: Past) -> None:
    with my_turn(past.workspace):
        ended = past.run("undo")
    assert ended.returncode == 75
    assert past.workspace.in_use()[0].generation == past.made[3]


@pytest.mark.parametrize(
    ("setting", "left"),
    [("", [3]), ('history = "none"\n', [3]), ('history = "4 days"\n', [1, 2, 3])],
)
def test_a_sync_keeps_a_generation_of_each_day(past: Past, setting: str, left: list[int]) -> None:
    (past.scene.laptop / "broker.toml").write_text(setting)
    assert past.run("sync").returncode == 0
    *earlier, current = names(past)
    assert current == past.workspace.in_use()[0].generation
    assert earlier == [past.made[at] for at in left]


def test_status_says_what_the_history_takes(past: Past) -> None:
    oldest = datetime.now(UTC) - timedelta(days=5)
    facts = json.loads(past.run("status", "--json").stdout)["history"]
    assert facts["generations"] == 4
    assert facts["since"] == f"{oldest:%Y-%m-%dT12:00:00+00:00}"
    line = next(x for x in past.run("status").stdout.splitlines() if x.startswith("history:"))
    assert line == (
        f"history: 4 generations, since {oldest:%Y-%m-%d} 12:00 UTC; 0.0 MB that the one in use "
        "does not have"
    )
    # A link costs nothing: of orders, which did not change, there is one file for all.
    found: dict[int, int] = {}
    current = past.workspace.tree()
    for tree in standing(past.workspace):
        for path in tree.rglob("*"):
            if path.is_file() and tree.resolve() != current:
                found[path.stat().st_ino] = path.stat().st_size
    assert current is not None
    own = {path.stat().st_ino for path in current.rglob("*")}
    assert facts["bytes"] == sum(size for file, size in found.items() if file not in own)
    orders = {
        (tree / "parquet/shop/orders/2026_01.parquet").stat().st_ino
        for tree in standing(past.workspace)
    }
    assert len(orders) == 1


def test_a_disk_that_is_short_names_the_history(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: object) -> None:
        raise pull.LaptopError("the new data need 9 MB", remedy="Make room, and sync again.")

    monkeypatch.setattr(pull.Arrival, "check_room", no_room)
    ended = past.run("sync")
    assert ended.stderr == "broker: the new data need 9 MB. Make room, and sync again.\n"
    (past.scene.laptop / "broker.toml").write_text('history = "7 days"\n')
    ended = past.run("sync")
    assert ended.returncode == 1
    assert ended.stderr.endswith("A history in broker.toml that is shorter than 7 days helps.\n")


KILLED_WHILE_PRUNING = """
import os, shutil, signal, sys
from pathlib import Path
from broker.laptop import generations
from broker.laptop.workspace import Workspace
point = int(sys.argv[2])
def remove(tree, *_, **__):
    global point
    for path in sorted(Path(tree).rglob("*"), reverse=True):
        if point == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        point -= 1
        path.rmdir() if path.is_dir() else path.unlink()
    Path(tree).rmdir()
generations.shutil.rmtree = remove
generations.prune(Workspace.at(Path(sys.argv[1])), None, 0)
"""


@pytest.mark.parametrize("point", [0, 1, 5, 12])
def test_killed_while_it_prunes_it_leaves_whole_generations_alone(past: Past, point: int) -> None:
    line = [sys.executable, "-c", KILLED_WHILE_PRUNING, str(past.scene.laptop), str(point)]
    ended = subprocess.run(line, cwd=ROOT, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    for tree in standing(past.workspace):
        assert (tree / "parquet/shop/orders/2026_01.parquet").exists()
    assert past.run("sync").returncode == 0
    assert names(past)[:-1] == [past.made[3]]
    assert not [*past.workspace.generations.glob(".removed-*")]


def test_two_folders_have_a_history_each(past: Past, tmp_path: Path) -> None:
    other = tmp_path / "another"
    subprocess.run(["cp", "-a", past.scene.laptop, other], check=True)
    (past.scene.laptop / "broker.toml").write_text('history = "30 days"\n')
    there = Past(type(past.scene)(past.scene.instance, other), list(past.made))
    for one in (past, there):
        assert one.run("sync").returncode == 0
    assert names(past)[:-1] == past.made
    assert names(there)[:-1] == [past.made[3]]
    assert past.run("undo").returncode == 0
    assert there.workspace.in_use()[0].generation > past.made[3]


def test_a_clock_that_was_behind_removes_nothing_that_is_new(past: Past) -> None:
    """A notebook that has it open reads on."""
    name = past.publish(f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    past.scene.publish(stores=f"{STORES}40,y\n")
    assert past.run("sync").returncode == 0
    past.supersede(name, seconds_ago=366 * DAY)
    assert past.run("sync").returncode == 0
    assert name in names(past)
