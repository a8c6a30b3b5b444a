"""Rows on their way from a source to a table: the one shape in which both rooms meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from .issues import RowPlace
from .row_places import RowPlaces

__all__ = ["OTHER_FORMAT", "End", "Reading", "Reject"]

OTHER_FORMAT = "not written as its format under csv.formats says"
"""Why a source rejects a value that the declared format of its column does not have."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read and so is not handed over, perhaps for one value of it.

    ``row`` counts from 1 in ``file``, or in a source without files: rows that are handed over
    and those that are not. ``record`` is the whole row as a JSON object of texts, where it could
    be read so far.
    """

    row: int
    column: str | None
    reason: str
    value: str | None = None
    line: int | None = None
    file: str | None = None
    record: str | None = None

    @property
    def place(self) -> RowPlace:
        """Where it stands."""
        return RowPlace(self.row, self.file, self.line)


@dataclass(frozen=True, slots=True)
class End:
    """The source's own statement that it delivered everything: without it nothing is published.

    ``rows`` counts the rows handed over, ``as_of`` is the source's clock read before extraction.
    ``version`` names what was read, where the source can: readings with two versions do not
    belong together. ``warnings`` are sentences for the operator, and name no value;
    ``tie`` is one more where rows of one key displaced each other.
    """

    rows: int
    as_of: datetime
    rejects: tuple[Reject, ...] = ()
    version: str | None = None
    warnings: tuple[str, ...] = ()
    tie: str | None = None


class Reading(Protocol):
    """Rows on their way. ``batches()`` may be called once and streams; memory stays bounded.

    A column whose type the source does not know arrives as text (Arrow ``string``), NULL
    already distinct from the empty string; all others arrive in the Arrow type of the schema.
    ``places`` says where each row that was handed over stands in the source; None where that
    are all rows, as the source counts them.
    """

    schema: pa.Schema

    @property
    def places(self) -> RowPlaces | None:
        """Where the rows stand."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows; raises ``SourceError`` when the source breaks off."""

    def end(self) -> End:
        """Say what was complete; raises ``SourceError`` unless every batch was handed over."""
