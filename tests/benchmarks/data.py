"""The tables that are measured: made by DuckDB from row numbers, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = [
    "OPTIONS",
    "ORDERS",
    "make_changes",
    "make_orders",
    "make_shuffled",
    "make_small",
    "make_wide",
    "orders_of",
    "write_csv",
]

OPTIONS = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 10000"
ORDERS = {
    "id": "BIGINT",
    "customer_id": "BIGINT",
    "product_id": "BIGINT",
    "created_at": "TIMESTAMPTZ",
    "updated_at": "TIMESTAMP",
    "total": "DECIMAL(12,2)",
    "tax": "DECIMAL(9,2)",
    "rate": "DECIMAL(9,4)",
    "status": "VARCHAR",
    "country": "VARCHAR",
    "sku": "VARCHAR",
    "token": "VARCHAR",
    "email": "VARCHAR",
    "note": "VARCHAR",
    "qty": "BIGINT",
    "discount_code": "BIGINT",
    "is_gift": "BOOLEAN",
    "is_test": "BOOLEAN",
    "url": "VARCHAR",
    "score": "DOUBLE",
}
SECONDS = 730 * 86_400  # two years

_ORDERS = """
SELECT i AS id,
  CAST(hash(i * 7) % 400000 AS BIGINT) AS customer_id,
  CAST(hash(i * 11) % 20000 AS BIGINT) AS product_id,
  strftime(TIMESTAMP '2024-12-01' + to_seconds(CAST(least(i * ({seconds} / {rows}::DOUBLE)
    + hash(i) % 86400, {seconds} - 1) AS BIGINT)), '%Y-%m-%dT%H:%M:%SZ') AS created_at,
  strftime(TIMESTAMP '2024-12-02' + to_seconds(CAST(i * ({seconds} / {rows}::DOUBLE)
    + hash(i) % 864000 AS BIGINT)), '%Y-%m-%d %H:%M:%S.%f') AS updated_at,
  CAST((hash(i * 3) % 1000000) / 100.0 AS DECIMAL(12, 2)) AS total,
  CAST((hash(i * 5) % 10000) / 100.0 AS DECIMAL(9, 2)) AS tax,
  CAST((hash(i * 13) % 10000) / 10000.0 AS DECIMAL(9, 4)) AS rate,
  ['new', 'paid', 'shipped', 'returned', 'cancelled'][1 + CAST(hash(i) % 5 AS INTEGER)] AS status,
  ['CZ', 'DE', 'US', 'GB', 'FR', 'NA'][1 + CAST(hash(i * 2) % 6 AS INTEGER)] AS country,
  'SKU-' || (hash(i * 17) % 50000) AS sku,
  md5(CAST(i AS VARCHAR)) AS token,
  'user' || (hash(i * 7) % 400000) || '@example.com' AS email,
  CASE WHEN hash(i * 19) % 10 = 0 THEN 'He said "hi", then' || chr(10) || 'left 😀 ' || i
    ELSE 'Plain note about order ' || (hash(i * 23) % 1000000) END AS note,
  CASE WHEN hash(i * 29) % 4 = 0 THEN NULL ELSE hash(i * 29) % 100 END AS qty,
  CASE WHEN hash(i * 31) % 3 = 0 THEN NULL ELSE hash(i * 31) % 1000 END AS discount_code,
  hash(i) % 2 = 0 AS is_gift,
  hash(i * 41) % 7 = 0 AS is_test,
  'https://shop.example.com/orders/' || i || '?ref='
    || substr(md5(CAST(i * 3 AS VARCHAR)), 1, 12) AS url,
  CAST((hash(i * 43) % 100000) / 7.0 AS DOUBLE) AS score
FROM range({rows}) AS t(i)
"""


def orders_of(ids: str, rows: int) -> str:
    """The SQL of rows of ``orders``. ``ids`` is a query whose one column ``i`` has their numbers;
    ``rows`` is how many the whole table has, which decides when each was made.
    """
    orders = _ORDERS.format(rows=rows, seconds=SECONDS)
    return orders.replace(f"FROM range({rows}) AS t(i)", f"FROM ({ids}) AS t(i)")


def make_orders(path: Path, rows: int) -> None:
    """Write ``orders``: 20 columns, in order of ``id``, over 24 months."""
    write_csv(path, _ORDERS.format(rows=rows, seconds=SECONDS))


def make_shuffled(path: Path, rows: int) -> None:
    """Write ``orders`` in no order at all."""
    write_csv(path, f"SELECT * FROM ({_ORDERS.format(rows=rows, seconds=SECONDS)}) ORDER BY token")


def make_wide(path: Path, rows: int, columns: int = 200) -> None:
    """Write ``wide``: a key and many columns of four kinds."""
    kinds = (
        "hash(i * {n}) % 1000",
        "CAST((hash(i * {n}) % 100000) / 100.0 AS DECIMAL(9, 2))",
        "'text ' || (hash(i * {n}) % 500)",
        "CASE WHEN hash(i * {n}) % 3 = 0 THEN NULL ELSE hash(i * {n}) % 2 = 0 END",
    )
    others = (f"{kinds[n % 4].format(n=n)} AS c{n}" for n in range(1, columns))
    write_csv(path, f"SELECT i AS id, {', '.join(others)} FROM range({rows}) AS t(i)")


def make_small(folder: Path, tables: int, rows: int) -> None:
    """Write many small tables."""
    for number in range(tables):
        make_orders(folder / f"small{number}.csv", rows)


def make_changes(path: Path, rows: int) -> None:
    """Write an increment of 1.5 %: two thirds changed, mostly of late, and a third new."""
    some = rows // 100
    late = f"SELECT {rows} - 1 - CAST(hash(k) % ({rows} // 12) AS BIGINT) FROM range({some}) t(k)"
    stray = f"SELECT CAST(hash(k * 7) % {rows} AS BIGINT) FROM range({max(some // 200, 1)}) t(k)"
    ids = f"SELECT DISTINCT * FROM ({late} UNION ALL {stray}) AS t(i)"
    changed = orders_of(ids, rows)
    new = orders_of(f"SELECT i FROM range({rows}, {rows + some // 2}) AS t(i)", rows)
    write_csv(path, f"SELECT * REPLACE ('changed' AS status) FROM ({changed}) UNION ALL {new}")


def write_csv(path: Path, query: str) -> None:
    """Write the rows of a query, with a header."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({query}) TO '{path}' (HEADER, FORMAT csv)")
