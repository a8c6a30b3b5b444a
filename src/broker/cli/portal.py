"""``broker portal``: the web pages, from the console of their host."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from ..audit.reading import read_log
from ..config import SECTIONS_OF_PORTAL, SECTIONS_OF_SOURCES, find_config_dir, load_instance
from ..errors import BrokerError, ConfigError, PortalStateError
from ..files import fsync_dir
from ..helper.grammar import render_error
from ..hostpaths import AUDIT_LOG, PORTAL_STATE
from ..portal.database.abandoned import keep_locked, remove_abandoned
from ..portal.database.backup import stream_backup
from ..portal.database.backup_note import BackupNote, write_note
from ..portal.database.engine import Database
from ..portal.database.restore import restore as restore_database
from ..portal.database.upgrade import upgrade
from ..portal.identity.console import console_link
from ..portal.settings import database_in
from .options import config_dir
from .terminal import say

__all__ = ["portal"]

_MOST_BYTES = 4_096  # which a pipe takes at once


@click.group()
def portal() -> None:
    """Let an admin into the portal; its backup and restore."""


_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False, readable=False),  # for _check_state
    default=PORTAL_STATE,
    show_default=True,
    help="Folder of the portal's database.",
)
_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@portal.command()
@click.argument("email")
@_state
@config_dir
def admin(email: str, state: Path, config_option: Path | None) -> int:
    """Print a link that makes EMAIL an admin of the portal and signs them in.

    It works once, for 15 minutes, whatever the configuration says of this address. Type it as
    root: the link is made with the rights of the portal's own account.
    """
    folder = find_config_dir(config_option)
    without = (*SECTIONS_OF_PORTAL, *SECTIONS_OF_SOURCES)
    origin = load_instance(folder, without=without).instance.origin
    if origin is None:
        raise ConfigError(
            "instance.origin is missing",
            where=str(folder / "instance.yaml"),
            expected="the address of the portal, such as https://data.example.com",
        )
    _check_state(state, has_database=True)
    _become_owner(state)
    database = Database(f"sqlite:///{database_in(state)}", upgrade)
    say(console_link(database, origin, email, datetime.now(UTC)))
    return 0


@portal.command()
@_file
@_state
def backup(file: Path, state: Path) -> int:
    """Write a copy of the portal's database to FILE, while the portal serves.

    It holds no key and no token, but names, addresses, requests and events: keep it from others.
    """
    _check_state(state, has_database=True)
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise PortalStateError(
            "this is not a file that a backup may replace",
            where=str(file),
            expected="a new file, or one of an older backup",
        )
    with _reported(file):
        at = datetime.now(UTC)
        _write_backup(file, state)
        note = BackupNote(at, str(file.absolute()), file.stat().st_size)
    say(f"The backup {file} is whole: {note.bytes:,} bytes.")
    _as_owner(state, lambda: _write_note(state, note))
    return 0


def _write_backup(file: Path, state: Path) -> None:
    prefix = f".{file.name}.arriving-"
    remove_abandoned(file.parent, prefix)
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=file.parent)  # of mode 0600
    arriving = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            keep_locked(stream.fileno())
            _as_owner(state, lambda: stream_backup(database_in(state), stream))
            os.fsync(stream.fileno())
            arriving.replace(file)
    finally:
        arriving.unlink(missing_ok=True)
    fsync_dir(file.parent)


def _write_note(state: Path, note: BackupNote) -> None:
    try:
        write_note(database_in(state), note)
    except OSError as error:
        raise PortalStateError(
            "the backup is whole, but the portal does not learn of it: its note cannot be written",
            where=str(state),
            found=error.strerror,
            remedy="Make room on its disk, or see whose the folder is; then make a backup again.",
        ) from error


@contextmanager
def _reported(file: Path) -> Iterator[None]:
    """What the system says of a file, such as a full disk, in the words of the broker."""
    try:
        yield
    except OSError as error:
        raise PortalStateError(
            error.strerror or type(error).__name__, where=error.filename or str(file)
        ) from error


@portal.command()
@_file
@_state
@click.option("--keep-tokens", is_flag=True, help="Let tokens of the API count as in the backup.")
def restore(file: Path, state: Path, keep_tokens: bool) -> int:
    """Put the backup FILE in the place of the portal's database. Stop the portal first.

    Everyone signs in again: sessions, mailed links and tokens of the API that were ended after
    the backup would count again, so all of them end. What was taken from people since stays
    taken where the database that is replaced can be read. It is kept beside the new one.
    """
    _check_state(state, has_database=False)
    removed = _removed_accounts()
    with _reported(file), file.open("rb") as stream:
        _become_owner(state)
        done = restore_database(stream, database_in(state), keep_tokens=keep_tokens)
    ended = ", ".join(f"{count:,} {kind}" for kind, count in done.ended.items())
    until = "without an event" if done.until is None else f"up to {done.until:%Y-%m-%d %H:%M} UTC"
    say(f"Restored {database_in(state)}: {done.people:,} people, {until}. Ended: {ended}.")
    if done.aside is not None:
        say(f"The database before is {done.aside}")
    if not done.is_compared:
        say(
            "What was taken from people since the backup is not known, as the database before is "
            "gone, damaged, or does not go on from the backup: no one is an admin but by "
            "auth.admins and `broker portal admin`. "
            "Look at /admin/people for those who should be removed."
        )
        since = done.until or datetime.min.replace(tzinfo=UTC)
        for at, name in removed:
            if at >= since:
                say(f"  The account {name} was removed from the host {at:%Y-%m-%d %H:%M} UTC")
    return 0


def _check_state(state: Path, *, has_database: bool) -> None:
    """Raises ``ConfigError`` where the folder, or a database that is needed, does not exist.

    Raises ``PortalStateError`` where the folder belongs to another account than this process's
    or root's, or its database to another one than the folder.
    """
    as_root = "Type it as root: sudo broker portal …"
    database = database_in(state)
    try:
        owner = state.stat().st_uid if state.is_dir() else None
    except PermissionError as error:
        raise PortalStateError(
            "the portal's folder is closed to you", where=str(state), remedy=as_root
        ) from error
    if owner is not None and os.geteuid() not in (0, owner):
        raise _of_another(state, os.geteuid(), owner, as_root)
    if owner is None or (has_database and not database.is_file()):
        raise ConfigError(
            "there is no database of a portal here",
            where=str(state),
            remedy="Start the portal once, or name its folder with --state.",
        )
    # Of a link, chown would change what it leads to: as its owner, the portal refuses that itself.
    if database.exists() and not database.is_symlink() and database.stat().st_uid != owner:
        line = shlex.join(["chown", f"--reference={state}", str(database)])
        remedy = f"Give it to the owner of its folder: {line}"
        raise _of_another(database, owner, database.stat().st_uid, remedy)


def _of_another(place: Path, expected: int, found: int, remedy: str) -> PortalStateError:
    return PortalStateError(
        "this belongs to another account",
        where=str(place),
        expected=_account(expected),
        found=_account(found),
        remedy=remedy,
    )


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the number {uid}"


def _removed_accounts() -> list[tuple[datetime, str]]:
    """When the host removed which analysts, as far as the caller may read its audit log."""
    try:
        events = read_log(AUDIT_LOG).events
    except (BrokerError, OSError):
        return []
    gone = (one for one in events if one.action == "analyst.remove" and one.result == "done")
    return [(one.time, one.subject) for one in gone if one.subject]


def _as_owner(state: Path, work: Callable[[], None]) -> None:
    """Do it with the rights of the account whose folder it is, in a process of its own.

    Raises ``BrokerError`` with what that process raised.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _become_owner(state)
            work()
            code = 0
        except BrokerError as error:
            os.write(writing, render_error(error)[:_MOST_BYTES])
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        return
    parts = json.loads(answer)["error"] if answer else {"message": "the backup was not made"}
    raise PortalStateError(**{name: one for name, one in parts.items() if name != "kind"})


def _become_owner(state: Path) -> None:
    """Give up root for the account whose folder it is: what it put there is not root's to open."""
    owner = state.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
