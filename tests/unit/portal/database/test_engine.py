from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson, PortalTables

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'portal.sqlite3'}")
    PortalTables.metadata.create_all(made.engine)
    return made


def test_what_is_committed_is_there_for_the_next(database: Database) -> None:
    with database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=NOON))
    with database.read() as session:
        anna = session.scalars(select(PortalPerson)).one()
    assert (anna.email, anna.created_at, anna.is_admin) == ("anna@example.com", NOON, False)


def test_a_block_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add_all(
            PortalPerson(email=email, created_at=NOON) for email in ("eva@x.org", "eva@x.org")
        )
    with database.read() as session:
        assert session.scalars(select(PortalPerson)).all() == []


def test_two_people_have_two_addresses(database: Database) -> None:
    with database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=NOON))
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=NOON))


def test_an_instant_of_any_zone_comes_back_in_utc(database: Database) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    with database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=there))
    with database.read() as session:
        assert session.scalars(select(PortalPerson.created_at)).one().tzinfo is UTC
        stored = session.execute(text("SELECT created_at FROM person")).scalar_one()
    assert stored == "2026-11-30 12:00:00.000000"


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"), database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=datetime(2026, 1, 1)))


def test_who_reads_does_not_wait_for_who_writes(database: Database) -> None:
    with database.begin() as writing:
        writing.add(PortalPerson(email="anna@example.com", created_at=NOON))
        writing.flush()
        with database.read() as reading:
            assert reading.scalars(select(PortalPerson)).all() == []


def test_the_second_writer_waits_and_reads_what_the_first_wrote(database: Database) -> None:
    """BEGIN IMMEDIATE: whoever read before and writes after would lose what came in between."""
    other = Database(str(database.engine.url))
    with database.begin() as session:
        session.add(PortalPerson(email="anna@example.com", created_at=NOON))
    with other.begin() as session:
        session.scalars(select(PortalPerson)).one().is_admin = True
    with database.begin() as session:
        assert session.scalars(select(PortalPerson)).one().is_admin
