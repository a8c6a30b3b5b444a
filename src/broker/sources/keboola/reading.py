"""The rows of one export: asked for, waited for, fetched, read, counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import SourceError
from ...tables.row_places import RowPlaces
from ...tables.rows import End, Reject
from ..contract import TableRequest
from ..delimited.reading import DelimitedReading
from ..filters import RowFilter, condition
from ..rows import Rows
from .api import Api
from .detail import Detail
from .downloads import fetched
from .files import Answers, ExportedFile
from .jobs import Ticket, Tickets, finished_file, job_url
from .parquet import parquet_rows
from .question import Question
from .retry import Deadline, PassingError, Patience
from .slices import slice_files
from .spool import Spool
from .types import mapping
from .values import NullRules
from .web import Web

__all__ = ["KeboolaReading", "Means"]


@dataclass(frozen=True)
class Means:
    """What all exports of a source are made with."""

    api: Api
    web: Web
    patience: Patience
    file_type: str
    slices: int
    check_rows: bool
    project: str


class KeboolaReading(Rows):
    """Rows as text columns. Nothing is asked for before the first batch is.

    Memory holds a few blocks of one slice; the disk holds a few slices, compressed.
    """

    def __init__(
        self,
        means: Means,
        detail: Detail,
        table: TableRequest,
        columns: tuple[str, ...],
        question: Question,
        timeout: timedelta,
    ) -> None:
        """``columns`` are those to hand over; ``detail`` is what the table was before."""
        schema = pa.schema([(name, pa.string()) for name in columns or detail.names])
        super().__init__(schema, where=f"table {table.id}")
        self._means, self._detail, self._table = means, detail, table
        self._question, self._timeout = question, timeout
        self._seen = 0
        self._rejects: tuple[Reject, ...] = ()
        self._filter = self._left_filter()
        self._places = None if self._filter is None else RowPlaces()

    @property
    def places(self) -> RowPlaces | None:
        """The slice of each row, and its number there; in Parquet, its number in the export."""
        return self._places

    def _read(self) -> Iterator[pa.RecordBatch]:
        """Raises ``SourceError`` when Keboola or a store breaks off."""
        deadline = Deadline(self._timeout.total_seconds())
        tickets = Tickets(self._table.folder, self._identity, self._timeout)
        ticket, number = self._exported(tickets, deadline)
        try:
            yield from self._fetched(number, deadline)
            self._refuse_other_count(ticket, deadline)
        except SourceError as error:
            if ticket.is_resumed or not isinstance(error, PassingError):
                tickets.drop()  # the same file would fail again
            raise
        tickets.drop()
        self._as_of = ticket.as_of

    def _fetched(self, number: int, deadline: Deadline) -> Iterator[pa.RecordBatch]:
        means = self._means
        answers = Answers(means.api, means.web, means.patience, deadline, self._where)
        file = ExportedFile(number, answers)
        names = file.slices()
        with fetched(file, names, answers, ahead=means.slices, folder=self._spools()) as streams:
            yield from self._wanted(self._parsed(streams, len(names), whole=not file.is_sliced))

    def _end(self) -> End:
        """As of the table's last import before the export."""
        return End(self._rows, self._as_of, self._rejects)

    @property
    def _identity(self) -> Mapping[str, Any]:
        home = self._means.api.url("tables")  # of stack and branch
        project = self._means.project
        return {
            "home": home,
            "project": project,
            "table": self._table.id,
            **self._question.parameters,
        }

    def _spools(self) -> Path | None:
        if self._table.folder is not None:
            self._table.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._table.folder

    def _exported(self, tickets: Tickets, deadline: Deadline) -> tuple[Ticket, int]:
        """The file of the job that an earlier run began, else of a new one.

        What was exported before the table changed would pass for what is in it now.
        """
        known, detail = tickets.find(), self._detail
        if (
            known is not None
            and known.state == detail.state
            and detail.version in (None, known.version)
        ):
            try:
                job = self._means.api.get(f"jobs/{known.job}", deadline, where=self._where)
                return known, finished_file(self._means.api, mapping(job), deadline, self._where)
            except PassingError:
                raise
            except SourceError:  # it failed, or is no longer there: begin anew
                tickets.drop()
        return self._started(tickets, deadline)

    def _started(self, tickets: Tickets, deadline: Deadline) -> tuple[Ticket, int]:
        api, now = self._means.api, datetime.now(UTC)
        path = f"tables/{self._table.id}/export-async"
        job = mapping(api.post(path, self._question.parameters, deadline, where=self._where))
        if "id" not in job:
            raise SourceError("the export was not started", where=f"{self._where}: {api.url(path)}")
        as_of = self._detail.as_of or now
        number, url, detail = int(job["id"]), job_url(api, job), self._detail
        ticket = Ticket(number, url, now, as_of, detail.rows, detail.state, detail.version)
        tickets.keep(ticket)
        try:
            return ticket, finished_file(api, job, deadline, self._where)
        except PassingError:
            raise
        except SourceError:
            tickets.drop()
            raise

    def _parsed(
        self, streams: Iterator[Spool], count: int, *, whole: bool
    ) -> Iterator[pa.RecordBatch]:
        names = self._question.names
        if self._means.file_type == "parquet":
            yield from parquet_rows(streams, names, self._where)
            return
        files = slice_files(streams, count, names, self._where, whole=whole)
        reading = DelimitedReading(files, names, names)
        self._places = reading.places if self._filter is None else RowPlaces(reading.places)
        with closing(reading.batches()) as batches:  # type: ignore[type-var]
            yield from batches
        self._rejects = reading.end().rejects

    def _wanted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        question, detail = self._question, self._detail
        types = {name: detail.type(name) for name in question.names} | dict(self._table.types)
        untyped = {*question.names} - {*detail.definitions}
        nulls = NullRules(types, untyped, self._table.null_values)
        for batch in batches:
            rows = pa.Table.from_batches([nulls.apply(batch)])
            if self._filter is not None and self._places is not None:
                kept = self._filter.kept(rows)
                self._places.add(batch.num_rows, first=self._seen + 1, kept=kept)
                rows = rows.take(kept)
            self._seen += batch.num_rows
            yield from rows.select(self.schema.names).to_batches()

    def _left_filter(self) -> RowFilter | None:
        """What Keboola could not be asked."""
        question = self._question
        left = TableRequest(
            self._table.id, where_filters=question.rest, row_filter=self._table.row_filter
        )
        wanted = condition(left, question.window, question.names)
        schema = pa.schema([(name, pa.string()) for name in question.names])
        return RowFilter(wanted, schema, self._table.id) if wanted else None

    def _refuse_other_count(self, ticket: Ticket, deadline: Deadline) -> None:
        """An export of the whole table has as many rows as the table had then, or has now."""
        is_checked = self._means.check_rows and self._detail.has_exact_count
        found = self._seen + len(self._rejects)
        if not is_checked or not self._question.is_whole or found == ticket.rows:
            return
        path = f"tables/{self._table.id}"
        now = Detail(mapping(self._means.api.get(path, deadline, where=self._where))).rows
        if ticket.rows is None or now is None:
            return
        least, most = sorted((ticket.rows, now))
        if not least <= found <= most:
            raise SourceError(
                "the export is not the whole table",
                where=f"{self._where}: {ticket.url}",
                expected=f"{least:,} rows" if least == most else f"{least:,} to {most:,} rows",
                found=f"{found:,} rows",
                remedy="Sync again; where Keboola's count is known to be wrong, "
                "set check_row_counts: false.",
            )
