"""One table as it lies in its files: found, opened, its columns read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from glob import has_magic
from itertools import chain, takewhile

from ...errors import SourceError
from ...foreign.text import shown
from .content import refuse_markup
from .dialect import Dialect
from .filenames import folder_columns, is_backup
from .footer import without_footer
from .header import Header, separated, take_header
from .inputs import InputFile, Inputs, in_order, refuse_copies
from .line_ends import with_line_ends_escaped
from .records import count_lines
from .slices import Cutter
from .sniff import advice
from .streams import utf8_blocks

__all__ = ["OpenFile", "TableFiles"]

_MOST_OF_NOTHING = 512  # bytes of an empty text, compressed, with the name of its file


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose header is read: its columns, and the text that follows it.

    ``header`` is the record that holds the columns' names, and ``lines`` how many lines end before
    the first row. ``dialect`` is the table's, with the delimiter that the file names itself.
    ``is_framed``: lines other than rows stand before or after them.
    """

    names: tuple[str, ...]
    header: Header
    lines: int
    dialect: Dialect
    rest: Cutter
    is_framed: bool = False


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where a table lies and how it is written. ``file`` is what ``file:`` says, if anything.

    ``is_declared``: a person wrote the dialect down, and may be advised to write another.
    ``base`` is the path of ``inputs``, below which names of folders may hold columns that no file
    has; None where that does not matter.
    ``spelling`` is how the description writes names of columns that it writes otherwise than in
    composed letters, by these.
    """

    inputs: Inputs
    name: str
    file: str | None
    dialect: Dialect
    is_declared: bool = True
    base: str | None = None
    spelling: Mapping[str, str] = field(default_factory=dict)

    def find(self) -> tuple[InputFile, ...]:
        """The files as they are now, in the order in which their rows count."""
        files = self.inputs.find(self.name, self.file)
        is_pattern = self.file is not None and has_magic(self.file)
        is_of_backups = self.file is not None and is_backup(self.file)
        if (len(files) > 1 or is_pattern) and not is_of_backups:
            refuse_copies(files)
        if self.dialect.has_empty_parts:
            files = tuple(one for one in files if self._has_text(one)) or files
        return files if self.dialect.order is None else in_order(files, self.dialect.order)

    def _has_text(self, file: InputFile) -> bool:
        """Whether anything is in a file. Nothing at all takes some bytes where it is compressed."""
        if file.bytes == 0:
            return False
        if file.bytes is None or file.bytes > _MOST_OF_NOTHING:
            return True
        with closing(self.inputs.open(file)) as stream:
            return any(utf8_blocks(stream, file.name, self.dialect.encoding))

    @contextmanager
    def opened(self, file: InputFile) -> Iterator[OpenFile]:
        """Open one of the files; raises ``SourceError``."""
        with closing(self.inputs.open(file)) as stream:
            blocks = utf8_blocks(stream, file.name, self.dialect.encoding)
            if self.dialect.footer is not None:
                blocks = without_footer(blocks, self.dialect.footer)
            if self.dialect.escapes_own_ends and self.dialect.escape:
                escape, has_header = self.dialect.escape.encode(), self.dialect.header
                blocks = with_line_ends_escaped(blocks, escape, has_header=has_header)
            first = next(blocks, b"")
            refuse_markup(first, self.dialect, file.name)
            dialect, separator = separated(first, self.dialect, file.name)
            rest = first.removeprefix(separator)
            cutter = Cutter(chain([rest], blocks), dialect, file.name)
            before = separator + cutter.lines(dialect.skip_rows)
            try:
                header = take_header(cutter, dialect, file.name)
            except SourceError as error:
                raise self.advised(error, file) from error
            before += header.text + _after_header(cutter, dialect, file.name)
            names = tuple(self.spelling.get(each, each) for each in header.names)
            is_framed = before != header.text or dialect.footer is not None
            yield OpenFile(names, header, count_lines(before), dialect, cutter, is_framed)

    def lost_columns(self, inputs: Sequence[InputFile], names: Sequence[str]) -> list[str]:
        """Columns that only the folders of the files have, as in ``day=2026-01-01/part-1.csv``."""
        if self.base is None or self.file is None:
            return []
        known = {name.lower() for name in names}
        plain = sum(1 for _ in takewhile(lambda part: not has_magic(part), self.file.split("/")))
        found = (folder_columns(one.path.removeprefix(self.base), plain) for one in inputs)
        return [name for name in dict.fromkeys(chain(*found)) if name.lower() not in known]

    def advice(self, file: InputFile) -> str | None:
        """Which declaration would fit a file better, if one does."""
        return advice(self.inputs, file, self.dialect) if self.is_declared else None

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
        """The columns of the first file; those of all files where they may differ."""
        files = self.find()
        if not self.dialect.is_union:
            return self._names_of(files[0])
        columns = [self._names_of(each) for each in files]
        counts = Counter(name for names in columns for name in names)
        for file, names in reversed([*zip(files, columns, strict=True)]):
            if len(files) > 1 and all(counts[name] == 1 for name in names):
                raise _nothing_shared(file, names)
        return tuple(counts)

    def _names_of(self, file: InputFile) -> tuple[str, ...]:
        with self.opened(file) as opened:
            return opened.names


def _nothing_shared(file: InputFile, names: Sequence[str]) -> SourceError:
    return SourceError(
        "has no column that another file of the table has",
        where=file.name,
        expected="a header with at least one of them, as csv.columns is union",
        found=shown(", ".join(names), 200),
        remedy="Write it as the others (header, delimiter), or deliver it as another table.",
    )


def _after_header(cutter: Cutter, dialect: Dialect, name: str) -> bytes:
    """The lines that are left out after the header; raises ``SourceError`` for a row in them."""
    lines = cutter.lines(dialect.skip_after_header)
    if dialect.has_dashes and lines.strip(b"- \t\r\n" + dialect.delimiter.encode()):
        raise SourceError(
            "has no line of dashes where dialect: sqlcmd has one",
            where=name,
            expected="dashes after the header",
            remedy="If it has none, declare csv: {skip_after_header: 0}.",
        )
    return lines
