"""Run one query against the views of the last sync and print its answer."""

import sys
from pathlib import Path

import duckdb

DATABASE = Path(__file__).resolve().parents[2] / "user" / "duckdb" / "analytics.duckdb"

with duckdb.connect(str(DATABASE), read_only=True) as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.sql(" ".join(sys.argv[1:]) or "SHOW TABLES").show()
