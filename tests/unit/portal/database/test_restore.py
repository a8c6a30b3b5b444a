"""A restore: what comes back, and what does not although the backup has it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from broker.errors import PortalStateError
from broker.portal.database.backup import back_up, stream_backup
from broker.portal.database.engine import Database
from broker.portal.database.models import (
    DeviceGrant,
    LoginSession,
    MagicLink,
    PersonalToken,
    PersonState,
    PortalEvent,
    PortalPerson,
    SignInIdentity,
)
from broker.portal.database.restore import RestoredDatabase, restore
from broker.portal.database.upgrade import upgrade
from broker.portal.identity.accounts import UNTIED
from broker.portal.identity.people import remove_person

from .test_engine import NOON

LATER = NOON + timedelta(days=3650)
NAMES = ("anna", "bob", "cleo", "dora")


def at(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'portal.sqlite3'}", upgrade)


def person(session: Session, name: str) -> PortalPerson:
    email = f"{name}@example.com"
    return session.scalars(select(PortalPerson).where(PortalPerson.email == email)).one()


def fill(session: Session) -> None:
    """Each with an account, a session, a token, a link, a program that waits, an identity."""
    for number, name in enumerate(NAMES, start=1):
        session.add(
            PortalPerson(
                id=number,
                email=f"{name}@example.com",
                account=name,
                account_uid=2000 + number,
                is_admin=name in ("anna", "bob"),
                created_at=NOON,
            )
        )
        session.flush()
        both = {"created_at": NOON, "expires_at": LATER}
        session.add_all(
            [
                LoginSession(digest=name, person_id=number, method="x", last_seen_at=NOON, **both),
                PersonalToken(digest=name, person_id=number, name=name, scopes="me:read", **both),
                MagicLink(digest=name, email=f"{name}@example.com", **both),
                DeviceGrant(
                    device_digest=name,
                    user_digest=name,
                    client="x",
                    scopes="me:read",
                    person_id=number,
                    **both,
                ),
                SignInIdentity(
                    person_id=number, issuer="x", subject=name, is_trusted=True, created_at=NOON
                ),
                PortalEvent(at=NOON, person_id=number, verb="sign_in"),
            ]
        )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Which no process uses, and its backup beside it."""
    made = at(tmp_path)
    with made.begin() as session:
        fill(session)
    back_up(made.path, tmp_path / "backup")
    made.close()
    return made


def restored(database: Database, *, keep_tokens: bool = False) -> RestoredDatabase:
    with (database.path.parent / "backup").open("rb") as stream:
        return restore(stream, database.path, keep_tokens=keep_tokens)


def alive(database: Database) -> dict[str, int]:
    """What lets anyone in."""
    counted = {
        "sessions": select(func.count()).select_from(LoginSession),
        "programs": select(func.count()).select_from(DeviceGrant),
        "links": select(func.count()).select_from(MagicLink).where(MagicLink.used_at.is_(None)),
        "tokens": select(func.count())
        .select_from(PersonalToken)
        .where(PersonalToken.revoked_at.is_(None)),
    }
    with database.read() as session:
        return {name: session.scalar(one) or 0 for name, one in counted.items()}


def change(database: Database, act: Callable[[Session], object]) -> None:
    with database.begin() as session:
        act(session)
    database.close()


def test_what_was_lost_is_there_again_and_lets_no_one_in(database: Database) -> None:
    change(database, lambda session: session.execute(text("UPDATE person SET name = 'gone'")))
    done = restored(database)
    assert alive(database) == {"sessions": 0, "programs": 0, "links": 0, "tokens": 0}
    assert done.ended == dict.fromkeys(("sessions", "programs", "links", "tokens"), len(NAMES))
    assert (done.people, done.until, done.is_compared) == (len(NAMES), NOON, True)
    with database.read() as session:
        assert {person(session, name).name for name in NAMES} == {""}
        assert [person(session, name).account_uid for name in NAMES] == [2001, 2002, 2003, 2004]
        assert [person(session, name).is_admin for name in NAMES] == [True, True, False, False]
        last = session.scalars(select(PortalEvent).order_by(PortalEvent.id.desc())).first()
        assert last is not None
        assert (last.verb, "4 sessions" in last.detail) == ("database.restore", True)
    assert done.aside is not None
    assert done.aside.stat().st_mode & 0o777 == 0o600
    with database.engine.connect() as connection:
        connection.execute(text("ATTACH :path AS before"), {"path": str(done.aside)})
        assert connection.execute(
            text("SELECT DISTINCT name FROM before.person")
        ).scalars().all() == ["gone"]


