"""``diff`` since a moment of which no generation is kept: from the change files of the broker."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.laptop.scenes import Scene, first_rows, make_scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene(tmp_path)


def deliver(scene: Scene, rows: dict[int, str]) -> str:
    """The next generation, perhaps in the same second as the one before."""
    scene.orders(rows)
    return scene.offer()


def diff(scene: Scene, *words: str) -> subprocess.CompletedProcess[str]:
    script = scene.laptop / "server/scripts/broker.sh"
    return scene.ran(["bash", script, "diff", "orders", *words])


def test_what_changed_since_a_generation_that_was_never_here(scene: Scene) -> None:
    rows = first_rows()
    rows[9001] = "2026-03-01,1.00,came before"
    never_here = deliver(scene, rows)
    rows[9002] = "2026-03-01,1.00,came"
    rows[7] = "2026-04-01,0.07,moved"
    deliver(scene, rows)
    rows[7] = "2026-04-01,0.08,moved and changed"
    newest = deliver(scene, rows)
    assert scene.sync().returncode == 0
    ended = diff(scene, never_here)
    assert ended.returncode == 0, ended.stderr
    first, *lines = ended.stdout.splitlines()
    assert first.startswith(f"orders: {never_here} -> {newest}")
    assert lines == [
        "rows: 1 added, 0 removed, 1 changed",
        "NOTE: no generation of then is kept here, so this is from change files: "
        "they have the values of now",
        f"NOTE: counted is what changed after generation {never_here}, the last change that was "
        "begun by then",
        "  added    id=9002: day=2026-03-01, total=1.00, note=came",
        "  changed  id=7: day=2026-04-01, total=0.08, note=moved and changed",
    ]


def test_change_files_that_are_not_here_are_fetched_and_verified(scene: Scene) -> None:
    rows = first_rows()
    first = scene.offer()
    rows[9001] = "2026-03-01,1.00,came"
    second = deliver(scene, rows)
    rows[9002] = "2026-03-01,1.00,came"
    deliver(scene, rows)
    for part in (scene.laptop / "server").glob("generations/*"):
        part.rename(part.with_name(f".aside-{part.name}"))
    (scene.laptop / "server/current").unlink()
    assert scene.sync().returncode == 0
    assert not list((scene.laptop / "server/current/changes").rglob("*.parquet"))
    found = json.loads(diff(scene, second, "--json").stdout)
    assert found["rows"] == {"added": 1, "removed": 0, "changed": 0}
    assert second in found["notes"][1]
    assert found["shown"][0]["after"]["note"] == "came"
    assert diff(scene, first).returncode == 1  # since when that version was there is not known
    for place in (scene.instance.data / "current/views/tree/changes").rglob("*.parquet"):
        content = bytearray(place.read_bytes())
        content[40] ^= 1
        place.unlink()
        place.write_bytes(content)
    ended = diff(scene, second)
    assert ended.returncode == 1
    assert "the broker has some of these change files no longer" in ended.stderr


def test_a_moment_that_no_change_file_reaches_is_refused(scene: Scene) -> None:
    ended = diff(scene, "2020-01-01")
    assert ended.returncode == 1
    assert "no generation that is kept here is so old" in ended.stderr
