"""The change file: what turns one version of a table into the next, and all that replay needs.

Its first two columns say of each row what happened to it (``insert``, ``update``, ``delete``)
and in which partition it stood before; the table's own columns follow. A deleted row holds its
key alone. How the table is kept stands in the file's metadata, so that the files of the version
before and this one file are enough to write the next version, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from ...errors import TableError
from ...foreign.paths import checked_path
from ..model import Partitioning, Range, TableSpec
from ..session import literal
from .writing import METADATA

__all__ = ["Recipe", "hostile", "marks", "read_recipe", "within"]

_FORMAT = 1
_FAULTS = (
    duckdb.Error,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
_MOST_WORDS = 500  # of an error of a library


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a table is kept, as far as its bytes depend on it.

    ``gone`` is the range whose rows a table without a key drops before it appends.
    """

    path: str
    key: tuple[str, ...]
    partitioning: Partitioning | None
    target_file_bytes: int
    gone: Range | None = None

    @classmethod
    def of(cls, spec: TableSpec, gone: Range | None = None) -> Recipe:
        """The recipe of a table."""
        return cls(spec.path, spec.key, spec.partitioning, spec.target_file_bytes, gone)

    def dump(self) -> str:
        """As the change file keeps it."""
        by, gone = self.partitioning, self.gone
        return json.dumps(
            {
                "format": _FORMAT,
                "path": self.path,
                "key": self.key,
                "partition_by": [by.column, by.granularity] if by else None,
                "target_file_bytes": self.target_file_bytes,
                "gone": [gone.column, _text(gone.since), _text(gone.until)] if gone else None,
            },
            sort_keys=True,
        )


def read_recipe(path: Path) -> Recipe:
    """Read how the table of a change file is kept; raises ``TableError`` for any other file."""
    with hostile(path):
        found = (pq.read_metadata(path).metadata or {}).get(METADATA.encode())
        if found is None:
            raise TableError("this is not a change file", where=str(path))
        return _recipe(json.loads(found), path)


@contextmanager
def hostile(path: Path) -> Iterator[None]:
    """What a change file in an attacker's hands may raise becomes a ``TableError``.

    A disk that is full stays the ``OSError`` that it is; pyarrow raises one without a number for
    bytes that are not Parquet.
    """
    try:
        yield
    except _FAULTS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise TableError(
            "this change file cannot be used",
            where=str(path),
            found=str(error)[:_MOST_WORDS],
            remedy="Fetch the whole files instead.",
        ) from error


def _recipe(facts: dict[str, Any], path: Path) -> Recipe:
    if facts["format"] != _FORMAT:
        raise TableError(
            "this change file was written by another version of the broker",
            where=str(path),
            expected=f"format {_FORMAT}",
            found=f"format {facts['format']}",
            remedy="Fetch the whole files instead.",
        )
    by, gone = facts["partition_by"], facts["gone"]
    return Recipe(
        path=checked_path(facts["path"]),
        key=tuple(facts["key"]),
        partitioning=Partitioning(*by) if by else None,
        target_file_bytes=facts["target_file_bytes"],
        gone=Range(gone[0], _instant(gone[1]), _instant(gone[2])) if gone else None,
    )


def marks(names: Sequence[str]) -> tuple[str, str]:
    """The names of the first two columns, kept apart from those of the table."""
    taken = {name.lower() for name in names}
    return _free("_change", taken), _free("_partition", taken)


def _free(name: str, taken: set[str]) -> str:
    return _free(f"_{name}", taken) if name in taken else name


def within(range_: Range, column: str, type_: str) -> str:
    """The SQL of the rows that lie in a range, for the SQL and the type of its column."""
    zoned = type_ in ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
    bound_type = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    bounds = [
        f"{column} {operator} CAST({literal(_utc(bound, bound_type))} AS {bound_type})"
        for operator, bound in ((">=", range_.since), ("<", range_.until))
        if bound is not None
    ]
    inside = " AND ".join(bounds) or "true"
    return f"({inside})" if range_.until else f"({column} IS NULL OR ({inside}))"


def _utc(bound: datetime, type_: str) -> str:
    """A bound as text; a wall time is compared with the UTC clock of the bound."""
    clock = bound.astimezone(UTC) if bound.tzinfo else bound
    text = clock.replace(tzinfo=None).isoformat(" ")
    return f"{text}+00" if type_ == "TIMESTAMPTZ" else text


def _text(bound: datetime | None) -> str | None:
    return bound.isoformat() if bound else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
