"""Backups that are killed, side by side, and of folders that belong to others."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.portal.database.backup_note import BackupStanding, read_note
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson
from broker.portal.database.upgrade import upgrade
from tests.documented import ROOT, documented

from .commands import broker

# A backup that says when its copy stands in the folder, and waits for a line.
WAITING = """
import shutil, sys
from broker.cli import main
from broker.portal.database import backup

whole = shutil.copyfileobj

def waiting(source, target):
    print("standing", flush=True)
    sys.stdin.readline()
    whole(source, target)

backup.shutil.copyfileobj = waiting
sys.argv[1:] = ["portal", "backup", sys.argv[1], "--state", sys.argv[2]]
sys.exit(main())
"""
SCENE_UID = 4711
STRANGER = 4712


@pytest.fixture
def state() -> Iterator[Path]:
    """The folder of a portal with one person, which every account can reach."""
    with tempfile.TemporaryDirectory(prefix="portal-backups-") as folder:
        Path(folder).chmod(0o755)
        made = Path(folder, "state")
        made.mkdir(0o700)
        database = Database(f"sqlite:///{made / 'portal.sqlite3'}", upgrade)
        with database.begin() as session:
            session.add(PortalPerson(email="a@example.com", created_at=datetime.now(UTC)))
        database.close()
        yield made


def give(folder: Path, uid: int) -> None:
    for one in (folder, *folder.rglob("*")):
        os.chown(one, uid, uid, follow_symlinks=False)


def waiting_backup(target: Path, state: Path) -> subprocess.Popen[str]:
    """One whose copy stands in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(target), str(state)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "standing\n"
    return process


def hidden(folder: Path) -> list[str]:
    return sorted(one.name.split("-")[0] for one in folder.iterdir() if one.name[0] == ".")


def people(backup: Path) -> int:
    with closing(sqlite3.connect(backup)) as connection:
        return int(connection.execute("SELECT count(*) FROM person").fetchone()[0])


def test_what_a_killed_backup_left_is_gone_after_the_next_and_that_of_one_that_runs_stays(
    state: Path,
) -> None:
    """The processes of a backup at once; and the first one alone, when the other goes on."""
    target = state.parent / "portal.backup"
    with waiting_backup(target, state) as killed:
        os.killpg(killed.pid, signal.SIGKILL)
    assert (hidden(state), hidden(state.parent)) == ([".backup"], [".portal.backup.arriving"])
    assert read_note(state / "portal.sqlite3", datetime.now(UTC)) is None
    mine = [state / ".backup-of-mine", state.parent / ".portal.backup.swp"]
    for one in mine:
        one.write_bytes(b"")
    with waiting_backup(target, state) as runs:
        running = {*state.glob(".backup-????????"), *state.parent.glob(".*arriving-*")}
        assert len(running) == 2
        done = broker(state, [f"sudo broker portal backup {target}"])
        assert (done.returncode, done.stderr) == (0, "")
        assert running == {*state.glob(".backup-????????"), *state.parent.glob(".*arriving-*")}
        target.unlink()
        assert runs.communicate("\n", timeout=60)[0].startswith("The backup")
    assert runs.returncode == 0
    assert people(target) == 1
    assert {*mine} == {*state.glob(".*"), *state.parent.glob(".*")}


def test_a_backup_whose_first_process_is_killed_is_not_noted(state: Path) -> None:
    target = state.parent / "portal.backup"
    with waiting_backup(target, state) as killed:
        killed.kill()
        killed.wait()
        assert killed.stdin is not None
        assert broker(state, [f"sudo broker portal backup {target}.2"]).returncode == 0
        assert hidden(state) == [".backup"]
        noted = read_note(state / "portal.sqlite3", datetime.now(UTC))
        killed.stdin.write("\n")
        killed.stdin.close()
        assert killed.stdout is not None
        killed.stdout.read()  # until the other process has ended, too
    assert hidden(state) == []
    assert noted is not None
    assert noted.file == f"{target}.2"
    assert not target.exists()


