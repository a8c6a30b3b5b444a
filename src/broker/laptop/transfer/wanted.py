"""What is asked of a source."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

__all__ = ["BytesProgress", "Wanted"]

BytesProgress = Callable[[int], None]
"""Called with the bytes that have arrived so far, of all files of a transfer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files below one of the folders that a broker shows, such as ``generation``.

    ``listed`` are all files that are known to stand there; ``by_content`` compares the content of
    files of equal size and time as well. A file of more than ``most_bytes`` is left where it is.
    With ``may_be_absent`` the folder need not exist.
    """

    folder: str
    paths: Collection[str]
    listed: Collection[str] = ()
    by_content: bool = False
    most_bytes: int | None = None
    may_be_absent: bool = False
