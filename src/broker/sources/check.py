"""Whether a source works: what ``broker check`` tries of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..errors import BrokerError
from .contract import Checkable, Finding, Source, TableRequest, Trial

__all__ = ["check_source"]


def check_source(opened: Callable[[], Source], tables: tuple[Trial, ...]) -> Iterator[Finding]:
    """Open it and try what these tables need of it.

    A source that says nothing of its own is asked for the columns of every table, or for its
    first table where none is described.
    """
    try:
        source = opened()
    except BrokerError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, "valid")
    if isinstance(source, Checkable):
        yield from source.check(tables)
        return
    if not tables:
        yield Finding.of("tables", lambda: _first(source))
    for table in tables:
        name = f"table {table.request.id}"
        yield Finding.of(name, partial(_columns, source, table.request))


def _first(source: Source) -> str:
    first = next(iter(source.discover()), None)
    return "none yet" if first is None else f"{first.id}, for one"


def _columns(source: Source, table: TableRequest) -> str:
    return f"{len(source.describe(table).schema.columns)} columns"
