"""A backup in the place of the database, with nothing alive in it that was ended since.

A backup knows of sessions that were ended, tokens that were revoked and links that were used
after it was made. So none of these counts after a restore. Where the database that it replaces
can be read, what was taken from people since stays taken.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import create_engine

from ...errors import PortalStateError
from ...files import fsync_dir, write_atomic
from .engine import use_own_transactions
from .problems import state_error
from .upgrade import bring_up, upgrading
from .use import alone_with

__all__ = ["RestoredDatabase", "restore"]

_NOT_ONE = "this is not a backup of a portal's database"
# What people have lost since, as the database before has it. It goes on from the backup, so a
# number is the same person in both, whose address may have changed; another may have the old one.
_TAKEN = (
    """UPDATE OR IGNORE person SET email = (
        SELECT b.email FROM before.person AS b WHERE b.id = person.id)
    WHERE EXISTS (SELECT 1 FROM before.person AS b
        WHERE b.id = person.id AND b.email != person.email)""",
    """UPDATE person SET state = 'removed', is_admin = 0, removed_at = (
        SELECT max(b.removed_at) FROM before.person AS b
        WHERE (b.id = person.id OR b.email = person.email) AND b.state = 'removed')
    WHERE state != 'removed' AND EXISTS (SELECT 1 FROM before.person AS b
        WHERE (b.id = person.id OR b.email = person.email) AND b.state = 'removed')""",
    """UPDATE person SET is_admin = 0 WHERE is_admin AND NOT EXISTS (
        SELECT 1 FROM before.person AS b
        WHERE b.id = person.id AND b.email = person.email AND b.is_admin)""",
    """UPDATE person SET account_uid = 0 WHERE account_uid IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM before.person AS b WHERE b.id = person.id AND b.email = person.email
        AND b.account IS person.account AND b.account_uid IS person.account_uid)""",
    """DELETE FROM identity WHERE NOT EXISTS (SELECT 1 FROM before.identity AS b
        WHERE b.issuer = identity.issuer AND b.subject = identity.subject
        AND b.person_id = identity.person_id)""",
    # Who came after the backup and was removed, too, gets in by no door.
    """INSERT INTO person (email, name, is_admin, state, created_at, removed_at)
    SELECT b.email, b.name, 0, 'removed', b.created_at, b.removed_at FROM before.person AS b
    WHERE b.state = 'removed' AND NOT EXISTS (
        SELECT 1 FROM person WHERE person.email = b.email)""",
    """INSERT INTO identity (person_id, issuer, subject, is_trusted, created_at, last_used_at)
    SELECT person.id, i.issuer, i.subject, i.is_trusted, i.created_at, i.last_used_at
    FROM before.identity AS i JOIN before.person AS b ON b.id = i.person_id
    JOIN person ON person.email = b.email
    WHERE b.state = 'removed' AND NOT EXISTS (SELECT 1 FROM identity AS known
        WHERE known.issuer = i.issuer AND known.subject = i.subject)""",
)
_ENDINGS = ("", "-journal", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class RestoredDatabase:
    """``until`` is the last event that the backup knows, ``ended`` how many of each kind ended;
    ``aside`` is where the database before is, None where there was none. ``is_compared`` says
    whether that could be read and goes on from the backup: without it no person is an admin by the
    database."""

    people: int
    until: datetime | None
    ended: dict[str, int]
    aside: Path | None
    is_compared: bool


def restore(backup: IO[bytes], database: Path, *, keep_tokens: bool = False) -> RestoredDatabase:
    """Put a backup in the place of the database, which is kept beside it.

    Sessions, links and programs that wait to be let in end, and all tokens but with
    ``keep_tokens``. Raises ``PortalStateError`` while a portal uses the database, for what is not
    a backup of one, is damaged or of a newer release: nothing was changed then.
    """
    now = datetime.now(UTC)
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%S.%f}Z")
    with upgrading(database), closing(alone_with(database)), _arriving(backup, database) as copy:
        _check_kind(copy, database)
        _bring_up(copy, database)
        is_whole = _settle(database)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            is_compared = is_whole and _attached(connection, database)
            connection.execute("BEGIN")
            until = connection.execute("SELECT max(at) FROM event").fetchone()[0]
            ended = _end(connection, now, keep_tokens=keep_tokens)
            for statement in _TAKEN if is_compared else ("UPDATE person SET is_admin = 0",):
                connection.execute(statement)
            _note(connection, now, ended)
            people = connection.execute("SELECT count(*) FROM person").fetchone()[0]
            connection.execute("COMMIT")
        _put(copy, database, aside)
    return RestoredDatabase(
        people,
        None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC),
        ended,
        aside if aside.exists() else None,
        is_compared,
    )


@contextmanager
def _arriving(backup: IO[bytes], database: Path) -> Iterator[Path]:
    """The backup in a file of its own, which is gone afterwards whatever happens."""
    path = database.with_name(f".{database.name}.restoring")
    _remove(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            shutil.copyfileobj(backup, stream)
        yield path
    except sqlite3.DatabaseError as error:
        raise (state_error(error, database) or error) from error
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    """A database, and what a killed process left beside it, which would be played into the next."""
    for ending in _ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _check_kind(copy: Path, database: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT id, email FROM person LIMIT 1").fetchone()
            whole = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise _refused(database, _NOT_ONE) from error
    if whole != ("ok",):
        raise _refused(database, "the backup is damaged")


def _refused(database: Path, problem: str) -> PortalStateError:
    return PortalStateError(
        problem,
        where=str(database),
        expected="a file that `broker portal backup` wrote",
        remedy="Nothing was changed. Give another one.",
    )


def _bring_up(copy: Path, database: Path) -> None:
    """What an older release left, too. It stays one file."""
    engine = create_engine(f"sqlite:///{copy}")
    use_own_transactions(engine)
    try:
        bring_up(engine)
    except PortalStateError as error:
        raise _refused(database, error.message.replace("the portal's database", "it")) from error
    finally:
        engine.dispose()


def _settle(database: Path) -> bool:
    """Merge the write-ahead log into the database; False for a missing or unreadable one."""
    if not database.is_file() or not database.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(database, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise PortalStateError(
                "another process uses the portal's database",
                where=str(database),
                remedy="Stop the portal, and end what else has the file open.",
            ) from error
        return False
    except sqlite3.DatabaseError:
        return False


def _attached(connection: sqlite3.Connection, database: Path) -> bool:
    """Whether the database before has what ``_TAKEN`` asks of it, and goes on from the backup."""
    connection.execute("ATTACH ? AS before", (str(database),))
    try:
        last = connection.execute("SELECT id, at, verb FROM event ORDER BY id DESC LIMIT 1")
        known = "SELECT 1 FROM before.event WHERE (id, at, verb) = (?, ?, ?)"
        row = last.fetchone()
        if row is None or connection.execute(known, row).fetchone() is None:
            return False
        connection.execute(
            "SELECT state, is_admin, account, account_uid FROM before.person LIMIT 1"
        )
        connection.execute("SELECT issuer, subject, person_id FROM before.identity LIMIT 1")
    except sqlite3.OperationalError:
        return False
    return True


def _end(connection: sqlite3.Connection, now: datetime, *, keep_tokens: bool) -> dict[str, int]:
    moment = f"{now:%Y-%m-%d %H:%M:%S.%f}"
    ended = {
        "sessions": connection.execute("DELETE FROM session").rowcount,
        "programs": connection.execute("DELETE FROM device_grant").rowcount,
        "links": connection.execute(
            "UPDATE magic_link SET used_at = ? WHERE used_at IS NULL", (moment,)
        ).rowcount,
    }
    if not keep_tokens:
        tokens = "UPDATE token SET revoked_at = ? WHERE revoked_at IS NULL AND expires_at > ?"
        ended["tokens"] = connection.execute(tokens, (moment, moment)).rowcount
    return ended


def _note(connection: sqlite3.Connection, now: datetime, ended: dict[str, int]) -> None:
    detail = ", ".join(f"{count} {kind}" for kind, count in ended.items())
    connection.execute(
        "INSERT INTO event (at, verb, target, result, detail) VALUES (?, ?, '', 'done', ?)",
        (f"{now:%Y-%m-%d %H:%M:%S.%f}", "database.restore", f"ended: {detail}"),
    )


def _put(copy: Path, database: Path, aside: Path) -> None:
    """In one rename. What could not be brought into a damaged database stays beside it."""
    with copy.open("rb") as stream:
        os.fsync(stream.fileno())
    if database.exists():
        os.link(database, aside)
    for ending in ("-wal", "-shm"):
        left = database.with_name(database.name + ending)
        if left.exists():
            left.rename(aside.with_name(aside.name + ending))
    copy.replace(database)
    write_atomic(database.with_suffix(".made"), "", mode=0o600)
    fsync_dir(database.parent)
