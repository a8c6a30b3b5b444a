"""A wire that breaks, and a broker that publishes meanwhile: rsync's protocol through a pipe."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from broker.laptop.program import laptop as program
from broker.laptop.transfer import Wanted
from broker.laptop.transfer.local import LocalSource

from .homes import Home, Laptop

BYTES = 400_000  # some of the way into the large table


@pytest.fixture
def large(home: Home) -> Home:
    """A table of a few megabytes that no compression makes smaller."""
    home.table("events", "SELECT i, md5(i::VARCHAR) AS hash FROM range(60000) AS t(i)")
    home.publish()
    return home


def grow(home: Home) -> str:
    home.table("events", "SELECT i, sha1(i::VARCHAR) AS hash FROM range(70000) AS t(i)")
    return home.publish()


def wire(laptop: Laptop, home: Home, *, times: int = 0, **event: Any) -> Path:
    """Connect them; returns the file that tells how many events are still to come."""
    path = laptop.path.parent / "event.json"
    path.write_text(json.dumps({"bytes": BYTES, "times": times, **event}))
    program = Path(__file__).with_name("wire.py")
    laptop.environment["RSYNC_RSH"] = f"{sys.executable} {program} {home.path} {path}"
    return path


def events(laptop: Laptop) -> int:
    count = laptop.query("SELECT count(*) FROM events")[0][0]
    assert isinstance(count, int)
    return count


def test_a_cut_connection_is_continued(laptop: Laptop, large: Home) -> None:
    left = wire(laptop, large, times=1, cut=True)
    ended = laptop.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(left.read_text())["times"] == 0
    assert "broke off" in ended.stdout
    assert events(laptop) == 60_000


@pytest.mark.parametrize(("times", "code"), [(2, 0), (9, 1)])
def test_a_link_that_a_publish_replaced_meanwhile_is_followed_again(
    laptop: Laptop, times: int, code: int
) -> None:
    """What rsync 3.5.0 says where `current` moves between two steps of its walk."""
    real, left = shutil.which("rsync"), laptop.path.parent / "left"
    left.write_text("x" * times)
    message = (
        'rsync: [sender] change_dir "/server/x" failed: Too many levels of symbolic links (40)'
    )
    program = laptop.path.parent / "hasty/rsync"
    program.write_text(
        f"""#!/bin/sh
