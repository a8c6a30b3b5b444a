"""Change files of a real broker, replayed on a laptop: the signed bytes, or the whole files."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.errors import TableError
from broker.laptop import arrival
from broker.laptop.program import laptop
from broker.laptop.workspace import Workspace
from broker.publish.sign import Signer
from tests.integration.sync.conftest import Instance, make_instance

from .homes import ROOT

DESCRIPTION = """# Shop

```yaml
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
    primary_key: id
    partition_by: day
    sync_strategy: incremental
    incremental_window_days: 100000
    types: {id: BIGINT, day: DATE, total: "DECIMAL(12,2)", note: VARCHAR}
```
"""


@dataclass
class Scene:
    """A broker with one table, and a laptop that syncs from a folder."""

    instance: Instance
    laptop: Path

    def orders(self, rows: dict[int, str]) -> None:
        lines = [f"{key},{value}" for key, value in sorted(rows.items())]
        self.instance.csv("orders", "\n".join(["id,day,total,note", *lines]) + "\n")
        report = self.instance.sync()
        assert report["exit_code"] == 0, report
        home = self.instance.root / "home/server"
        home.mkdir(parents=True, exist_ok=True)
        view = self.instance.data / "current/views/tree"
        link = home / "generation"
        link.unlink(missing_ok=True)
        link.symlink_to(view.resolve())

    def sync(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", self.laptop / "server/scripts/sync_data.sh", *words],
            env={**os.environ, "BROKER_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def has_the_signed_bytes(self) -> bool:
        manifest, tree = Workspace.at(self.laptop).in_use()
        (entry,) = manifest.tables
        made = {
            path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (tree / "parquet").rglob("*.parquet")
        }
        return made == {file.path: file.sha256 for file in entry.files}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = make_instance(tmp_path, DESCRIPTION)
    data = tmp_path / "offered"
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", data], check=True)
    scene = Scene(made, tmp_path / "laptop")
    scene.orders({key: f"2026-0{1 + key % 6}-01,{key}.50,note {key}" for key in range(3000)})
    listed = (data / "SHA256SUMS").replace(data / "scripts/SHA256SUMS")
    signature = Signer.own(made.data / ".keys").sign(listed.read_bytes())
    listed.with_name("SHA256SUMS.sig").write_bytes(signature)
    for part in ("scripts", "examples"):
        (tmp_path / "home/server" / part).symlink_to(data / part)
    (scene.laptop / ".broker").mkdir(parents=True)
    allowed = (made.data / "allowed_signers").read_bytes()
    (scene.laptop / ".broker/allowed_signers").write_bytes(allowed)
    subprocess.run(["cp", "-r", data / "scripts", scene.laptop / "scripts"], check=True)
    (scene.laptop / "server").mkdir()
    (scene.laptop / "scripts").rename(scene.laptop / "server/scripts")
    ended = scene.sync(str(tmp_path / "home"))
    assert ended.returncode == 0, ended.stderr
    return scene


def first_rows() -> dict[int, str]:
    return {key: f"2026-0{1 + key % 6}-01,{key}.50,note {key}" for key in range(3000)}


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


def test_a_laptop_that_missed_a_generation_says_why_it_fetches_whole_files(scene: Scene) -> None:
    rows = first_rows()
    for key in (9001, 9002):
        rows[key] = "2026-03-01,1.00,new"
        scene.orders(rows)
    ended = scene.sync("--verbose")
    assert ended.returncode == 0, ended.stderr
    assert "fetched" in ended.stdout
    assert "more than one generation behind" in ended.stdout
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
        patch.setattr(arrival, "replay", fault)
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
