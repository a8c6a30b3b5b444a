"""Connections to the database, each set up for several processes that write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session, sessionmaker

__all__ = ["Database"]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


class Database:
    """``with database.begin() as session``: one transaction, committed at the end of the block.

    It begins with the right to write (BEGIN IMMEDIATE), so that nothing read in it is older than
    what it writes; ``read`` begins without.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        event.listen(self.engine, "connect", _set_up)
        event.listen(self.engine, "begin", _begin)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that may write."""
        with self._sessions() as session:
            session.connection(execution_options={"begin": "IMMEDIATE"})
            with session.begin_nested():
                yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that reads one moment."""
        with self._sessions() as session:
            session.connection(execution_options={"begin": "DEFERRED"})
            yield session


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # else the driver begins transactions by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
