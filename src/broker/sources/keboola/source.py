"""The source ``keboola``: each table is a table of one project's Storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from ...errors import BrokerError, ConfigError, SourceError
from ..contract import Finding, Location, SourceTable, TableRequest, Trial, Window
from ..settings import checked
from .api import Api
from .detail import Detail
from .question import ask
from .reading import KeboolaReading, Means
from .retry import Deadline, Patience
from .settings import Settings
from .types import mapping
from .web import Web

__all__ = ["KeboolaSource"]

_INCLUDED = "buckets,columns,metadata,columnMetadata"
_ASKING_SECONDS = 900.0
_CHECKING = timedelta(minutes=10)


class KeboolaSource:
    """Asks nothing before it is asked for a table; may be used by several threads."""

    Settings = Settings

    def __init__(
        self, settings: Mapping[str, Any], config_dir: Path, patience: Patience | None = None
    ) -> None:
        """``config_dir`` has no meaning here; raises ``ConfigError``."""
        del config_dir
        own = {key: value for key, value in settings.items() if key != "type"}
        self._settings = one = checked(Settings, own, "data_source")
        self._lock = Lock()
        self._verified: BrokerError | bool = False
        self._details: dict[str, Detail] = {}
        patience = patience or Patience(one.attempts)
        web = Web(one.silence.total_seconds())
        self._api = Api(one.url, one.token, web, patience, one.branch)
        self._means = Means(
            self._api,
            web,
            patience,
            one.file_type,
            one.parallel_slices,
            one.check_row_counts,
            one.project,
        )

    def location(self, table: TableRequest) -> Location:
        """The table in its project, and in its branch if there is one."""
        one = self._settings
        project = f"{one.url.partition('://')[2]}/{one.project}/{one.branch or 'production'}"
        return Location(f"keboola {project}/{table.id}", table.id)

    def discover(self) -> Iterator[SourceTable]:
        """Every table in every bucket that the token may read."""
        return self.discover_some(lambda _: True)

    def discover_some(self, is_wanted: Callable[[str], bool]) -> Iterator[SourceTable]:
        """The tables whose id is wanted."""
        self._verify()
        for bucket in self._listed("buckets"):
            name = quote(str(bucket["id"]), safe="")
            for one in self._listed(f"buckets/{name}/tables", include=_INCLUDED):
                if is_wanted(str(one["id"])):
                    yield self._complete(one).described((), ())

    def _complete(self, listed: Mapping[str, Any]) -> Detail:
        """Types of a typed table, and the source of an alias, stand on its own page alone."""
        is_complete = not listed.get("isTyped") and not listed.get("isAlias")
        return Detail(listed) if is_complete else self._detail(str(listed["id"]))

    def describe(self, table: TableRequest) -> SourceTable:
        """One table as it is now."""
        self._verify()
        detail = self._detail(table.id)
        with self._lock:
            self._details[table.id] = detail
        return detail.described(self._checked_columns(detail, table), table.primary_key)

    def read(self, table: TableRequest, window: Window) -> KeboolaReading:
        """The rows of a window, by Keboola's own record of changes unless it bounds a column."""
        return self._reading(table, table.columns, window)

    def read_keys(self, table: TableRequest) -> KeboolaReading:
        """The key columns of all rows."""
        if not table.primary_key:
            raise ConfigError("there is no primary_key to read", where=f"table {table.id}")
        return self._reading(table, table.primary_key, Window())

    def check(self, tables: tuple[Trial, ...]) -> Iterator[Finding]:
        """Token and project, each table, and one export of a single row to where slices lie."""
        yield Finding.of(f"project {self._settings.project}", self._token_check)
        requests = [table.request for table in tables]
        for request in requests:
            yield Finding.of(f"table {request.id}", partial(self._table_summary, request))
        if requests:
            yield Finding.of("may export", partial(self._exported_one, requests[0]))

    def _token_check(self) -> str:
        self._verify()
        return f"the token is good at {self._settings.url}"

    def _table_summary(self, table: TableRequest) -> str:
        found = self.describe(table)
        rows = "" if found.rows is None else f", {found.rows:,} rows"
        return f"{len(found.schema.columns)} columns{rows}"

    def _exported_one(self, table: TableRequest) -> str:
        self._verify()
        detail = self._detail(table.id)
        question = ask(detail, table, table.columns, Window(), self._settings.file_type)
        one = replace(question, parameters={**question.parameters, "limit": 1})
        means = replace(self._means, check_rows=False)
        reading = KeboolaReading(
            means, detail, replace(table, folder=None), table.columns, one, _CHECKING
        )
        for _ in reading.batches():
            pass
        return f"one row of {table.id} was exported and fetched"

    def _reading(
        self, table: TableRequest, columns: tuple[str, ...], window: Window
    ) -> KeboolaReading:
        self._verify()
        with self._lock:
            detail = self._details.pop(table.id, None)
        detail = detail or self._detail(table.id)
        question = ask(detail, table, columns, window, self._settings.file_type)
        timeout = table.timeout or self._settings.timeout
        return KeboolaReading(self._means, detail, table, columns, question, timeout)

    def _checked_columns(self, detail: Detail, table: TableRequest) -> tuple[str, ...]:
        ask(
            detail, table, table.columns, Window(), self._settings.file_type
        )  # refuses unknown ones
        return table.columns

    def _detail(self, table: str) -> Detail:
        path = f"tables/{quote(table, safe='')}"
        body = self._api.get(path, Deadline(_ASKING_SECONDS), where=f"table {table}")
        if not mapping(body).get("id"):
            raise SourceError("the answer describes no table", where=self._api.url(path))
        return Detail(body)

    def _listed(self, path: str, **query: str) -> list[Mapping[str, Any]]:
        found = self._api.get(path, Deadline(_ASKING_SECONDS), where=path, **query)
        if not isinstance(found, list):
            raise SourceError("the answer is not a list", where=self._api.url(path))
        return found

    def _verify(self) -> None:
        """Once: the token is valid, and of the configured project.

        The index answers any token, so it proves nothing.
        """
        with self._lock:
            if not self._verified:
                try:
                    self._check_token()
                    self._verified = True
                except BrokerError as error:
                    self._verified = error
            if isinstance(self._verified, BrokerError):
                raise self._verified

    def _check_token(self) -> None:
        deadline, where = Deadline(_ASKING_SECONDS), "data_source.token"
        owner = mapping(mapping(self._api.get("tokens/verify", deadline, where=where)).get("owner"))
        if str(owner.get("id")) != self._settings.project:
            raise ConfigError(
                "the token belongs to another project",
                where=where,
                expected=f"project {self._settings.project}",
                found=f"project {owner.get('id')}",
                remedy="Set data_source.project and data_source.token to the same project.",
            )