def test_a_backup_that_fails_leaves_the_note_of_the_one_before(state: Path) -> None:
    target, path = state.parent / "portal.backup", state / "portal.sqlite3"
    assert broker(state, [f"sudo broker portal backup {target}"]).returncode == 0
    before = read_note(path, datetime.now(UTC))
    path.write_bytes(path.read_bytes()[:5_000])
    done = broker(state, [f"sudo broker portal backup {target}"])
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "database is damaged" in done.stderr
    assert read_note(path, datetime.now(UTC)) == before is not None
    assert people(target) == 1


def test_a_note_that_cannot_be_written_is_said_of_a_backup_that_is_whole(state: Path) -> None:
    (state / "portal.backup.json").mkdir()
    done = broker(state, [f"sudo broker portal backup {state.parent / 'portal.backup'}"])
    assert (done.returncode, "is whole" in done.stdout) == (1, True)
    assert "its note cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert people(state.parent / "portal.backup") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
class TestFoldersOfOthers:
    def test_root_acts_as_the_account_whose_folder_it_is(self, state: Path) -> None:
        give(state, SCENE_UID)
        for line in (documented("portal-backup"), documented("portal-restore")):
            target = state.parent / "portal.backup"
            done = broker(state, [line[0].replace("portal.backup", str(target))])
            assert (done.returncode, done.stderr) == (0, "")
            assert {one.stat().st_uid for one in state.iterdir()} == {SCENE_UID}
            assert target.stat().st_uid == 0
        found = BackupStanding.of(state / "portal.sqlite3", datetime.now(UTC))
        assert "belongs to another account" in found.problem  # to this one, which is not its

    @pytest.mark.parametrize("verb", ["backup", "restore"])
    @pytest.mark.parametrize("mode", [0o700, 0o755])
    def test_another_account_is_told_whose_it_is(self, state: Path, verb: str, mode: int) -> None:
        give(state, SCENE_UID)
        state.chmod(mode)
        before = {one.name: one.read_bytes() for one in state.iterdir()}
        line = f"sudo broker portal {verb} {state.parent / 'portal.backup'}"
        done = broker(state, [line], uid=STRANGER)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"{state}: this belongs to another account" in done.stderr
        assert f"expected the number {STRANGER}; found the number {SCENE_UID}" in done.stderr
        assert "sudo broker portal" in done.stderr
        assert {one.name: one.read_bytes() for one in state.iterdir()} == before

    def test_a_folder_in_one_that_is_closed_is_said_to_be(self, state: Path) -> None:
        state.parent.chmod(0o700)
        done = broker(state, ["sudo broker portal backup x"], uid=STRANGER)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "is closed to you" in done.stderr

    @pytest.mark.parametrize("verb", ["backup", "restore"])
    def test_a_database_that_is_not_of_the_owner_of_its_folder_is_refused(
        self, state: Path, verb: str
    ) -> None:
        """As a copy that root put there by hand; the command that mends it is named."""
        target = state.parent / "portal.backup"
        assert broker(state, [f"sudo broker portal backup {target}"]).returncode == 0
        give(state, SCENE_UID)
        os.chown(state / "portal.sqlite3", 0, 0)
        done = broker(state, [f"sudo broker portal {verb} {target}"])
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"expected the number {SCENE_UID}; found root" in done.stderr
        mend = done.stderr[done.stderr.index("chown") :].strip()
        subprocess.run(mend.split(), check=True)
        done = broker(state, [f"sudo broker portal {verb} {target}"])
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("verb", ["backup", "restore"])
    def test_what_root_left_in_the_folder_is_named(self, state: Path, verb: str) -> None:
        target = state.parent / "portal.backup"
        assert broker(state, [f"sudo broker portal backup {target}"]).returncode == 0
        give(state, SCENE_UID)
        name = {"backup": "portal.backing-up", "restore": "portal.use"}[verb]
        (state / name).touch(0o600)
        (state / name).chmod(0o600)
        os.chown(state / name, 0, 0)
        done = broker(state, [f"sudo broker portal {verb} {target}"])
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"{state / name}: " in done.stderr
        assert "Permission denied" in done.stderr
        assert "the owner and mode of" in done.stderr
