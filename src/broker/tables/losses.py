"""Which rows of a table a new version no longer has: how many, some keys, and what names all.

What is lost is a row whose key no row of the new version has. Where rows cannot be matched by a
key, it is a row as a whole, so often as the new version has fewer of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from .compare import Values, changed_files, json_of_texts, make_difference, parsed_row
from .files.apply import Previous
from .model import DataFile, Limits
from .session import columns_of, identifier, one_row, parquet, session

__all__ = ["LostRows", "columns_digest", "losses", "lost_rows"]

_EXAMPLES = 5
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class LostRows:
    """``digest`` is a SHA-256, in hex, of what is lost and of the version that has it.

    ``examples`` are the first keys, as JSON holds them; none of rows that have no key to match by.
    """

    digest: str
    examples: list[dict[str, Any]] = field(default_factory=list)


def losses(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> int:
    """How many rows of ``before`` have no successor: no row of their key, or simply no row."""
    old, new = changed_files(before, after)
    fewer = max(0, _rows(old) - _rows(new))
    if not key or not old.files or not new.files:
        return fewer
    with session(limits, work) as connection:
        if not _is_comparable(connection, old, new, key):
            return fewer
        # The old rows whose key no new row has.
        (lost,) = one_row(
            connection,
            f"SELECT count(*) FROM {parquet(old.paths())} AS o "
            f"ANTI JOIN {parquet(new.paths())} AS n ON {_same(key)}",
        )
    return int(lost)


def lost_rows(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> LostRows:
    """What names exactly the rows of ``before`` that are lost; ``key`` is that of both versions.

    The digest begins with the digests of all files of ``before``. So it fits no other version, and
    tells nothing about keys, even if these are easy to guess, without the files of the table.
    """
    old, new = changed_files(before, after)
    with session(limits, work) as connection:
        names = key if _is_comparable(connection, old, new, key) else ()
        digest = _begun("keys" if names else "rows", names, before.files)
        if not make_difference(connection, before, after, names, _named):
            return LostRows(digest.hexdigest())
        # Sorted by what each row hashes to: its place in the files says nothing.
        hashes = connection.execute(
            "SELECT unhex(sha256(row)) AS h FROM difference WHERE change = 'removed' ORDER BY h"
        )
        while batch := hashes.fetchmany(_BATCH):
            digest.update(b"".join(h for (h,) in batch))
        return LostRows(digest.hexdigest(), _first(connection, names) if names else [])


def columns_digest(before: Iterable[DataFile], names: Iterable[str]) -> str:
    """What names a version whose rows all go, for a delivery with columns of these names."""
    return _begun("columns", sorted(names), before).hexdigest()


def _begun(what: str, names: Sequence[str], files: Iterable[DataFile]) -> hashlib._Hash:
    """One line of JSON, before the hashes: no such line is the beginning of another."""
    facts = [what, *names], sorted(file.sha256 for file in files)
    return hashlib.sha256(f"{json.dumps(facts)}\n".encode())


def _named(key: tuple[str, ...], names: Sequence[str]) -> Callable[[Values], str]:
    """Shows a row by texts of its key, then the key's values; or by texts of the whole row."""

    def show(values: Values) -> str:
        value = values.get("o") or values["n"]
        columns = (f"{value(name)} AS k{at}" for at, name in enumerate(key))
        return ", ".join([f"{json_of_texts(value, key or names)} AS row", *columns])

    return show


def _first(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> list[dict[str, Any]]:
    """The lowest keys that are lost."""
    values = ", ".join(f"k{at}" for at, _ in enumerate(key))
    packed = ", ".join(f"{identifier(name)} := k{at}" for at, name in enumerate(key))
    lowest = f"SELECT {values} FROM difference WHERE change = 'removed' ORDER BY ALL"
    rows = connection.execute(
        f"SELECT to_json(struct_pack({packed})) FROM ({lowest} LIMIT {_EXAMPLES})"
    )
    return [parsed_row(row) for (row,) in rows.fetchall()]


def _is_comparable(
    connection: duckdb.DuckDBPyConnection, old: Previous, new: Previous, key: tuple[str, ...]
) -> bool:
    """Whether keys mean the same on both sides; of others, only the numbers can be compared."""
    if not old.files or not new.files:
        return True
    types = [columns_of(connection, parquet(one.paths())) for one in (old, new)]
    return all(types[0].get(name) == types[1].get(name) for name in key)


def _same(key: tuple[str, ...]) -> str:
    return " AND ".join(f"o.{identifier(name)} = n.{identifier(name)}" for name in key)


def _rows(version: Previous) -> int:
    return sum(file.rows for file in version.files)
