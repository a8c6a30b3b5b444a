"""One table as it lies in its files: found, opened, its columns read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain

from ...errors import SourceError
from .content import refuse_markup
from .dialect import Dialect
from .footer import without_footer
from .header import separated, take_header
from .inputs import InputFile, Inputs
from .records import count_lines
from .slices import Cutter
from .sniff import advice
from .streams import utf8_blocks

__all__ = ["OpenFile", "TableFiles"]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose header is read: its columns, and the text that follows it.

    ``header`` is the record that holds the columns' names, and ``lines`` how many lines end before
    the first row. ``dialect`` is the table's, with the delimiter that the file names itself.
    """

    names: tuple[str, ...]
    header: bytes
    lines: int
    dialect: Dialect
    rest: Cutter


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where a table lies and how it is written. ``file`` is what ``file:`` says, if anything.

    ``is_declared``: a person wrote the dialect down, and may be advised to write another.
    """

    place: Inputs
    name: str
    file: str | None
    dialect: Dialect
    is_declared: bool = True

    def find(self) -> tuple[InputFile, ...]:
        """The files as they are now, in natural order."""
        return self.place.find(self.name, self.file)

    @contextmanager
    def opened(self, file: InputFile) -> Iterator[OpenFile]:
        """Open one of the files; raises ``SourceError``."""
        with closing(self.place.open(file)) as stream:
            blocks = utf8_blocks(stream, file.name, self.dialect.encoding)
            if self.dialect.footer is not None:
                blocks = without_footer(blocks, self.dialect.footer)
            first = next(blocks, b"")
            refuse_markup(first, self.dialect, file.name)
            dialect, separator = separated(first, self.dialect, file.name)
            rest = first.removeprefix(separator)
            cutter = Cutter(chain([rest], blocks), dialect, file.name)
            before = separator + cutter.lines(dialect.skip_rows)
            try:
                names, header = take_header(cutter, dialect, file.name)
            except SourceError as error:
                raise self.advised(error, file) from error
            before += header + cutter.lines(dialect.skip_after_header)
            yield OpenFile(tuple(names), header, count_lines(before), dialect, cutter)

    def advice(self, file: InputFile) -> str | None:
        """Which declaration would fit a file better, if one does."""
        return advice(self.place, file, self.dialect) if self.is_declared else None

    def advised(self, error: SourceError, file: InputFile) -> SourceError:
        """The same error with the declaration that would fit, where one does."""
        if (remedy := self.advice(file)) is None:
            return error
        return SourceError(
            error.message,
            where=error.where,
            expected=error.expected,
            found=error.found,
            remedy=remedy,
        )

    def names(self) -> tuple[str, ...]:
        """The columns of the first file."""
        return self.names_of(self.find()[0])

    def names_of(self, file: InputFile) -> tuple[str, ...]:
        """The columns of one of the files."""
        with self.opened(file) as opened:
            return opened.names
