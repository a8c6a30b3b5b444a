"""Connections to the database, each set up for several processes that write."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from .problems import state_error
from .use import use_of

__all__ = ["Database", "use_own_transactions"]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


class Database:
    """``with database.begin() as session``: one transaction, committed at the end of the block.

    It begins with the right to write (BEGIN IMMEDIATE), so that nothing read in it is older than
    what it writes; ``read`` begins without. Both raise ``PortalStateError`` where the file cannot
    be read or written.
    """

    def __init__(self, url: str, prepare: Callable[[Engine], None] | None = None) -> None:
        """``prepare`` runs before the first transaction, and again until it has succeeded."""
        self.engine = create_engine(url)
        self.path = Path(self.engine.url.database or "")
        use_own_transactions(self.engine)
        event.listen(self.engine, "connect", self._set_up)
        event.listen(self.engine, "handle_error", self._explain)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._prepare = prepare
        self._use: IO[bytes] | None = None

    def ready(self) -> None:
        """Make it usable, or raise ``PortalStateError``."""
        prepare = self._prepare  # another thread may be here at the same time
        if prepare is not None:
            prepare(self.engine)
            self._prepare = None
            self.engine.dispose()  # a process that is forked from here opens files of its own
        if self._use is None:
            self._use = use_of(self.path)
            weakref.finalize(self, self._use.close)

    def close(self) -> None:
        """Use the files no more, until the next transaction."""
        self.engine.dispose()
        if self._use is not None:
            self._use.close()
            self._use = None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that may write."""
        self.ready()
        with self._sessions() as session:
            session.connection(execution_options={"begin": "IMMEDIATE"})
            with session.begin_nested():
                yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that reads one moment."""
        self.ready()
        with self._sessions() as session:
            session.connection(execution_options={"begin": "DEFERRED"})
            yield session

    def _set_up(self, connection: Any, _record: object) -> None:
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except Exception as error:
            connection.close()
            raise (state_error(error, self.path) or error) from error

    def _explain(self, context: ExceptionContext) -> None:
        known = state_error(context.original_exception, self.path)
        if known is not None:
            raise known from context.original_exception


def use_own_transactions(engine: Engine) -> None:
    """Begin each transaction as its option ``begin`` says, and none by the driver itself."""
    event.listen(engine, "connect", _leave_to_engine)
    event.listen(engine, "begin", _begin)


def _leave_to_engine(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Any) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
