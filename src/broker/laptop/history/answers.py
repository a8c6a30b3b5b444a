"""The answer of a query in a generation, and in one of which a part is of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import LaptopError
from ...manifest import Manifest, TableEntry
from ...view_sql import TableRows
from ..query.answer import QueryAnswer
from ..query.ask import GuardedData, absent_views
from ..query.check import CheckedQuery
from ..query.failures import QueryLimitError
from ..query.limits import QueryLimits
from ..receipts.hashes import hashes_of
from ..receipts.make import changing, repeatable
from ..workspace import Workspace
from .kept_generations import KeptGeneration

__all__ = ["AskedAnswer", "Asker", "placed_in", "with_table"]


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """``sha256`` is of the answer, in any order unless the query says one; or the ``error``.

    ``tables`` are the ids of those that were read.
    """

    sha256: str | None
    error: str | None
    answer: QueryAnswer | None
    tables: tuple[str, ...]

    def is_like(self, other: AskedAnswer) -> bool:
        """Whether the same came back."""
        return (self.sha256, self.error) == (other.sha256, other.error)


@dataclass(frozen=True, slots=True)
class Asker:
    """One query, to be asked of several generations."""

    workspace: Workspace
    sql: str
    parameters: Mapping[str, Any]
    limits: QueryLimits

    def ask(
        self,
        generation: KeptGeneration,
        manifest: Manifest | None = None,
        instead: Mapping[str, TableRows] | None = None,
    ) -> AskedAnswer:
        """What it answers; ``manifest`` and ``instead`` put something else in its place.

        Raises ``LaptopError`` for a query of which no two answers can be compared, and where it
        meets a limit.
        """
        data = repeatable(
            GuardedData(
                manifest or generation.manifest,
                generation.tree,
                self.workspace.state,
                self.limits,
                absent_views(generation.manifest, generation.tree),
                offers_metrics=False,
                instead=instead or {},
            )
        )
        try:
            query = data.check(self.sql, dict(self.parameters))
            answer = data.ask(query)
        except QueryLimitError:
            raise
        except LaptopError as error:
            return AskedAnswer(None, str(error), None, ())
        self._check(query, answer)
        tables = tuple(sorted(entry.id for entry in query.views.values()))
        return AskedAnswer(hashes_of(answer).sha256, None, answer, tables)

    def _check(self, query: CheckedQuery, answer: QueryAnswer) -> None:
        if answer.is_plan:
            raise LaptopError("an EXPLAIN has no answer to compare", remedy="Ask the SELECT.")
        if answer.cut is not None:
            raise LaptopError(
                "the answer is too long to be compared",
                found=f"more than {answer.cut}",
                remedy="Aggregate, or raise --rows or --characters.",
            )
        for function in changing(query):
            raise LaptopError(
                "the answer changes although the data do not",
                found=f"{function}()",
                remedy="Write the value itself, or give it by --param.",
            )


def placed_in(generation: KeptGeneration, entry: TableEntry) -> TableEntry:
    """The table with its files by absolute paths, so that it can stand in another generation."""
    files = (replace(file, path=f"{generation.tree}/{file.path}") for file in entry.files)
    return replace(entry, files=tuple(files))


def with_table(manifest: Manifest, table_id: str, entry: TableEntry | None) -> Manifest:
    """The manifest with another version of a table, or without it."""
    others = tuple(one for one in manifest.tables if one.id != table_id)
    return replace(manifest, tables=others if entry is None else (*others, entry))
