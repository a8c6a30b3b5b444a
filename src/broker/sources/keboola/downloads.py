"""The slices of an export on their way to this disk, a few at a time, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from urllib3 import BaseHTTPResponse

from ...errors import ForbiddenError, SourceError
from .files import Answers, ExportedFile, refused
from .retry import PassingError
from .spool import Spool
from .web import shown

__all__ = ["fetched"]

_BLOCK_BYTES = 1024 * 1024
_MOST_REFUSALS = 3
_GZIP = b"\x1f\x8b"


@contextmanager
def fetched(
    file: ExportedFile, names: Sequence[str], answers: Answers, *, ahead: int, folder: Path | None
) -> Iterator[Iterator[Spool]]:
    """The slices as streams, each to be closed before the next is asked for.

    At most ``ahead`` of them are on the way or on the disk; downloading runs ahead of reading.
    """
    begun: dict[int, Spool] = {}
    with ThreadPoolExecutor(ahead, thread_name_prefix="slice") as pool:

        def begin(number: int) -> None:
            if number < len(names):
                begun[number] = Spool(folder)
                pool.submit(_Download(file, names[number], answers, begun[number]).run)

        def streams() -> Iterator[Spool]:
            for number in range(ahead):
                begin(number)
            for number in range(len(names)):
                with begun[number] as spool:
                    yield spool
                del begun[number]
                begin(number + ahead)

        try:
            yield streams()
        finally:
            for spool in begun.values():
                spool.close()


class _Download:
    """One slice; goes on where a connection broke off, and with fresh credentials."""

    def __init__(self, file: ExportedFile, name: str, answers: Answers, spool: Spool) -> None:
        self._file, self._name, self._answers, self._spool = file, name, answers, spool
        self._where = f"{answers.where}: {shown(name)}"
        self._refusals = 0
        self._etag: str | None = None

    def run(self) -> None:
        """Fetch it; what fails is handed to the reader."""
        try:
            self._answers.patience.insist(
                self._once, self._answers.deadline, lambda: self._spool.size
            )
        except BaseException as error:  # the reader raises it
            self._spool.finish(error)
        else:
            self._spool.finish()

    def _once(self) -> None:
        if self._spool.closed:
            raise SourceError("the reader of this slice has stopped", where=self._where)
        version, place = self._file.locate(self._name)
        size = self._spool.size
        headers = {**place.headers, **({"Range": f"bytes={size}-"} if size else {})}
        with self._answers.web.open(place.url, headers, where=self._where) as response:
            if response.status in (200, 206):
                self._take(response, skip=size if response.status == 200 else 0)
                return
            refusal = refused(response.status, response.headers, self._where)
        if isinstance(refusal, ForbiddenError):
            self._ask_again(version, refusal)
        raise refusal

    def _take(self, response: BaseHTTPResponse, skip: int) -> None:
        etag = response.headers.get("ETag")
        if self._etag not in (None, etag):
            raise SourceError("a slice changed while it was fetched", where=self._where)
        self._etag = etag
        while block := response.read1(_BLOCK_BYTES):
            if self._answers.deadline.left < 0:  # however slowly, as long as it is not silent
                raise SourceError("the slice did not come in time", where=self._where)
            if not self._spool.size and not skip:
                self._refuse_page(block)
            if kept := block[skip:]:
                self._refusals = 0
                self._spool.append(kept)
            skip = max(0, skip - len(block))

    def _refuse_page(self, block: bytes) -> None:
        """What a proxy says in place of compressed data."""
        is_page = not block.startswith(_GZIP) and block.lstrip()[:1] == b"<"
        if is_page and (self._file.is_compressed or self._name.endswith(".gz")):
            raise PassingError("a page came in place of a slice", where=self._where)

    def _ask_again(self, version: int, refusal: ForbiddenError) -> None:
        self._refusals += 1
        if self._refusals > _MOST_REFUSALS:
            raise refusal
        self._file.refresh(version)
        raise PassingError(refusal.message, where=self._where, found=refusal.found)
