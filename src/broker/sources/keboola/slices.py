"""The slices of an export as the files of a CSV table: the same parser reads both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

import pyarrow as pa

from ...errors import SourceError
from ..delimited.dialect import Dialect
from ..delimited.inputs import InputFile
from ..delimited.table import TableFiles
from .spool import Spool

__all__ = ["slice_files"]

_GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 256 * 1024


class _Slices:
    """A place whose files are opened once, one after the other."""

    def __init__(
        self, streams: Iterator[Spool], count: int, names: Sequence[str], where: str, *, whole: bool
    ) -> None:
        self._streams = streams
        self._names = list(names)
        self._whole = whole
        names = [f"{where}: slice {number} of {count}" for number in range(1, count + 1)]
        self._files = tuple(InputFile(str(n), name, None, None, "") for n, name in enumerate(names))

    def tables(self) -> dict[str, str]:
        return {}

    def find(self, name: str, file: str | None) -> tuple[InputFile, ...]:  # noqa: ARG002 - as Inputs
        return self._files

    def open(self, file: InputFile) -> BinaryIO:
        spool = next(self._streams)
        if spool.peek(2) == _GZIP:
            stream: Any = _Text(spool, file.name)
        else:
            stream = _Bare(spool, file.name)
        if self._whole:
            stream = _WithoutHeader(stream, self._names)
        return cast("BinaryIO", stream)


def slice_files(
    streams: Iterator[Spool], count: int, names: Sequence[str], where: str, *, whole: bool
) -> TableFiles:
    """``count`` streams as one table. ``whole`` says that the export is one file, not slices.

    Slices have no header, so ``names`` are the columns that were asked for.
    """
    dialect = Dialect(header=False, columns=tuple(names))
    slices = _Slices(streams, count, names, where, whole=whole)
    return TableFiles(slices, "", None, dialect, is_declared=False)


class _Text:
    """What a gzip file holds, all its members."""

    def __init__(self, spool: Spool, name: str) -> None:
        self._spool, self._name = spool, name
        self._inner = pa.CompressedInputStream(pa.PythonFile(spool, mode="r"), "gzip")

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._inner.read(size))
        except OSError as error:
            raise _cut(self._name) from error

    def close(self) -> None:
        self._spool.close()


class _Bare:
    """Text as it is. Each row ends with a line end, so one without is cut off."""

    def __init__(self, spool: Spool, name: str) -> None:
        self._spool, self._name = spool, name
        self._last = b"\n"

    def read(self, size: int) -> bytes:
        block = self._spool.read(size)
        if not block and self._last != b"\n":
            raise _cut(self._name)
        self._last = block[-1:] or self._last
        return block

    def close(self) -> None:
        self._spool.close()


class _WithoutHeader:
    """Text whose first row is left out if it is nothing but the names of the columns."""

    def __init__(self, inner: Any, names: list[str]) -> None:
        self._inner, self._names = inner, names
        self._first: bytes | None = None

    def read(self, size: int) -> bytes:
        if self._first is not None:
            return bytes(self._inner.read(size))
        self._first = bytes(self._inner.read(max(size, _LONGEST_HEADER)))
        line, _, rest = self._first.partition(b"\n")
        row = next(csv.reader(io.StringIO(line.decode(errors="replace"))), [])
        return (rest or bytes(self._inner.read(size))) if row == self._names else self._first

    def close(self) -> None:
        self._inner.close()


def _cut(name: str) -> SourceError:
    return SourceError(
        "the slice is cut off or damaged",
        where=name,
        remedy="Nothing of it is published. Sync again.",
    )
