"""A laptop without rsync: everything by the real client of sftp and the broker's own server."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.transfer import Wanted
from broker.laptop.transfer.sftp import SftpSource
from broker.laptop.workspace import Workspace

from ..homes import ROOT, Home, Laptop
from ..scenes import Scene, first_rows, make_scene

# In the place of ssh: the server that sshd starts for an analyst. Each number in the file EVENTS
# ends a connection once, after so many bytes.
SERVER = """
import os, subprocess, sys
home, events = sys.argv[1:3]
program = '''
import os, sys
from broker.transport.sftp import Served, serve
from broker.transport.tree import Tree
serve(Tree(sys.argv[1], owner=os.getuid()), Served())
'''
with open(events) as stream:
    limits = stream.read().split()
left = int(limits[0]) if limits else -1
line = [sys.executable, "-c", program, home]
with subprocess.Popen(line, stdout=subprocess.PIPE) as server:
    while piece := os.read(server.stdout.fileno(), 65536):
        piece = piece[:left] if left >= 0 else piece
        while piece:
            written = os.write(1, piece)
            piece, left = piece[written:], left - written if left >= 0 else left
        if left == 0:
            with open(events, "w") as stream:
                stream.write(" ".join(limits[1:]))
            server.kill()
            sys.exit(255)
"""


class Wire:
    """The programs of a laptop that reaches the broker by sftp."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.programs = folder / "sftp-programs"
        self.programs.mkdir()
        self._events = folder / "sftp-events"
        self.cut()
        (folder / "server.py").write_text(SERVER)
        self._program("ssh", f"{sys.executable} {folder}/server.py {home} {self._events}")
        self._program("sftp", f'/usr/bin/sftp -S {self.programs}/ssh "$@"')
        self.path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"

    def _program(self, name: str, line: str) -> None:
        place = self.programs / name
        place.write_text(f"#!/bin/sh\nPYTHONPATH={ROOT}/src exec {line}\n")
        place.chmod(0o755)

    def cut(self, *after: int) -> None:
        """End connections that bring so many bytes, one after the other."""
        self._events.write_text(" ".join(map(str, after)))


@pytest.fixture
def wire(laptop: Laptop, home: Home) -> Wire:
    made = Wire(laptop.path.parent, home.path)
    laptop.environment["PATH"] = made.path
    return made


@pytest.fixture
def large(home: Home) -> Home:
    """A table of a few megabytes that no compression makes smaller."""
    home.table("events", "SELECT i, md5(i::VARCHAR) AS hash FROM range(60000) AS t(i)")
    home.publish()
    return home


@pytest.mark.usefixtures("wire")
def test_a_sync_by_sftp_is_as_one_by_rsync(laptop: Laptop, home: Home) -> None:
    ended = laptop.sync("anna@broker", "--sftp")
    assert ended.returncode == 0, ended.stderr
    assert laptop.query("FROM stores") == [(7, "")]
    assert "2 tables, 3 rows, signed" in ended.stdout
    again = laptop.sync("--sftp", "--json")
    assert json.loads(again.stdout)["is_new"] is False
    home.table("stores", "SELECT 8::BIGINT AS id, ''::VARCHAR AS name")
    home.publish()
    assert laptop.sync("--sftp").returncode == 0
    assert laptop.query("FROM stores") == [(8, "")]
    place = laptop.path / "server/current/parquet/shop/stores/0.parquet"
    assert place.read_bytes() == (home.current / "parquet/shop/stores/0.parquet").read_bytes()
    assert not [*(laptop.path / "server").rglob(".partial")]


def test_a_laptop_without_rsync_takes_sftp_by_itself(laptop: Laptop, wire: Wire) -> None:
    laptop.lose_rsync()
    tools = laptop.environment["PATH"]
    laptop.environment["PATH"] = f"{wire.programs}{os.pathsep}{tools}"
    ended = laptop.sync("anna@broker")
    assert ended.returncode == 0, ended.stderr
    assert laptop.query("FROM stores") == [(7, "")]


@pytest.mark.usefixtures("wire")
def test_what_came_by_sftp_is_checked_by_the_same_rules(laptop: Laptop, home: Home) -> None:
    place = home.current / "parquet/shop/orders/0.parquet"
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    ended = laptop.sync("anna@broker", "--sftp")
    assert ended.returncode == 1
    assert "is not what its manifest says (1 files, parquet/shop/orders/0.parquet" in ended.stderr
    assert not (laptop.path / "server/current").exists()


@pytest.mark.usefixtures("large")
def test_a_cut_connection_is_continued(laptop: Laptop, wire: Wire) -> None:
    wire.cut(700_000)
    ended = laptop.sync("anna@broker", "--sftp")
    assert ended.returncode == 0, ended.stderr
    assert "the transfer broke off, trying again" in ended.stdout
    assert laptop.query("SELECT count(*) FROM events") == [(60_000,)]