[ -s {left} ] && [ "$1" != --version ] || exec {real} "$@"
flock {left} truncate --size=-1 {left}
echo '{message}' >&2
exit 23
"""
    )
    program.chmod(0o755)
    wire(laptop, laptop.home)
    ended = laptop.sync("broker")
    assert ended.returncode == code, ended.stderr
    assert left.read_text() == "x" * max(times - 9, 0)  # three folders, three tries each
    assert ("could not fetch everything (exit code 23)" in ended.stderr) == bool(code)


def test_a_connection_that_always_breaks_leaves_what_was_there(laptop: Laptop, large: Home) -> None:
    wire(laptop, large)
    assert laptop.sync("broker").returncode == 0
    grow(large)
    wire(laptop, large, times=9, cut=True, bytes=BYTES // 8)
    ended = laptop.sync()
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stdout.count("trying again") == 2
    assert events(laptop) == 60_000


def test_a_generation_published_during_the_transfer_is_not_mixed_in(
    laptop: Laptop, large: Home
) -> None:
    """The sender has entered the folder; the pointer moves; the old one arrives, whole."""
    first = large.current
    second = large.path / "generations" / grow(large)
    large.point(first)
    link = large.path / "server" / "generation"
    wire(laptop, large, times=1, move={str(link): str(second)})
    ended = laptop.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert link.resolve() == second
    assert f"generation {first.name}: " in ended.stdout.splitlines()[-1]
    assert events(laptop) == 60_000
    ended = laptop.sync()
    assert ended.returncode == 0, ended.stderr
    assert events(laptop) == 70_000


@pytest.mark.parametrize("moment", [1, 900, BYTES // 8, BYTES])
def test_a_generation_that_is_replaced_and_removed_during_the_transfer(
    laptop: Laptop, large: Home, moment: int
) -> None:
    """While the manifest comes, between it and the files, or among them: the one or the other."""
    wire(laptop, large)
    assert laptop.sync("broker").returncode == 0
    second = large.path / "generations" / grow(large)
    large.table("events", "SELECT i, sha1(i::VARCHAR) AS hash FROM range(80000) AS t(i)")
    large.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    third = large.path / "generations" / large.publish()
    large.point(second)
    link = large.path / "server" / "generation"
    left = wire(
        laptop, large, times=1, bytes=moment, move={str(link): str(third)}, gone=str(second)
    )
    ended = laptop.sync()
    assert ended.returncode == 0, ended.stderr
    assert json.loads(left.read_text())["times"] == 0
    assert (events(laptop), laptop.query("FROM stores")) in (
        (70_000, [(7, "")]),
        (80_000, [(8, "Brno")]),
    )
    assert laptop.sync().returncode == 0
    assert events(laptop) == 80_000


def test_a_forged_generation_that_takes_its_place_during_the_transfer_is_refused(
    laptop: Laptop, large: Home
) -> None:
    wire(laptop, large)
    assert laptop.sync("broker").returncode == 0
    first = large.path / "generations" / grow(large)
    forged = first.with_name("2026-11-01T120009Z-0000")
    shutil.copytree(first, forged)
    manifest = forged / "manifest.json"
    manifest.write_text(manifest.read_text().replace("All the events", "All the 3vents"))
    link = large.path / "server" / "generation"
    wire(laptop, large, times=1, bytes=BYTES // 8, cut=True)
    link.unlink()
    link.symlink_to(forged)
    ended = laptop.sync()
    assert ended.returncode == 1
    assert "the signature of the data of broker was not made by SHA256:" in ended.stderr
    assert events(laptop) == 60_000


def test_generations_of_one_second_are_told_apart(laptop: Laptop, home: Home) -> None:
    """Manifests and signatures of equal length and time, as rsync's quick check sees them."""
    for value in range(3):
        home.table("stores", f"SELECT {value}::BIGINT AS id, ''::VARCHAR AS name")
        home.publish()
        for name in ("manifest.json", "manifest.json.sig"):
            home.stamp(name)
        ended = laptop.sync(str(home.path))
        assert ended.returncode == 0, ended.stderr
        assert laptop.query("FROM stores") == [(value, "")]


def test_a_host_without_our_scripts_is_told_apart(laptop: Laptop, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = laptop.sync(str(empty))
    assert ended.returncode == 1
    assert "this is not the folder of a broker" in ended.stderr


def test_a_file_that_is_fetched_again_while_the_broker_publishes_is_not_mixed_in(
    synced: Laptop, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong file is fetched a second time, and then another generation is offered."""
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    fetch, calls = LocalSource.fetch, []

    def publishing(
        source: LocalSource, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None
    ) -> int:
        moved = fetch(source, wanted, into, basis=basis)
        stores = into / "parquet/shop/stores/0.parquet"
        if stores.exists() and not calls:
            calls.append(stores)
            stores.write_bytes(b"?")
            home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
            home.table("orders", "SELECT 1::BIGINT AS id, 'AT' AS country")
            home.publish()
        return moved

    monkeypatch.setattr(LocalSource, "fetch", publishing)
    monkeypatch.setenv("BROKER_UPDATED", "yes")
    assert program.main(["--folder", str(synced.path), "sync"], standalone_mode=False) == 0
    assert calls
    assert synced.query("FROM stores") == [(9, "Linz")]
    assert synced.query("FROM orders") == [(1, "AT")]


def test_a_push_leaves_out_what_it_names_and_nothing_that_looks_like_it(
    synced: Laptop, home: Home
) -> None:
    """Over rsync, to which a name may look like a pattern."""
    wire(synced, home)
    names = ("a*.db", "ab.db.txt", "a[1].duckdb", "a1.duckdb.csv", "plain.txt")
    for name in names:
        (synced.path / "user" / name).write_text("mine")
    ended = synced.sync("broker", "--push")
    assert ended.returncode == 0, ended.stderr
    sent = {path.name for path in (home.path / "user").iterdir() if path.is_file()}
    assert sent == {"ab.db.txt", "a1.duckdb.csv", "plain.txt"}
