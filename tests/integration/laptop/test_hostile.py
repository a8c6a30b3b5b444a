"""The account that signs manifests is hostile: the signature holds, the content is an attack."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .homes import Home, Laptop

Change = Callable[[dict[str, Any]], None]


def sign(home: Home, content: bytes) -> None:
    """Replace the manifest of the current generation, and sign it with the broker's own key."""
    (home.current / "manifest.json").write_bytes(content)
    (home.current / "manifest.json.sig").write_bytes(home.signer.sign(content))


def publish(home: Home, change: Change) -> None:
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    manifest = json.loads((home.current / "manifest.json").read_bytes())
    change(manifest)
    sign(home, json.dumps(manifest).encode())


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if ".broker" not in path.parts and ".incoming" not in path.parts
    }


def as_type(manifest: dict[str, Any]) -> None:
    """Ran as the analyst: the view of an empty table cast to this type."""
    table = manifest["tables"][0]
    table["files"] = []
    table["schema"]["columns"][0]["type"] = "INTEGER); COPY (SELECT 1) TO '{}/owned'; --"


def as_path(manifest: dict[str, Any]) -> None:
    """Was removed by the sync, as a file that is not what the manifest says."""
    manifest["documents"][0]["path"] = "../../../victim"


def as_absolute_path(manifest: dict[str, Any]) -> None:
    manifest["documents"][0]["path"] = "{}/victim"


def as_name(manifest: dict[str, Any]) -> None:
    manifest["tables"][0]["name"] = "orders\x1b]0;owned\x07"


@pytest.mark.parametrize("change", [as_type, as_path, as_absolute_path, as_name])
def test_a_signed_attack_is_refused_before_anything_changes(
    synced: Laptop, home: Home, change: Change
) -> None:
    victim = synced.path / "victim"
    victim.write_text("mine\n")
    before = everything(synced.path)
    publish(home, change)
    content = (home.current / "manifest.json").read_text().replace("{}", str(synced.path))
    sign(home, content.encode())
    ended = synced.sync()
    assert ended.returncode == 1
    assert "the manifest cannot be used" in ended.stderr
    assert "\x1b" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert everything(synced.path) == before


def test_a_link_in_what_arrives_is_refused_and_nothing_behind_it_is_removed(
    synced: Laptop, home: Home
) -> None:
    """Where the broker is a folder and rsync is missing, links are copied as links."""
    outside = synced.path / "user" / "stores"
    outside.mkdir()
    (outside / "0.parquet").write_text("mine\n")
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    incoming = synced.path / "server" / "generations" / ".incoming"
    (incoming / "parquet" / "shop").mkdir(parents=True)
    (home.current / "parquet" / "shop" / "stores" / "0.parquet").unlink()
    (home.current / "parquet" / "shop" / "stores").rmdir()
    (home.current / "parquet" / "shop" / "stores").symlink_to(outside)
    synced.lose_rsync()
    ended = synced.sync()
    assert ended.returncode == 1
    assert "is not what its manifest says (1 files, parquet/shop/stores/0.parquet" in ended.stderr
    assert (outside / "0.parquet").read_text() == "mine\n"
    assert synced.query("FROM stores") == [(7, "")]


def test_a_file_name_that_poses_as_two_lines_stays_where_it_is(synced: Laptop, home: Home) -> None:
    (synced.path / "server" / "generations" / ".incoming").mkdir()
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    stray = home.current / "docs" / "x\nmanifest.json"
    stray.write_text("?")
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in (synced.path / "server/docs").iterdir()] == ["schema.yml"]


def test_a_description_from_anywhere_neither_acts_on_a_terminal_nor_breaks_a_view(
    synced: Laptop, home: Home
) -> None:
    def hostile(manifest: dict[str, Any]) -> None:
        table = manifest["tables"][0]
        table["description"] = "'); DROP VIEW stores; --\n.shell touch owned\n\x1b[2J`\u202e"
        table["status"], table["error"] = "failed", "\x1b]0;owned\x07\nsync_data: all is well"

    publish(home, hostile)
    ended = synced.sync()
    assert ended.returncode == 3, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.endswith("last load failed")
    assert synced.query("FROM stores") == [(9, "Linz")]
    ((comment,),) = synced.query(
        "SELECT comment FROM duckdb_views() WHERE comment IS NOT NULL AND view_name = 'orders'"
    )
    assert str(comment).isprintable()


def test_what_the_host_writes_on_stderr_does_not_reach_the_terminal(laptop: Laptop) -> None:
    shell = laptop.path.parent / "shell"
    shell.write_text("#!/bin/sh\nprintf '\\033]0;owned\\007 go away\\n' >&2\nexit 1\n")
    shell.chmod(0o755)
    laptop.environment["RSYNC_RSH"] = str(shell)
    ended = laptop.sync("anna@nowhere.invalid")
    assert ended.returncode == 1
    assert "\x1b" not in ended.stderr
    assert r"\x1b]0;owned\x07 go away" in ended.stderr


def test_a_table_whose_column_has_any_name_is_synced(synced: Laptop, home: Home) -> None:
    name = '[/y] "); DROP TABLE x; --\n\x1b[2J'
    query = 'SELECT 5::BIGINT AS "{}"'.format(name.replace('"', '""'))
    home.table("stores", query)
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert synced.query("FROM stores") == [(5,)]
    assert synced.query("FROM stores_at('2026-11-02')") == [(5,)]
    assert "\x1b" not in (synced.path / "user/duckdb/views.sql").read_text()
    shown = subprocess.run(
        ["bash", synced.path / "server/scripts/broker.sh", "diff", "stores"],
        env=synced.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "added    " in shown
    assert "\x1b" not in shown


def test_a_document_of_any_bytes_is_only_hashed(synced: Laptop, home: Home) -> None:
    def hostile(manifest: dict[str, Any]) -> None:
        content = b"\x1b[2J" + b"[" * 100_000
        path = home.current / "docs" / "schema.yml"
        path.write_bytes(content)
        os.utime(path, (1_790_000_001,) * 2)
        entry = manifest["documents"][0]
        entry["bytes"], entry["sha256"] = len(content), hashlib.sha256(content).hexdigest()

    publish(home, hostile)
    assert synced.sync().returncode == 0


def test_a_folder_that_arrives_closed_is_opened_so_that_later_syncs_can_remove_it(
    synced: Laptop, home: Home
) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    (home.current / "docs").chmod(0o500)
    (home.current / "docs" / "empty" / "deeper").mkdir(parents=True)
    (home.current / "docs" / "empty").chmod(0)
    left = synced.path / "server" / "generations" / ".incoming" / "parquet" / "left"
    left.mkdir(parents=True)
    left.chmod(0)
    assert synced.sync().returncode == 0
    tree = (synced.path / "server" / "current").resolve()
    folders = [path for path in tree.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o700 for path in folders} == {0o700}
    assert not (tree / "parquet" / "left").exists()
