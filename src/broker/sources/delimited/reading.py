"""The rows of one table, streamed from its files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import SourceError
from ...foreign.text import shown
from ...tables.row_places import RowPlaces
from ...tables.rows import End, Reject
from ...tables.values.bulk import has_blank, without_blanks
from ..filters import RowFilter
from ..rows import Rows
from .formats import rewritten_rows, without
from .inputs import InputFile, changed, seen_version
from .looks import is_like_row
from .misfits import Rewritten, set_aside
from .parser import NOT_UTF8, Parsed, Parser
from .remarks import Remark, RemarkKind, quoted_columns, sentences
from .slices import Cutter
from .table import OpenFile, TableFiles

__all__ = ["MAX_REJECTS", "DelimitedReading"]

MAX_REJECTS = 100_000
_MOST_AHEAD = 64 * 1024 * 1024  # bytes: slices of long records are larger than a block
_PARSERS = max(1, min(4, os.cpu_count() or 1))


class DelimitedReading(Rows):
    """Rows as text columns, in the order of the files. Memory holds a few slices of a file.

    The files are looked up once before the first byte is read, and once more after the last:
    where the two answers differ, a file changed meanwhile and nothing is complete.
    """

    def __init__(
        self,
        files: TableFiles,
        names: tuple[str, ...],
        columns: tuple[str, ...],
        null_values: tuple[str, ...] = (),
        row_filter: RowFilter | None = None,
    ) -> None:
        """``names`` are the columns that each file must have, ``columns`` those to hand over."""
        super().__init__(pa.schema([(column, pa.string()) for column in columns]))
        self._files, self._names, self._null_values = files, names, null_values
        self._needed = names if row_filter else columns
        self._row_filter = row_filter
        self._rejects: list[Reject] = []
        self._remarks: list[Remark] = []
        self._warnings: list[str] = []
        self._places = RowPlaces()
        self._version: str | None = None
        self._tie: str | None = None

    @property
    def places(self) -> RowPlaces:
        """The file of each row, and its number there."""
        return self._places

    def _read(self) -> Iterator[pa.RecordBatch]:
        """Raises ``SourceError`` when a file breaks off or changes meanwhile."""
        inputs = self._files.find()
        self._as_of, self._version = _as_of(inputs), seen_version(inputs)
        if len(inputs) > 1 and self._files.dialect.order is None:
            self._tie = _tie(len(inputs))
        if len(self.schema.names) == len(self._names):
            self._warn_of_lost(self._files.lost_columns(inputs, self._names))
        for file, name in zip(inputs, _short_names(inputs), strict=True):
            yield from self._file(file, name)
        self._refuse_change(inputs)

    def _end(self) -> End:
        """``as_of`` is the newest time of change of the files read."""
        warnings = (*sentences(self._remarks), *self._warnings)
        return End(
            self._rows, self._as_of, tuple(self._rejects), self._version, warnings, self._tie
        )

    def _file(self, file: InputFile, name: str) -> Iterator[pa.RecordBatch]:
        """``name`` is what a message calls the file."""
        with self._files.opened(file) as opened:
            self._refuse_other_columns(opened.names, file)
            needed = [one for one in self._needed if one in opened.names] or opened.names[:1]
            if opened.header.is_composed:
                self._remarks.append(Remark(RemarkKind.COMPOSED, 1, f"{name}, line {opened.lines}"))
            parser = Parser(
                opened.dialect, opened.names, needed, self._null_values, opened.header.text
            )
            records, rejected = 0, len(self._rejects)
            for line, parsed in self._advised(
                _parsed(opened.rest, parser, file.name, opened.lines), file
            ):
                self._keep_rejects(parsed, name, line, records)
                if len(self._rejects) > MAX_REJECTS:
                    raise self._files.advised(_too_many(), file)
                self._keep_remarks(parsed, line, file, is_framed=opened.is_framed)
                if line == opened.lines:
                    self._doubt_header(opened, parsed.table, name)
                    self._doubt_quotes(parsed.table, file)
                yield from self._wanted(parsed, name, records)
                records += parsed.records
            if self._is_doubtful(self._rejects[rejected:], records, opened.names):
                self._advise(file)

    def _is_doubtful(self, rejects: Sequence[Reject], records: int, names: Sequence[str]) -> bool:
        """Whether a file may be written otherwise than declared, by what came of it."""
        is_other_encoding = any(one.reason.startswith(NOT_UTF8) for one in rejects)
        return is_other_encoding or 2 * len(rejects) > records or len(names) == 1

    def _advised(
        self, parsed: Iterator[tuple[int, Parsed]], file: InputFile
    ) -> Iterator[tuple[int, Parsed]]:
        try:
            yield from parsed
        except SourceError as error:
            raise self._files.advised(error, file) from error

    def _advise(self, file: InputFile) -> None:
        """Of a file that hardly fits its dialect: which one would."""
        if (sentence := self._files.advice(file)) is not None:
            self._warnings.append(f"{shown(Path(file.name).name)}: {sentence}")

    def _wanted(self, parsed: Parsed, name: str, before: int) -> Iterator[pa.RecordBatch]:
        """What was asked for; a column that a file has not is NULL in its rows."""
        table, misfits = rewritten_rows(parsed.table, self._files.dialect.formats)
        for column in self._needed:
            if table.schema.get_field_index(column) < 0:
                table = table.append_column(column, pa.nulls(table.num_rows, pa.string()))
        if "" in self._null_values:
            table = _without_blanks(table)
        kept, wanted = _not_rejected(parsed), None
        if self._row_filter is not None:
            wanted = self._row_filter.kept(without(table, misfits), misfits)
        misfits = {one: which for one, which in misfits.items() if self._counts(one)}
        if misfits:
            places = pa.arange(0, table.num_rows) if kept is None else kept
            rows = Rewritten(parsed.table, table, self.schema.names, places, name, before)
            wanted, rejects = set_aside(rows, misfits, wanted)
            self._rejects.extend(rejects)
        if wanted is not None:
            table = table.take(wanted)
            kept = wanted if kept is None else kept.take(wanted)
        self._places.add(parsed.records, first=before + 1, file=name, kept=kept)
        yield from table.select(self.schema.names).to_batches()

    def _warn_of_lost(self, columns: Sequence[str]) -> None:
        if columns:
            self._warnings.append(
                f"the table does not get {shown(', '.join(columns), 200)}, as only the names of "
                "folders hold the values: have them written into the files as well, or list under "
                "columns: which ones the table is to have"
            )

    def _counts(self, column: str) -> bool:
        """Whether what a column says matters: it is handed over, or decides what is."""
        decides = self._row_filter is not None and self._row_filter.compares(column)
        return decides or column in self.schema.names

    def _keep_rejects(self, parsed: Parsed, name: str, line: int, records: int) -> None:
        for reject in parsed.rejects:
            self._rejects.append(
                replace(
                    reject,
                    row=records + reject.row,
                    line=line + (reject.line or 0),
                    file=name,
                )
            )

    def _keep_remarks(
        self, parsed: Parsed, before: int, file: InputFile, *, is_framed: bool
    ) -> None:
        for remark in parsed.remarks:
            place = f"{shown(Path(file.name).name)}, line {before + remark.line}"
            if remark.kind is RemarkKind.OTHER:
                raise SourceError(
                    "two files with different columns are joined in one",
                    where=f"{file.name}, line {before + remark.line}",
                    expected=f"the columns {shown(', '.join(self._names), 500)}, in this order",
                    remedy="Deliver them as two files: columns are matched by name there.",
                )
            if is_framed and remark.kind in (RemarkKind.HEADER, RemarkKind.JOINED):
                raise SourceError(
                    "files were joined in one, and lines around the rows of each are not rows",
                    where=f"{file.name}, line {before + remark.line}",
                    expected="such lines at the beginning and the end of a file",
                    remedy="Deliver them as several files of one folder.",
                )
            self._remarks.append(replace(remark, place=place))

    def _doubt_header(self, opened: OpenFile, table: pa.Table, name: str) -> None:
        """Of the first rows of a file: a header that may be one of them, or the reverse."""
        first = table.slice(0, 1).to_pylist()
        if not opened.dialect.header:
            names = [name.lower() for name in table.column_names]
            if any([str(value).lower() for value in row.values()] == names for row in first):
                self._remarks.append(Remark(RemarkKind.NAMES, 1, f"{name}, first row"))
        if opened.dialect.is_header_sure:
            return
        by_name = dict(zip(opened.names, opened.header.found, strict=False))
        found = [by_name.get(column, "") for column in table.column_names]
        if any(is_like_row(found, row.values()) for row in first):
            line = opened.lines - opened.dialect.skip_after_header
            self._remarks.append(Remark(RemarkKind.VALUES, 1, f"{name}, line {line}"))

    def _doubt_quotes(self, table: pa.Table, file: InputFile) -> None:
        """Of the first rows of a file: a quote that opens values although nothing is quoted."""
        if self._files.dialect.quote is None and (names := quoted_columns(table)):
            self._warnings.append(
                f"{shown(Path(file.name).name)}: each value of {', '.join(names)} "
                "stands in quotes, which belong to it, as csv.quote is ''; "
                "if they do not, remove that setting"
            )

    def _refuse_other_columns(self, names: Sequence[str], file: InputFile) -> None:
        if self._files.dialect.is_union or set(names) == set(self._names):
            return
        missing = sorted(set(self._names) - set(names))
        added = sorted(set(names) - set(self._names))
        error = SourceError(
            "the files of a table must have the same columns",
            where=file.name,
            expected=f"those of the first file; missing: {', '.join(missing) or 'none'}",
            found=f"in addition: {', '.join(added) or 'none'}",
            remedy="If they may differ, declare csv: {columns: union}.",
        )
        raise self._files.advised(error, file) if len(names) == 1 else error

    def _refuse_change(self, before: tuple[InputFile, ...]) -> None:
        other = set(self._files.find()) ^ set(before)
        if other:
            raise changed([file.name for file in other])


def _tie(files: int) -> str:
    return (
        f"keys occur more than once in {files:,} files, of which the last one by name wins: if "
        "another one is newer, declare csv: {order: time} or a pattern, else csv: {order: name}"
    )


def _too_many() -> SourceError:
    return SourceError(
        f"more than {MAX_REJECTS} rows do not fit the declared dialect",
        remedy="Check delimiter, quote and encoding under csv:.",
    )


def _without_blanks(table: pa.Table) -> pa.Table:
    """NULL in place of a quoted empty value, in every column."""
    columns = [without_blanks(one) if has_blank(one) else one for one in table.columns]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _not_rejected(parsed: Parsed) -> pa.Array | None:
    """The places in the slice of the rows that it gave, from 0; None where it gave all."""
    if not parsed.rejects:
        return None
    rejected = pa.array((reject.row - 1 for reject in parsed.rejects), pa.int64())
    places = pa.arange(0, parsed.records)
    return places.filter(pc.invert(pc.is_in(places, value_set=rejected)))


def _short_names(inputs: Sequence[InputFile]) -> list[str]:
    """The names of the files, as they can be shown, below the folder that all of them share."""
    folders = [file.name.split("/")[:-1] for file in inputs]
    levels = zip(*folders, strict=False)
    shared = sum(1 for _ in takewhile(lambda level: len({*level}) == 1, levels))
    return [shown("/".join(file.name.split("/")[shared:])) for file in inputs]


def _as_of(inputs: Sequence[InputFile]) -> datetime:
    """When the files were last written: what they do not hold, happened later.

    The clock, read before extraction, stands in for a place that does not tell, and bounds a
    time that lies in the future.
    """
    now = datetime.now(UTC)
    return min(now, max((file.modified or now for file in inputs), default=now))


def _parsed(cutter: Cutter, parser: Parser, path: str, line: int) -> Iterator[tuple[int, Parsed]]:
    """Each slice, parsed, several at a time, with the number of lines before it."""
    ahead: deque[tuple[bytes, Future[Parsed | None]]] = deque()
    with ThreadPoolExecutor(_PARSERS) as pool:
        while True:
            while _has_room(ahead) and (piece := cutter.next()) is not None:
                ahead.append((piece, pool.submit(parser.parse, piece)))
            if not ahead:
                return
            piece, parsing = ahead.popleft()
            with _errors_about(path, line):
                parsed = parsing.result()
            if parsed is not None:
                yield line, parsed
                line += parsed.lines
            elif cutter.is_exact:
                begin = line + parser.open_line(piece)
                raise SourceError(
                    f"ends inside a quoted field of the record that begins in line {begin}",
                    where=path,
                    remedy="The file is cut off, or a closing quote is missing.",
                )
            else:
                cutter.recut([piece, *(later for later, _ in ahead)])
                ahead.clear()


@contextmanager
def _errors_about(path: str, line: int) -> Iterator[None]:
    """What the parser refuses although record by record it seems right: a ``SourceError``."""
    try:
        yield
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise SourceError(
            "cannot be split into rows",
            where=f"{path}, after line {line:,}",
            expected="rows of the declared dialect",
            remedy="Check delimiter, quote and escape under csv:.",
        ) from error


def _has_room(ahead: Collection[tuple[bytes, Future[Parsed | None]]]) -> bool:
    return len(ahead) <= _PARSERS and sum(len(piece) for piece, _ in ahead) < _MOST_AHEAD
