"""A table as the API describes it, typed; a table that shows another's rows asks that one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...tables.schema import Column, TableSchema
from ..contract import SourceTable
from .types import by_definition, by_metadata, mapping, provided

__all__ = ["Detail"]

_SETTLED = timedelta(minutes=2)
_TEXT_FACTOR = 4  # the size that Keboola tells is that of compressed data


@dataclass(frozen=True)
class Detail:
    """``GET tables/{id}``, or an entry of the list with all that can be included."""

    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Such as ``in.c-crm.orders``."""
        return str(self.body["id"])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in the table's order."""
        return tuple(map(str, self.body.get("columns") or ()))

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(map(str, self.body.get("primaryKey") or ()))

    @property
    def backend(self) -> str:
        """Such as ``snowflake``."""
        return str(mapping(self.body.get("bucket")).get("backend") or "snowflake")

    @property
    def definitions(self) -> dict[str, Mapping[str, Any]]:
        """The definition of each column of a typed table; empty for any other."""
        if self.body.get("isTyped") is False:
            return {}
        for body in (self.body, self._source):
            columns = mapping(body.get("definition")).get("columns")
            if columns:
                return {str(one["name"]): one for one in columns}
        return {}

    @property
    def rows(self) -> int | None:
        """Keboola's own count."""
        return _whole(self.body.get("rowsCount"))

    @property
    def has_exact_count(self) -> bool:
        """Whether the count is known to be that of an export.

        Of filtered aliases, tables of other projects and tables outside of Snowflake's own
        storage it is not.
        """
        bucket = mapping(self.body.get("bucket"))
        is_elsewhere = bucket.get("sourceBucket") or bucket.get("hasExternalSchema")
        is_table = self.body.get("tableType") in (None, "", "table")
        return (
            self.backend == "snowflake"
            and is_table
            and not is_elsewhere
            and not self.body.get("aliasFilter")
        )

    @property
    def tracks_changes(self) -> bool:
        """Whether ``changedSince`` means something."""
        return self.body.get("timestampType") in (None, "MANAGED")

    @property
    def as_of(self) -> datetime | None:
        """When rows were last written; one that comes later is stamped with a later time.

        Imports into one table follow each other, and each stamps its rows when it begins.
        """
        for key in ("lastImportDate", "created"):
            if (instant := _instant(self.body.get(key))) is not None:
                return instant
        return None

    @property
    def version(self) -> str | None:
        """What changes with the rows, where that is certain.

        Its times are whole seconds, so nothing is certain of a table that changed just now.
        """
        newest = max((time for time in self._times if time is not None), default=None)
        is_settled = newest is not None and datetime.now(UTC) - newest > _SETTLED
        if not is_settled or not (self.has_exact_count and self.tracks_changes):
            return None
        return self.state

    @property
    def state(self) -> str:
        """What shows that rows changed, unless they did within one second."""
        return f"{self._times} {self.rows} {self.body.get('dataSizeBytes')}"

    @property
    def _times(self) -> list[datetime | None]:
        return [_instant(self.body.get(key)) for key in ("lastImportDate", "lastChangeDate")]

    def type(self, name: str) -> str:
        """The type of a column."""
        definition = self.definitions.get(name)
        if definition is not None:
            return by_definition(definition, self.backend)
        return by_metadata(self._metadata(name))

    def may_be_null(self, name: str) -> bool:
        """Whether a NULL can stand in it: an untyped table holds none, only empty texts."""
        definition = self.definitions.get(name)
        return definition is not None and bool(
            mapping(definition.get("definition")).get("nullable", True)
        )

    def described(self, columns: tuple[str, ...], key: tuple[str, ...]) -> SourceTable:
        """As the contract has it, cut to ``columns``; ``key`` where Keboola has another or none."""
        size = _whole(self.body.get("dataSizeBytes"))
        key = key or self.key
        return SourceTable(
            self.id,
            TableSchema(tuple(self._column(name) for name in columns or self.names)),
            primary_key=key if set(key) <= set(columns or self.names) else (),
            description=self._description,
            rows=self.rows,
            bytes=None if size is None else size * _TEXT_FACTOR,
            # Rows stamped in one second cannot be distinguished at its bounds: without a key
            # they would be appended twice, or never.
            tracks_changes=self.tracks_changes and bool(key),
            version=self.version,
        )

    @property
    def _source(self) -> Mapping[str, Any]:
        return mapping(self.body.get("sourceTable"))

    @property
    def _description(self) -> str:
        for body in (self.body, self._source):
            facts = provided(body.get("metadata") or (), "KBC.description")
            if facts.get("KBC.description"):
                return facts["KBC.description"]
        return ""

    def _metadata(self, name: str) -> list[Mapping[str, Any]]:
        """What providers say of a column; for an alias it is often only at its source."""
        for body in (self.body, self._source):
            entries = mapping(body.get("columnMetadata")).get(name)
            if entries:
                return list(entries)
        return []

    def _column(self, name: str) -> Column:
        facts = provided(self._metadata(name), "KBC.description")
        return Column(name, self.type(name), description=facts.get("KBC.description", ""))


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _instant(text: Any) -> datetime | None:
    """``2019-08-14T16:54:06+0200``; None where there is no readable time."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