def test_the_next_sync_goes_on_where_one_ended(laptop: Laptop, wire: Wire, large: Home) -> None:
    wire.cut(700_000, 300_000, 300_000)
    ended = laptop.sync("anna@broker", "--sftp")
    assert ended.returncode == 1
    assert "broke off three times; what has arrived is kept" in ended.stderr
    (partial,) = laptop.path.rglob(".partial/0.parquet")
    have = partial.stat().st_size
    size = (large.current / "parquet/shop/events/0.parquet").stat().st_size
    assert 1_000_000 < have < size
    ended = laptop.sync("anna@broker", "--sftp", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["bytes_moved"] < size
    assert laptop.query("SELECT count(*) FROM events") == [(60_000,)]


def test_a_part_of_another_version_is_found_and_fetched_anew(
    laptop: Laptop, wire: Wire, large: Home
) -> None:
    wire.cut(700_000, 300_000, 300_000)
    laptop.sync("anna@broker", "--sftp")
    large.table("events", "SELECT i, sha1(i::VARCHAR) AS hash FROM range(60000) AS t(i)")
    large.publish()
    ended = laptop.sync("anna@broker", "--sftp")
    assert ended.returncode == 0, ended.stderr
    assert laptop.query("SELECT min(length(hash)) FROM events") == [(40,)]


def test_a_broker_that_is_not_there_and_a_push_are_one_sentence_each(
    laptop: Laptop, wire: Wire
) -> None:
    wire.cut(*[0] * 12)
    ended = laptop.sync("anna@broker", "--sftp")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "anna@broker cannot be reached over ssh" in ended.stderr
    wire.cut(*[400] * 12)
    ended = laptop.sync("anna@broker", "--sftp")
    assert "anna@broker broke off three times; what has arrived is kept" in ended.stderr
    assert "not found" not in ended.stderr
    wire.cut()
    ended = laptop.sync("anna@broker", "--sftp", "--push")
    assert ended.returncode == 1
    assert "user/ can be sent by rsync alone" in ended.stderr
    assert laptop.query("FROM stores") == [(7, "")]


@pytest.fixture
def source(laptop: Laptop, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> SftpSource:
    monkeypatch.setenv("PATH", wire.path)
    workspace = Workspace.at(laptop.path)
    return SftpSource("anna@broker", workspace, 2, lambda _: None, lambda *_: None)


def test_files_of_every_name_come_and_those_that_are_missing_are_no_failure(
    source: SftpSource, home: Home, tmp_path: Path
) -> None:
    names = ["it's [a]*.parquet", 'b;c? "x".txt', "ä ö#", "plain"]
    for name in names:
        (home.current / name).write_text(name)
    (home.current / "it's a.parquet").write_text("what the pattern would match")
    into = tmp_path / 'in to "it"'
    moved = source.fetch([Wanted("generation", [*names, "missing"])], into)
    assert moved == sum(len(name.encode()) for name in names)
    assert {path.name: path.read_text() for path in into.iterdir() if path.is_file()} == {
        name: name for name in names
    }


def test_a_file_that_is_too_long_stays_where_it_is(
    source: SftpSource, home: Home, tmp_path: Path
) -> None:
    (home.current / "long").write_bytes(b"x" * 5_000_000)
    for name in ("a", "z"):
        (home.current / name).write_text(name)
    wanted = Wanted("generation", ["a", "long", "z"], most_bytes=1_000_000)
    source.fetch([wanted], tmp_path / "into")
    assert {path.name for path in (tmp_path / "into").iterdir()} == {"a", "z", ".partial"}
    assert not [*(tmp_path / "into/.partial").iterdir()]


def test_what_is_left_of_a_small_file_is_not_taken_for_one(
    source: SftpSource, tmp_path: Path
) -> None:
    left = tmp_path / "into/.partial/manifest.json.sig"
    left.parent.mkdir(parents=True)
    left.write_text("of another generation")
    source.fetch([Wanted("generation", ["missing", "manifest.json.sig"])], tmp_path / "into")
    assert "SSH SIGNATURE" in (tmp_path / "into/manifest.json.sig").read_text()
    left.write_text("of another generation")
    left.rename(left.with_name("missing"))
    source.fetch([Wanted("generation", ["missing"])], tmp_path / "into")
    assert not (tmp_path / "into/missing").exists()


def test_a_link_of_the_broker_is_not_followed(
    source: SftpSource, home: Home, tmp_path: Path
) -> None:
    (home.current / "link").symlink_to("/etc/passwd")
    source.fetch([Wanted("generation", ["link"])], tmp_path / "into")
    assert not (tmp_path / "into/link").exists()


def test_a_line_end_in_a_path_is_no_command(source: SftpSource, tmp_path: Path) -> None:
    with pytest.raises(LaptopError, match="sftp cannot name a file with a line end"):
        source.fetch([Wanted("generation", ["x\n!touch owned"])], tmp_path / "into")


def test_changes_are_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene: Scene = make_scene(tmp_path)
    monkeypatch.setenv("PATH", Wire(tmp_path, tmp_path / "home").path)
    rows = first_rows() | {5: "2026-06-01,99.50,another"}
    scene.orders(rows)
    ended = scene.sync("anna@broker", "--sftp", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["replayed"] == 1
    assert scene.has_the_signed_bytes()
