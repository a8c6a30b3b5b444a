"""A broker that sends more than it listed: what is too long is left where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .homes import LIST, Home, Laptop
from .test_transfer import wire

GIGABYTE = 1 << 30
FILES = {
    "generation/manifest.json": "shows no data",
    "generation/manifest.json.sig": "came without a signature",
    "generation/parquet/shop/stores/0.parquet": "is not what its manifest says",
    LIST: "SHA256SUMS is missing",
    "scripts/bootstrap.py": "scripts/bootstrap.py is missing",
}


def lengthen(home: Home, path: str) -> None:
    """Without taking room on this machine's disk."""
    place = (home.path / "server" / path).resolve()
    place.chmod(0o644)
    os.truncate(place, GIGABYTE)


def most_bytes(folder: Path) -> int:
    return max(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("over", ["folder", "rsync"])
def test_a_file_without_end_is_refused_and_not_fetched(
    synced: Laptop, home: Home, path: str, over: str
) -> None:
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    script = home.path / "server/scripts/broker.sh"
    script.write_text(script.read_text() + "# other\n")
    home.offer_scripts()
    lengthen(home, path)
    if over == "rsync":
        wire(synced, home)
    ended = synced.sync(*(["broker"] if over == "rsync" else []))
    assert ended.returncode == 1, ended.stdout
    assert FILES[path] in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert most_bytes(synced.path) < GIGABYTE // 8
    assert synced.query("FROM stores") == [(7, "")]
