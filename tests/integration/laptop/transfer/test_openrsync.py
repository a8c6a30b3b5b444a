"""A Mac's openrsync, by a stand-in, against the program that sshd forces on an analyst."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..homes import Home, Laptop
from ..test_transfer import wire
from .openrsync import PLACE, server_words

BYTES = 400_000  # some of the way into the large table


@pytest.fixture
def mac(laptop: Laptop, home: Home) -> Laptop:
    """Its broker has a table of a few megabytes that no compression makes smaller."""
    program = laptop.path.parent / "hasty/rsync"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {PLACE} "$@"\n')
    program.chmod(0o755)
    home.table("events", "SELECT i, md5(i::VARCHAR) AS hash FROM range(60000) AS t(i)")
    home.publish()
    return laptop


def connect(mac: Laptop, **event: Any) -> Path:
    return wire(mac, mac.home, forced=True, **event)


def count(mac: Laptop, table: str) -> int:
    ((found,),) = mac.query(f"SELECT count(*) FROM {table}")
    assert isinstance(found, int)
    return found


def test_the_stand_in_sends_what_a_mac_was_seen_to_send() -> None:
    words = server_words(["-av", "release/", "potiuk@release.example.org:/airflow/3.0.2/"])
    assert " ".join(words) == "rsync --server -g -l -o -p -D -r -t -v --dirs . /airflow/3.0.2/"


def test_a_mac_pulls_pulls_again_and_sends(mac: Laptop, home: Home) -> None:
    connect(mac)
    ended = mac.sync("broker", "--json")
    assert ended.returncode == 0, ended.stderr
    facts = json.loads(ended.stdout.splitlines()[-1])
    whole = sum(file.bytes for entry in home.tables.values() for file in entry.files)
    assert facts["bytes_moved"] > whole
    assert count(mac, "events") == 60_000
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    (mac.path / "user/notes.sql").write_text("SELECT 1;\n")
    ended = mac.sync("--push")
    assert ended.returncode == 0, ended.stderr
    assert mac.query("FROM stores") == [(8, "Brno")]
    assert (home.path / "user/notes.sql").read_text() == "SELECT 1;\n"


def test_a_plain_rsync_of_a_mac_pulls_and_removes_what_is_gone(mac: Laptop, home: Home) -> None:
    connect(mac)
    there = mac.path / "there"
    (there / "shop").mkdir(parents=True)
    (there / "shop/gone.parquet").touch()
    rsh = f"--rsh={mac.environment['RSYNC_RSH']}"
    line = ["rsync", "-av", "--delete", rsh, "broker:server/parquet/", f"{there}/"]
    subprocess.run(line, env=mac.environment, check=True, stdout=subprocess.DEVNULL)
    offered = home.current / "parquet"
    for folder in (there, offered):
        found = {path.relative_to(folder) for path in folder.rglob("*.parquet")}
        assert found == {
            Path(file.path).relative_to("parquet")
            for entry in home.tables.values()
            for file in entry.files
        }


def test_a_connection_that_breaks_is_continued(mac: Laptop) -> None:
    left = connect(mac, times=1, cut=True)
    ended = mac.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(left.read_text())["times"] == 0
    assert "the transfer broke off (rsync exit code 1), trying again" in ended.stdout
    assert count(mac, "events") == 60_000


def test_a_connection_that_always_breaks_is_one_sentence(mac: Laptop) -> None:
    connect(mac, times=9, cut=True, bytes=BYTES // 8)
    ended = mac.sync("broker")
    sentence = "the connection to broker broke off three times; what has arrived is kept"
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"broker: {sentence}")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout.count("trying again") == 2


def shell(mac: Laptop, script: str) -> None:
    """Have this instead of ssh."""
    place = mac.path.parent / "shell"
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    mac.environment["RSYNC_RSH"] = str(place)


@pytest.mark.parametrize(
    ("line", "sentence", "tries"),
    [
        (
            "ssh: connect to host broker port 22: Connection refused",
            "broker cannot be reached over ssh: check the network, the name and your key",
            3,
        ),
        (
            "anna@broker: Permission denied (publickey).",
            "broker cannot be reached over ssh: check the network, the name and your key",
            1,
        ),
        (
            "Nothing is published here yet; ask the operator.",
            "the connection to broker broke off three times; what has arrived is kept",
            3,
        ),
    ],
)
def test_what_ssh_and_the_broker_say_is_shown(
    mac: Laptop, line: str, sentence: str, tries: int
) -> None:
    shell(mac, f"echo '{line}' >&2; exit 255")
    ended = mac.sync("broker")
    assert (ended.returncode, ended.stderr) == (1, f"broker: {sentence}. {line}\n")
    assert ended.stdout.count("trying again") == (tries - 1) * 3  # three folders


def test_ctrl_c_ends_it_and_the_ssh_that_it_began(mac: Laptop) -> None:
    begun = mac.path.parent / "begun"
    shell(mac, f"echo $$ >>{begun}; exec sleep 300")
    line = ["bash", mac.path / "server/scripts/sync_data.sh", "broker"]
    with subprocess.Popen(line, env=mac.environment, start_new_session=True) as sync:
        wait(lambda: begun.exists() and begun.read_text().count("\n") == 3)
        os.killpg(sync.pid, signal.SIGINT)
        assert sync.wait(timeout=60) == 130
    shells = [int(pid) for pid in begun.read_text().split()]
    wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in shells))


@pytest.mark.parametrize("program", ["openrsync", "rsync"])
def test_ssh_asks_only_where_it_may_read_the_terminal(mac: Laptop, program: str) -> None:
    """In a process group of its own, as of openrsync, it would be stopped, and the sync with it."""
    if program == "rsync":
        (mac.path.parent / "hasty/rsync").unlink()
    words = mac.path.parent / "words"
    shell(mac, f'echo "$*" >>{words}; exit 255')
    line = ["bash", str(mac.path / "server/scripts/sync_data.sh"), "broker"]
    terminal = f"import pty, sys; sys.exit(pty.spawn({line}) >> 8)"
    ended = subprocess.run(
        [sys.executable, "-c", terminal], env=mac.environment, check=False, capture_output=True
    )
    assert ended.returncode == 1, ended.stdout
    assert ("BatchMode=yes" in words.read_text()) == (program == "openrsync")


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)