def test_tokens_count_as_in_the_backup_where_the_operator_says_so(database: Database) -> None:
    assert "tokens" not in restored(database, keep_tokens=True).ended
    assert alive(database) == {"sessions": 0, "programs": 0, "links": 0, "tokens": len(NAMES)}


def test_what_was_taken_since_the_backup_stays_taken(database: Database) -> None:
    def taken(session: Session) -> None:
        remove_person(session, person(session, "anna"), NOON + timedelta(hours=1))
        person(session, "bob").is_admin = False
        person(session, "cleo").account_uid = UNTIED
        session.delete(person(session, "dora").identities[0])

    change(database, taken)
    restored(database)
    with database.read() as session:
        anna = person(session, "anna")
        assert (anna.state, anna.is_admin) == (PersonState.REMOVED, False)
        assert anna.removed_at == NOON + timedelta(hours=1)
        assert person(session, "bob").is_admin is False
        assert person(session, "cleo").account_uid == UNTIED
        kept = session.scalars(select(SignInIdentity.subject)).all()
        assert sorted(kept) == ["anna", "bob", "cleo"]


def test_who_came_after_the_backup_and_was_removed_stays_removed(database: Database) -> None:
    def came_and_went(session: Session) -> None:
        eve = PortalPerson(email="eve@example.com", created_at=NOON)
        session.add(eve)
        session.flush()
        known = {"issuer": "x", "subject": "eve", "is_trusted": True, "created_at": NOON}
        session.add(SignInIdentity(person_id=eve.id, **known))
        remove_person(session, eve, NOON + timedelta(hours=1))

    change(database, came_and_went)
    restored(database)
    with database.read() as session:
        eve = person(session, "eve")
        assert (eve.state, eve.removed_at) == (PersonState.REMOVED, NOON + timedelta(hours=1))
        assert [one.subject for one in eve.identities] == ["eve"]


def test_an_address_that_is_anothers_by_now_opens_nothing_of_who_had_it(
    database: Database,
) -> None:
    def moved(session: Session) -> None:
        person(session, "anna").email = "ann@example.com"
        session.flush()
        session.add(PortalPerson(email="anna@example.com", created_at=NOON))

    change(database, moved)
    restored(database)
    with database.read() as session:
        assert session.scalar(select(PortalPerson).where(PortalPerson.email.like("anna@%"))) is None
        ann = person(session, "ann")
        assert (ann.is_admin, ann.account_uid) == (True, 2001)


def test_two_who_exchanged_addresses_have_no_rights_by_them(database: Database) -> None:
    def exchanged(session: Session) -> None:
        anna, bob = person(session, "anna"), person(session, "bob")
        for one, email in ((anna, "x"), (bob, "anna"), (anna, "bob")):
            one.email = f"{email}@example.com"
            session.flush()

    change(database, exchanged)
    restored(database)
    with database.read() as session:
        for name in ("anna", "bob"):
            assert (person(session, name).is_admin, person(session, name).account_uid) == (False, 0)


def test_a_database_that_does_not_go_on_from_the_backup_takes_every_admin(
    database: Database,
) -> None:
    database.path.unlink()
    database.path.with_suffix(".made").unlink()
    new = at(database.path.parent)
    with new.begin() as session:
        session.add(PortalPerson(email="boss@example.com", is_admin=True, created_at=NOON))
        session.add(PortalEvent(at=NOON + timedelta(days=1), verb="sign_in"))
    new.close()
    done = restored(database)
    assert done.is_compared is False
    with database.read() as session:
        assert not any(person(session, name).is_admin for name in NAMES)
        assert [person(session, name).account_uid for name in NAMES] == [2001, 2002, 2003, 2004]


