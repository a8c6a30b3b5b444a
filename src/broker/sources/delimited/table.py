"""One table as it lies in its files: found, opened, its columns read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from .content import refuse_markup
from .dialect import Dialect
from .header import take_header
from .inputs import InputFile, Inputs
from .slices import Cutter
from .streams import utf8_blocks

__all__ = ["OpenFile", "TableFiles"]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose header is read: its columns, and the text that follows ``header``."""

    names: tuple[str, ...]
    header: bytes
    rest: Cutter


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where a table lies and how it is written. ``file`` is what ``file:`` says, if anything."""

    place: Inputs
    name: str
    file: str | None
    dialect: Dialect

    def find(self) -> tuple[InputFile, ...]:
        """The files as they are now, in natural order."""
        return self.place.find(self.name, self.file)

    @contextmanager
    def opened(self, file: InputFile) -> Iterator[OpenFile]:
        """Open one of the files; raises ``SourceError``."""
        with closing(self.place.open(file)) as stream:
            blocks = utf8_blocks(stream, file.name, self.dialect.encoding)
            cutter = Cutter(blocks, self.dialect, file.name)
            refuse_markup(cutter.beginning(), self.dialect, file.name)
            names, header = take_header(cutter, self.dialect, file.name)
            yield OpenFile(tuple(names), header, cutter)

    def names(self) -> tuple[str, ...]:
        """The columns of the first file."""
        return self.names_of(self.find()[0])

    def names_of(self, file: InputFile) -> tuple[str, ...]:
        """The columns of one of the files."""
        with self.opened(file) as opened:
            return opened.names
