"""The database brought to what this release has, before anything reads it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, StampStep
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from sqlalchemy import Connection, Engine, text

from ...errors import LockedError, PortalStateError
from ...files import lock, write_atomic
from .problems import damaged

__all__ = ["bring_up", "upgrade", "upgrading"]

MIGRATIONS = Path(__file__).parent / "migrations"
_WAIT_SECONDS = 60.0


def upgrade(engine: Engine) -> None:
    """Make or upgrade the database, one process at a time and in one transaction.

    Beside it stands a mark once it was made: a file that is gone or empty then is not a new
    one. Raises ``PortalStateError`` for that, for a damaged file, and for one of a newer release.
    """
    path = Path(engine.url.database or "")
    mark = path.with_suffix(".made")
    try:
        with upgrading(path):
            is_lost = mark.exists() and (not path.exists() or not path.stat().st_size)
            if is_lost:
                raise damaged(path, "is gone or empty, and was neither before")
            path.touch(mode=0o600)
            bring_up(engine)
            if not mark.exists():
                write_atomic(mark, "", mode=0o600)
    except LockedError as error:
        raise PortalStateError(error.message, where=error.where, remedy=error.remedy) from error
    except OSError as error:
        raise PortalStateError(
            "the folder of the portal's database cannot be written",
            where=str(path.parent),
            found=error.strerror,
            remedy="Make room on its disk, or look at its owner and mode.",
        ) from error


def upgrading(database: Path) -> AbstractContextManager[None]:
    """The lock under which one process at a time makes, upgrades or replaces a database."""
    path = database.with_suffix(".lock")
    return lock(path, purpose="the portal's database", wait_seconds=_WAIT_SECONDS)


def bring_up(engine: Engine) -> None:
    """Check a file, and give it what this release has. Raises ``PortalStateError``."""
    scripts, path = ScriptDirectory(str(MIGRATIONS)), Path(engine.url.database or "")
    with engine.connect() as plain:
        connection = plain.execution_options(begin="IMMEDIATE")
        with connection.begin():
            _check(connection, path)
            current = MigrationContext.configure(connection).get_current_heads()
            if {*current} == {*scripts.get_heads()}:
                return
            if not _is_known(scripts, current):
                raise PortalStateError(
                    "the portal's database is of a newer release than this one",
                    where=str(path),
                    remedy="Install that release again, or stop the portal and restore a backup of "
                    "before it: broker portal restore FILE.",
                )
            _migrate(connection, scripts)


def _check(connection: Connection, path: Path) -> None:
    found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise damaged(path)


def _is_known(scripts: ScriptDirectory, revisions: tuple[str, ...]) -> bool:
    try:
        return all(scripts.revision_map.get_revision(one) for one in revisions)
    except ResolutionError:
        return False


def _migrate(connection: Connection, scripts: ScriptDirectory) -> None:
    def steps(revision: str, _context: MigrationContext) -> list[StampStep]:
        return scripts._upgrade_revs("head", revision)  # type: ignore[return-value]

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