def test_what_a_killed_restore_left_is_not_played_into_the_next(database: Database) -> None:
    journal = database.path.with_name(f".{database.path.name}.restoring-journal")
    journal.write_bytes(b"left over")
    restored(database)
    assert not journal.exists()


@pytest.mark.parametrize("damage", ["gone", "empty", "half", "text"])
def test_over_a_database_that_cannot_be_read_no_one_is_an_admin_by_it(
    database: Database, damage: str
) -> None:
    path, content = database.path, database.path.read_bytes()
    bad = {"empty": b"", "half": content[: len(content) // 2], "text": b"x" * 9_000}.get(damage)
    path.unlink()
    if bad is not None:
        path.write_bytes(bad)
    done = restored(database)
    assert done.is_compared is False
    assert (done.aside.read_bytes() if done.aside else None) == bad
    with database.read() as session:
        assert not any(person(session, name).is_admin for name in NAMES)
    assert alive(database)["sessions"] == 0


def test_a_portal_that_runs_keeps_its_database(database: Database) -> None:
    other = at(database.path.parent)
    with other.read():
        pass
    before = database.path.read_bytes()
    with pytest.raises(PortalStateError, match=r"the portal runs.*systemctl stop broker-portal"):
        restored(database)
    assert database.path.read_bytes() == before
    other.close()
    restored(database)


def test_while_it_is_restored_no_portal_begins(database: Database) -> None:
    def reading() -> bytes:
        with pytest.raises(PortalStateError, match="being restored"):
            Database(str(database.engine.url)).ready()
        return (database.path.parent / "backup").read_bytes()

    class Backup(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            self.__init__(reading()) if not self.getvalue() else None  # type: ignore[misc]
            return super().read(size)

    restore(Backup(), database.path)
    assert alive(database)["sessions"] == 0


def test_another_program_that_has_the_file_open_keeps_it(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM person"))
        with pytest.raises(PortalStateError, match="another process uses"):
            restored(database)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda _: b"", "not a backup of a portal"),
        (lambda _: b"a text" * 900, "not a backup of a portal"),
        (lambda one: one[:5_000], "not a backup of a portal|damaged"),
        (lambda one: one[:4096] + b"\xff" * 8192 + one[12_288:], "damaged|not a backup"),
    ],
)
def test_what_is_not_a_backup_changes_nothing(
    database: Database, content: Callable[[bytes], bytes], sentence: str
) -> None:
    backup = database.path.parent / "backup"
    backup.write_bytes(content(backup.read_bytes()))
    before = {one.name: one.read_bytes() for one in database.path.parent.iterdir()}
    with pytest.raises(PortalStateError, match=sentence):
        restored(database)
    after = {one.name: one.read_bytes() for one in database.path.parent.iterdir()}
    assert after == before
    assert alive(database)["sessions"] == len(NAMES)


def test_a_backup_of_a_newer_release_is_refused(database: Database) -> None:
    other = at(database.path.parent)
    with other.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    back_up(database.path, database.path.parent / "backup")
    with other.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    other.close()
    with pytest.raises(PortalStateError, match="of a newer release"):
        restored(database)
    assert alive(database)["sessions"] == len(NAMES)


def test_a_backup_is_streamed_whole_while_the_portal_writes(database: Database) -> None:
    found = io.BytesIO()
    with database.begin() as session:
        person(session, "anna").name = "not committed"
        session.flush()
        stream_backup(database.path, found)
    database.close()
    restore(io.BytesIO(found.getvalue()), database.path)
    assert not list(database.path.parent.glob(".*"))
    with database.read() as session:
        assert person(session, "anna").name == ""
