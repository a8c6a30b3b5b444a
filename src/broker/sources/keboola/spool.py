"""A file on its way: one thread writes it, another reads what is there and waits for more."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from threading import Condition

from ...errors import SourceError

__all__ = ["Spool"]


class Spool(io.RawIOBase):
    """Lies on the disk without a name, so that nothing is left of it when the process dies.

    The reader sees it as a stream; closing it stops the writer.
    """

    def __init__(self, folder: Path | None) -> None:
        """``folder`` is where the disk has room; None is the system's folder for such files."""
        super().__init__()
        self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - closed below
        self._changed = Condition()
        self._is_ended = False
        self._failure: BaseException | None = None
        self._at = 0
        self.size = 0

    def append(self, block: bytes) -> None:
        """Write more; raises ``SourceError`` when the reader has stopped."""
        if self.closed:
            raise SourceError("the reader has stopped")
        os.pwrite(self._file.fileno(), block, self.size)
        with self._changed:
            self.size += len(block)
            self._changed.notify_all()

    def finish(self, failure: BaseException | None = None) -> None:
        """Mark the end; after the last byte, a ``failure`` is raised to the reader."""
        with self._changed:
            self._is_ended, self._failure = True, failure
            self._changed.notify_all()

    def wait(self) -> int:
        """Wait until all is written; the number of bytes. Raises what the writer met."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ended)
        if self._failure is not None:
            raise self._failure
        return self.size

    def peek(self, size: int) -> bytes:
        """The first bytes, as many as that if there are."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ended or self.size >= size)
        if self.size < size and self._failure is not None:
            raise self._failure
        return os.pread(self._file.fileno(), size, 0)

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true; seeking from the end waits until all is written."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere else; from the end when all is written."""
        if whence == io.SEEK_END:
            self._at = self.wait() + offset
        else:
            self._at = offset + (self._at if whence == io.SEEK_CUR else 0)
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """What is there, at most ``size`` bytes, waiting for the first; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ended or self.size > self._at)
        if self.size <= self._at and self._failure is not None:
            raise self._failure
        limit = self.size - self._at if size is None or size < 0 else size
        block = os.pread(self._file.fileno(), limit, self._at)
        self._at += len(block)
        return block

    def close(self) -> None:
        """Free the disk."""
        if not self.closed:
            super().close()
            self._file.close()
