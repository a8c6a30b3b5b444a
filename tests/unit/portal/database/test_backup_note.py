"""The note of the last backup: as it was written, and each way in which it cannot be believed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from broker.portal.database.backup_note import MOST_AGE, BackupNote, BackupStanding, write_note

from .test_engine import NOON

NOTE = BackupNote(NOON, "/root/portal.backup", 98_304)
FACTS = {"at": NOON.isoformat(), "file": "x", "bytes": 1}
NAME = "portal.backup.json"


def database(folder: Path) -> Path:
    return folder / "portal.sqlite3"


def test_without_a_note_there_was_no_backup(tmp_path: Path) -> None:
    assert BackupStanding.of(database(tmp_path), NOON) == BackupStanding(None)


def test_the_portal_alone_reads_what_was_noted(tmp_path: Path) -> None:
    file = os.fsdecode(b"/root/\xff\xe2\x80\xae.backup")
    zone = timezone(timedelta(hours=2))
    write_note(database(tmp_path), BackupNote(NOON.astimezone(zone), file, 7))
    found = BackupStanding.of(database(tmp_path), NOON)
    assert found == BackupStanding(BackupNote(NOON, file, 7))
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_backup_is_old_after_a_week(tmp_path: Path) -> None:
    write_note(database(tmp_path), NOTE)
    second = timedelta(seconds=1)
    for now, is_old in ((NOON, False), (NOON + MOST_AGE, False), (NOON + MOST_AGE + second, True)):
        assert BackupStanding.of(database(tmp_path), now) == BackupStanding(NOTE, is_old=is_old)
    assert MOST_AGE.days == 7


def test_a_clock_that_went_back_is_a_problem_and_not_a_new_backup(tmp_path: Path) -> None:
    write_note(database(tmp_path), NOTE)
    found = BackupStanding.of(database(tmp_path), NOON - timedelta(minutes=2))
    assert (found.note, found.is_old) == (None, False)
    assert "of a moment that is yet to come" in found.problem
    assert "clock of the host" in found.problem
    assert BackupStanding.of(database(tmp_path), NOON - timedelta(seconds=30)).note == NOTE


DAMAGE = {
    "empty": b"",
    "another kind": b"[1]",
    "no field": b"{}",
    "no text": b"\xff\xfe{}",
    "deep": b"[" * 60_000,
    "half": json.dumps(FACTS).encode()[:-9],
    "another field": json.dumps({**FACTS, "more": 1}).encode(),
    "no zone": json.dumps({**FACTS, "at": "2026-11-30T12:00:00"}).encode(),
    "before the first year": json.dumps({**FACTS, "at": "0001-01-01T00:00:00+14:00"}).encode(),
    "a number of a time": json.dumps({**FACTS, "at": 1}).encode(),
    "no name": json.dumps({**FACTS, "file": ""}).encode(),
    "null for a name": json.dumps({**FACTS, "file": None}).encode(),
    "true for a size": json.dumps({**FACTS, "bytes": True}).encode(),
    "a size below zero": json.dumps({**FACTS, "bytes": -1}).encode(),
    "text for a size": json.dumps({**FACTS, "bytes": "7"}).encode(),
    "long": json.dumps(FACTS).encode() + b" " * 70_000,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_no_broker_writes_is_damaged(tmp_path: Path, damage: str) -> None:
    (tmp_path / NAME).write_bytes(json.dumps(FACTS).encode())
    assert BackupStanding.of(database(tmp_path), NOON).problem == ""
    (tmp_path / NAME).write_bytes(DAMAGE[damage])
    found = BackupStanding.of(database(tmp_path), NOON)
    assert (found.note, found.is_old) == (None, False)
    assert "the note of the last backup is damaged" in found.problem
    assert f"{tmp_path}/{NAME}" in found.problem
    assert "sudo broker portal backup FILE" in found.problem


def _as_link(path: Path) -> None:
    path.with_suffix(".away").write_text(json.dumps(FACTS))
    path.symlink_to(path.with_suffix(".away"))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Path.mkdir, "damaged"),
        (os.mkfifo, "damaged"),
        (_as_link, "cannot be read"),
    ],
)
def test_what_is_not_a_file_is_neither_read_nor_waited_for(
    tmp_path: Path, make: Callable[[Path], object], sentence: str
) -> None:
    make(tmp_path / NAME)
    assert sentence in BackupStanding.of(database(tmp_path), NOON).problem


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_note_of_another_account_is_not_believed(tmp_path: Path) -> None:
    write_note(database(tmp_path), NOTE)
    os.chown(tmp_path / NAME, 4711, -1)
    problem = BackupStanding.of(database(tmp_path), NOON).problem
    assert "the note of the last backup belongs to another account" in problem
    assert "the account with the number 4711" in problem
