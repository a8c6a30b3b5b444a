from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from broker.errors import PortalStateError
from broker.portal.database.backup import back_up
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson, PortalTables
from broker.portal.database.upgrade import upgrade

from .test_engine import NOON


def at(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'portal.sqlite3'}", upgrade)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one person in it, which no process has open."""
    database = at(tmp_path)
    add(database, "anna@example.com")
    database.engine.dispose()
    return database.path


def add(database: Database, *emails: str) -> None:
    with database.begin() as session:
        session.add_all(PortalPerson(email=email, created_at=NOON) for email in emails)


def people(folder: Path) -> list[str]:
    database = at(folder)
    with database.read() as session:
        return list(session.scalars(select(PortalPerson.email).order_by(PortalPerson.email)))


def test_the_migrations_make_what_the_models_say(path: Path) -> None:
    engine = at(path.parent).engine
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, PortalTables.metadata) == []


def test_it_is_made_once_and_stays(path: Path) -> None:
    assert people(path.parent) == ["anna@example.com"]
    assert people(path.parent) == ["anna@example.com"]


def test_its_files_are_its_owner_s_alone(path: Path) -> None:
    database = at(path.parent)
    add(database, "eva@example.com")
    modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
    assert {*modes} >= {"portal.sqlite3", "portal.sqlite3-wal", "portal.made", "portal.lock"}
    assert {*modes.values()} == {0o600}


def test_one_of_a_newer_release_is_refused_and_stays_as_it_is(path: Path) -> None:
    database = at(path.parent)
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(PortalStateError, match=r"is of a newer release.*Install that release"):
        people(path.parent)
    with at(path.parent).engine.connect() as connection:
        assert connection.execute(text("SELECT email FROM person")).scalars().all() == [
            "anna@example.com"
        ]


@pytest.mark.parametrize("damage", ["half", "text", "middle"])
def test_a_damaged_file_is_refused_with_its_own_sentence(path: Path, damage: str) -> None:
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(
        {
            "half": content[:half],
            "text": b"a text that is not a database at all" * 100,
            "middle": content[:4096] + b"\xff" * 8192 + content[4096 + 8192 :],
        }[damage]
    )
    before = path.read_bytes()
    with pytest.raises(
        PortalStateError, match=r"is damaged.*restore the last backup: broker portal restore FILE"
    ):
        people(path.parent)
    assert path.read_bytes() == before


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_that_was_emptied_or_removed_is_not_a_new_one(path: Path, is_there: bool) -> None:
    path.write_bytes(b"")
    if not is_there:
        path.unlink()
    with pytest.raises(PortalStateError, match="is gone or empty"):
        people(path.parent)
    assert not path.exists() or path.stat().st_size == 0


def test_it_is_usable_again_without_a_restart_once_it_is_mended(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:5000])
    database = at(path.parent)
    with pytest.raises(PortalStateError):
        database.ready()
    path.write_bytes(content)
    with database.read() as session:
        assert session.scalars(select(PortalPerson.email)).all() == ["anna@example.com"]


@pytest.mark.parametrize("name", ["absent", "a_file"])
def test_a_folder_that_cannot_be_written_has_its_own_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "a_file").write_text("")
    with pytest.raises(PortalStateError, match=r"cannot be written.*Make room"):
        at(tmp_path / name).ready()


def test_a_migration_that_fails_leaves_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "migrations/versions"
    versions.mkdir(parents=True)
    (versions / "0001_half.py").write_text(
        "from alembic import op\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE first (x)')\n    op.execute('NOT SQL')\n"
    )
    monkeypatch.setattr("broker.portal.database.upgrade.MIGRATIONS", tmp_path / "migrations")
    database = at(tmp_path)
    with pytest.raises(Exception, match="syntax error"):
        database.ready()
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master")).all() == []


def test_a_backup_is_whole_while_others_write(path: Path, tmp_path: Path) -> None:
    database, target = at(path.parent), tmp_path / "backup/portal.sqlite3"
    target.parent.mkdir()
    add(database, "eva@example.com")
    with database.begin() as session:
        session.add(PortalPerson(email="late@example.com", created_at=NOON))
        session.flush()
        back_up(path, target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert people(target.parent) == ["anna@example.com", "eva@example.com"]


def test_a_backup_of_a_damaged_database_is_refused_and_the_one_before_stays(path: Path) -> None:
    target = path.parent / "copy"
    target.write_text("the one before")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(PortalStateError, match="damaged"):
        back_up(path, target)
    assert target.read_text() == "the one before"
    assert not list(path.parent.glob(".copy*"))
    with pytest.raises(PortalStateError, match="there is no database"):
        back_up(path.parent / "absent", target)
