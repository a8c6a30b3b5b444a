"""The laptop's program on a Python of Windows, which wine runs: the same view, verified alike."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rig.windows import Windows
from tests.documented import documented

from ..homes import ROOT, Home, Laptop, make_home
from ..scenes import first_rows, make_scene
from ..transfer.test_sftp import Wire
from .conftest import Start, run_in

pytestmark = pytest.mark.long  # a program of Windows takes seconds to start


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.parquet")}


def test_a_view_comes_by_sftp_and_the_next_one_takes_its_place(
    start: Start, laptop: Laptop, home: Home
) -> None:
    ended = start("sync", "anna@broker")
    assert ended.returncode == 0, ended.stderr
    assert "going on with the new ones\n" in ended.stdout
    assert "2 tables, 3 rows, signed" in ended.stdout
    server = laptop.path / "server"
    first = (server / "current").read_text()
    assert files_of(server / first.strip()) == files_of(home.current)
    assert not [path for path in server.rglob("*") if path.is_symlink()]
    assert (server / "docs/schema.yml").read_bytes() == (
        home.current / "docs/schema.yml"
    ).read_bytes()
    home.table("stores", "SELECT 8::BIGINT AS id, ''::VARCHAR AS name")
    home.publish()
    again = start("sync", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["is_new"] is True
    answer = start("sql", "--json", "SELECT id FROM stores WHERE name = ''")
    assert json.loads(answer.stdout)["rows"] == [[8]], answer.stderr
    assert start("undo").returncode == 0
    assert (server / "current").read_text() == first
    answer = start("sql", "--json", "SELECT id FROM stores")
    assert json.loads(answer.stdout)["rows"] == [[7]], answer.stderr


def test_one_byte_is_refused_and_a_name_that_windows_cannot_have(
    start: Start, laptop: Laptop, home: Home
) -> None:
    place = home.current / "parquet/shop/orders/0.parquet"
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    ended = start("sync", "anna@broker")
    assert ended.returncode == 1
    assert "is not what its manifest says" in ended.stderr
    assert not (laptop.path / "server/current").exists()
    home.table("aux", "SELECT 1::BIGINT AS id", path="shop/aux")
    home.publish()
    ended = start("sync", "anna@broker")
    assert ended.returncode == 1
    assert "parquet/shop/aux/0.parquet" in ended.stderr
    assert "aux is the name of a device there" in ended.stderr


def test_changes_are_replayed(system: Windows, tmp_path: Path) -> None:
    scene = make_scene(tmp_path)
    folder = tmp_path / "on windows"
    scripts = folder / "server/scripts"
    scripts.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", scene.laptop / "server/scripts", scripts], check=True)
    (folder / ".broker").mkdir()
    signers = (scene.laptop / ".broker/allowed_signers").read_bytes()
    (folder / ".broker/allowed_signers").write_bytes(signers)
    path = Wire(tmp_path, tmp_path / "home").path
    ended = run_in(system, folder, ("sync", "anna@broker"), path)
    assert ended.returncode == 0, ended.stderr
    scene.orders(first_rows() | {5: "2026-06-01,99.50,another"})
    ended = run_in(system, folder, ("sync", "--json"), path)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["replayed"] == 1
    tree = folder / "server" / (folder / "server/current").read_text().strip()
    (entry,) = scene.offered().tables
    made = {name: hashlib.sha256(text).hexdigest() for name, text in files_of(tree).items()}
    listed = {file.path: file.sha256 for file in entry.files}
    assert {name: made[name] for name in listed} == listed


def test_it_brings_its_own_environment_and_the_rails_of_agents_run(
    system: Windows, tmp_path: Path
) -> None:
    """From the commands of the page to a folder in which all works."""
    wheel = tmp_path / "wheel"
    line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheel]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    home = make_home(tmp_path, *wheel.glob("*.whl"))
    (home.path / "server/wheels").symlink_to(system.wheels)
    path = Wire(tmp_path, home.path).path
    signers = (home.path / "server/scripts/allowed_signers").read_text().split()
    key = signers[signers.index("ssh-ed25519") + 1]
    commands = "\r\n".join(documented("analyst-windows")).replace("KEY_THAT_SIGNS", key)
    (tmp_path / "contact.cmd").write_bytes(f"@echo off\r\n{commands}\r\n".encode())
    ended = system.run(["cmd", "/c", "contact.cmd"], cwd=tmp_path, path=path)
    assert ended.returncode == 0, ended.stderr
    assert "the program is ready: wheels of the broker" in ended.stderr
    folder = tmp_path / "data-broker"
    shown = system.run(["cmd", "/c", r"server\scripts\broker.cmd", "status", "--json"], cwd=folder)
    assert shown.returncode in (0, 3), shown.stderr
    works = {rail["rail"]: rail["works"] for rail in json.loads(shown.stdout)["rails"]}
    assert works["MCP server"] is works["hook SessionStart"] is works["hook PreToolUse"] is True


@pytest.mark.parametrize("what", ["script", "key"])
def test_scripts_that_are_not_as_signed_are_not_started(
    what: str, system: Windows, tmp_path: Path
) -> None:
    home = make_home(tmp_path)
    signers = (home.path / "server/scripts/allowed_signers").read_text().split()
    key = signers[signers.index("ssh-ed25519") + 1]
    place = home.path / "server/scripts/bootstrap.py"
    place.write_text("raise SystemExit('started')\n")
    if what == "key":
        home.offer_scripts()
        key = key[:-4] + "AAAA"
    commands = "\r\n".join(documented("analyst-windows")).replace("KEY_THAT_SIGNS", key)
    (tmp_path / "contact.cmd").write_bytes(f"@echo off\r\n{commands}\r\n".encode())
    path = Wire(tmp_path, home.path).path
    ended = system.run(["cmd", "/c", "contact.cmd"], cwd=tmp_path, path=path)
    assert ('Good "data-broker-scripts" signature' in ended.stdout) is (what == "script")
    assert "started" not in ended.stderr
    assert (tmp_path / "data-broker/server/scripts/bootstrap.py").exists()
