"""Change files of a real broker, replayed on a laptop: the signed bytes, or the whole files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.errors import TableError
from broker.laptop.program import laptop
from broker.tables import replay as replaying

from .scenes import Scene, first_rows, make_scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene(tmp_path)


def test_changed_rows_are_replayed_and_the_whole_files_do_not_travel(scene: Scene) -> None:
    rows = first_rows()
    rows[7] = "2026-02-01,0.07,moved here"
    rows[9001] = "2026-03-01,1.00,new"
    scene.orders(rows)
    ended = scene.sync("--verbose")
    assert ended.returncode == 0, ended.stderr
    assert "shop/orders: replayed" in ended.stdout
    assert "1 tables from their changes" in ended.stdout.splitlines()[-1]
    assert ended.stderr == ""
    assert scene.has_the_signed_bytes()


def test_a_laptop_that_missed_generations_replays_what_changed_since(scene: Scene) -> None:
    rows = first_rows()
    for step in range(5):
        rows[9000 + step] = f"2026-0{1 + step}-01,1.00,new"
        rows[step] = "2026-06-01,0.50,moved to another partition"
        rows[7] = f"2026-02-01,{step}.25,changed again and again"
        scene.orders(rows)
    ended = scene.sync("--verbose")
    assert ended.returncode == 0, ended.stderr
    assert "from the version here and 15 changed rows" in ended.stdout
    assert scene.has_the_signed_bytes()
    kept = {path.name for path in (scene.laptop / "server/current/changes").rglob("*.parquet")}
    assert len(kept) == 5


def test_a_change_file_that_is_here_already_does_not_come_again(scene: Scene) -> None:
    rows = first_rows()
    rows[9001] = "2026-03-01,1.00,new"
    scene.orders(rows)
    assert scene.sync().returncode == 0
    rows[9002] = "2026-03-01,1.00,new"
    scene.orders(rows)
    assert scene.sync("--generation", "previous").returncode == 0
    ended = scene.sync("--verbose")
    assert "2 changed rows" in ended.stdout
    assert ": 5 of 13 files are new" in ended.stdout  # one change file, and four documents
    assert scene.has_the_signed_bytes()


def test_a_table_that_was_loaded_anew_comes_whole_and_says_so(scene: Scene) -> None:
    rows = first_rows()
    rows[9001] = "2026-03-01,1.00,new"
    scene.orders(rows, "--reload", "in.c-shop.orders")
    ended = scene.sync("--verbose")
    assert ended.returncode == 0, ended.stderr
    assert "fetched" in ended.stdout
    assert "loaded as a whole, or changed too often since" in ended.stdout
    assert scene.has_the_signed_bytes()


def fails(*_: object, **__: object) -> None:
    raise TableError("a file cannot be read")


def writes_something_else(*_: object, out: Path, **__: object) -> None:
    for number in range(1, 7):
        place = out / f"parquet/shop/orders/2026_0{number}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"PAR1")


def writes_nothing(*_: object, **__: object) -> None:
    pass


@pytest.mark.parametrize("fault", [fails, writes_something_else, writes_nothing])
def test_a_change_file_that_does_not_give_the_signed_bytes_is_replaced_by_whole_files(
    scene: Scene, fault: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = first_rows()
    rows[9001] = "2026-03-01,1.00,new"
    scene.orders(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "replay", fault)
        code = laptop.main(["--folder", str(scene.laptop), "sync"], standalone_mode=False)
    assert code == 0
    shown = capsys.readouterr()
    assert "shop/orders could not be made from its change file; it was fetched whole" in shown.err
    assert "from their changes in" not in shown.out
    assert scene.has_the_signed_bytes()


def test_histories_of_changes_always_give_the_signed_bytes(scene: Scene) -> None:
    rows, chance = first_rows(), random.Random(11)  # noqa: S311
    for step in range(4):
        for _ in range(chance.randint(1, 30)):
            key = chance.randint(0, 3100)
            month = chance.randint(1, 9)
            rows[key] = f"2026-0{month}-01,{chance.randint(0, 999)}.25,step {step}"
        for key in chance.sample(sorted(rows), 2):
            rows[key] = f"2025-12-01,{key}.00,moved back"
        scene.orders(rows)
        ended = scene.sync()
        assert ended.returncode == 0, ended.stderr
        assert "from their changes" in ended.stdout, ended.stdout
        assert scene.has_the_signed_bytes()
