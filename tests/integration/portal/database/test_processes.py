"""Several processes and one database: writers side by side, and some that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from broker.portal.database.backup import back_up
from broker.portal.database.backup_note import read_note
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalEvent, PortalPerson
from broker.portal.database.upgrade import upgrade
from tests.documented import ROOT, documented

from .commands import broker

# Reads a number, waits for a line where it is asked to, and writes what is one more. Each number
# that is printed is committed.
COUNTER = """
import sys
from datetime import UTC, datetime, timedelta
from sqlalchemy import select
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalEvent, PortalPerson
from broker.portal.database.upgrade import upgrade

database = Database(sys.argv[1], upgrade)
for turn in range(int(sys.argv[2])):
    with database.begin() as session:
        person = session.scalars(select(PortalPerson)).one()
        count = int(person.name or 0)
        if sys.argv[3] == "stop":
            print("read", flush=True)
            sys.stdin.readline()
        person.name = str(count + 1)
        session.add(PortalEvent(at=datetime.now(UTC), verb="count", target=person.name))
    print(person.name, flush=True)
"""

# A restore that is killed before the step that is named.
KILLED = """
import os, signal, sys
from pathlib import Path
from broker.portal.database import restore

folder, step = Path(sys.argv[1]), sys.argv[2]
if step:
    setattr(restore, step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
with (folder / "copy").open("rb") as backup:
    restore.restore(backup, folder / "portal.sqlite3")
"""


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'portal.sqlite3'}"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(url(tmp_path), upgrade)
    with made.begin() as session:
        session.add(PortalPerson(email="a@example.com", created_at=datetime.now(UTC)))
    return made


def counter(database: Database, turns: int, how: str = "go") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COUNTER, str(database.engine.url), str(turns), how],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def counted(database: Database) -> tuple[int, list[str]]:
    with database.read() as session:
        name = session.scalars(select(PortalPerson.name)).one()
        return int(name or 0), list(session.scalars(select(PortalEvent.target)))


def standing(folder: Path) -> tuple[int, list[str]]:
    """The same of a database that no process uses, before and afterwards."""
    database = Database(url(folder), upgrade)
    try:
        return counted(database)
    finally:
        database.close()


def test_of_two_processes_that_write_neither_loses_anything(database: Database) -> None:
    processes = [counter(database, 100) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    total, events = counted(database)
    assert total == 200
    assert sorted(map(int, events)) == [*range(1, 201)]
    assert sorted(int(number) for output in outputs for number in output) == [*range(1, 201)]


def test_a_process_that_is_killed_between_read_and_write_loses_and_blocks_nothing(
    database: Database,
) -> None:
    with counter(database, 1, "stop") as stopped:
        assert stopped.stdout is not None
        assert stopped.stdout.readline() == "read\n"
        stopped.send_signal(signal.SIGKILL)
        stopped.wait()
    assert counted(database) == (0, [])
    with counter(database, 1) as after:
        assert after.communicate(timeout=60)[0] == "1\n"
    assert counted(database) == (1, ["1"])


def test_what_was_reported_as_written_outlasts_kills(database: Database) -> None:
    reported = 0
    for _ in range(4):
        with counter(database, 10_000) as process:
            assert process.stdout is not None
            for _ in range(5):
                reported = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()
            reported = int(rest[-1]) if rest else reported
            process.wait()
        total, events = counted(database)
        assert total in (reported, reported + 1)  # committed, and killed before it said so
        assert sorted(map(int, events)) == [*range(1, total + 1)]
    Database(url(database.path.parent), upgrade).ready()


def test_many_processes_that_start_at_once_make_one_database(tmp_path: Path) -> None:
    command = (
        "import sys; from broker.portal.database.engine import Database;"
        "from broker.portal.database.upgrade import upgrade; Database(sys.argv[1], upgrade).ready()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", command, url(tmp_path)], cwd=ROOT) for _ in range(3)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    with Database(url(tmp_path), upgrade).read() as session:
        assert session.scalars(select(PortalPerson)).all() == []


def test_a_backup_is_made_and_restored_as_the_page_says(database: Database, tmp_path: Path) -> None:
    """While a process writes, which is killed, and again after the restore."""
    with counter(database, 10_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        made = broker(tmp_path, documented("portal-backup"))
        assert (made.returncode, "is whole" in made.stdout) == (0, True)
        noted = read_note(database.path, datetime.now(UTC))
        refused = broker(tmp_path, documented("portal-restore"))
        assert (refused.returncode, "the portal runs" in refused.stderr) == (1, True)
        process.kill()
        process.wait()
    total, events = counted(database)
    database.close()
    done = broker(tmp_path, documented("portal-restore"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 people" in done.stdout
    found, kept = standing(tmp_path)
    assert 1 <= found <= total
    assert kept == [*events[:found], ""]
    assert noted is not None
    backup = tmp_path / "portal.backup"
    assert (noted.file, noted.bytes) == (str(backup), backup.stat().st_size)
    assert datetime.now(UTC) - noted.at < timedelta(minutes=10)


def test_a_backup_replaces_nothing_but_files_and_what_fails_is_one_sentence(
    database: Database, tmp_path: Path
) -> None:
    database.close()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for name, words in (
        ("pipe", "not a file that a backup may replace"),
        ("link", "not a file that a backup may replace"),
        ("absent/backup", "No such file or directory"),
    ):
        done = broker(tmp_path, [f"sudo broker portal backup {tmp_path / name}"])
        assert (done.returncode, done.stderr.count("\n"), words in done.stderr) == (1, 1, True)
    assert pipe.is_fifo()
    assert read_note(database.path, datetime.now(UTC)) is None
    done = broker(tmp_path, [f"sudo broker portal restore {tmp_path}/absent"])
    assert (done.returncode, "No such file or directory" in done.stderr) == (1, True)


def test_a_restore_that_is_killed_leaves_a_database_that_is_whole(
    database: Database, tmp_path: Path
) -> None:
    """At each of its steps; typed again it succeeds."""
    back_up(database.path, tmp_path / "copy")
    with database.begin() as session:
        session.scalars(select(PortalPerson)).one().name = "7"
    database.close()
    for step in ("_settle", "_end", "_put", "write_atomic"):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path), step], cwd=ROOT, check=False, timeout=60
        )
        assert killed.returncode == -signal.SIGKILL, step
        is_put = step == "write_atomic"
        assert standing(tmp_path)[0] == (0 if is_put else 7), step
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), ""], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert standing(tmp_path)[0] == 0
    assert not list(tmp_path.glob(".*"))
