"""What is delivered to the broker: tables of many small files, one of 5,000,000 rows, and updates.

Numbers of rows are those for the whole size; a smaller one has the same share of each.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ..data import ORDERS, orders_of, write_csv

__all__ = [
    "BULK",
    "FILES_OF_TABLE",
    "ORDERS_TABLE",
    "SMALL_TABLES",
    "TABLES",
    "UPDATES",
    "write_bulk",
    "write_many",
    "write_orders",
    "write_update",
]

TABLES, FILES_OF_TABLE = 50, 20
_ROWS_OF_FILE = 25
_TYPES = ", ".join(f'{name}: "{type_}"' for name, type_ in ORDERS.items())
SMALL_TABLES = "".join(
    f"  - {{id: shop.t{number}, file: many.csv, primary_key: id, partition_by: day}}\n"
    for number in range(TABLES)
)
BULK = f"  - {{id: shop.bulk, primary_key: id, types: {{{_TYPES}}}}}\n"
ORDERS_TABLE = (
    "  - {id: shop.orders, primary_key: id, partition_by: created_at, sync_strategy: incremental, "
    "deletions: tombstone, tombstone: {column: gone}, "
    f"types: {{{_TYPES}, gone: BOOLEAN}}}}\n"
)
UPDATES = ("S1", "S2", "S3")


def write_many(path: Path) -> None:
    """The rows of a table of twenty months."""
    with duckdb.connect() as connection:
        rows = FILES_OF_TABLE * _ROWS_OF_FILE
        query = (
            f"SELECT i AS id, DATE '2025-01-01' + to_months(CAST(i // {_ROWS_OF_FILE} AS INTEGER)) "
            f"AS day, hash(i) % 1000 AS amount, 'note ' || i AS note FROM range({rows}) AS t(i)"
        )
        connection.execute(f"COPY ({query}) TO '{path}' (HEADER, FORMAT csv)")


def write_bulk(path: Path, rows: int) -> None:
    """The first rows of ``orders``."""
    write_csv(path, orders_of(f"SELECT i FROM range({rows}) AS t(i)", rows))


def write_orders(path: Path, rows: int) -> None:
    """``orders`` with even ids, so that rows can come in between."""
    write_csv(path, _even(f"SELECT i FROM range({rows}) AS t(i)", rows))


def write_update(path: Path, name: str, rows: int) -> None:
    """One of ``UPDATES`` of section C of the baselines, as a delivery of the rows that differ.

    S1: 50,000 changed, mostly in the last two months, and 25,000 new. S2: 1,000 changed anywhere
    and 1,000 new. S3: as S2, 291 deleted and 300 inserted in the middle.
    """
    scale = rows / 5_000_000
    few, some = max(round(1_000 * scale), 1), max(round(50_000 * scale), 1)
    if name == "S1":
        first = rows
        strays = max(some // 200, 1)
        ids = (
            f"SELECT DISTINCT i FROM (SELECT {rows} - 1 - CAST(hash(k) % ({rows} // 12) AS BIGINT) "
            f"AS i FROM range({some}) t(k) UNION ALL "
            f"SELECT CAST(hash(k * 7) % {rows} AS BIGINT) FROM range({strays}) t(k))"
        )
        new = some // 2
    else:
        first = rows + some // 2 + (few if name == "S3" else 0)
        salt = 11 if name == "S2" else 13
        ids = (
            f"SELECT DISTINCT CAST(hash(k * {salt}) % {rows} AS BIGINT) AS i FROM range({few}) t(k)"
        )
        new = few
    parts = [
        f"SELECT * REPLACE ('{name}' AS status) FROM ({_even(ids, rows)})",
        _even(f"SELECT i FROM range({first}, {first + new}) AS t(i)", rows),
    ]
    if name == "S3":
        middle, gone, inserted = rows // 2, max(round(291 * scale), 1), max(round(300 * scale), 1)
        between = _even(f"SELECT i FROM range({middle}, {middle + inserted}) AS t(i)", rows)
        parts.append(f"SELECT * REPLACE (id + 1 AS id) FROM ({between})")
        lost = _even(f"SELECT i * 7 AS i FROM range({gone}) AS t(i)", rows)
        parts[0] += f" WHERE id // 2 NOT IN (SELECT i * 7 FROM range({gone}) AS t(i))"
        parts.append(f"SELECT * REPLACE (true AS gone) FROM ({lost})")
    write_csv(path, " UNION ALL ".join(parts))


def _even(ids: str, rows: int) -> str:
    return f"SELECT * REPLACE (id * 2 AS id), false AS gone FROM ({orders_of(ids, rows)})"
