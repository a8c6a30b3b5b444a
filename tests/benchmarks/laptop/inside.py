"""Runs on the laptop, by the Python of a folder: ``inside.py WORK OLD NEW OUT``.

It prints the seconds that the work took by the clock, and of the processors.

OLD and NEW are folders of generations, OUT is made anew. ``replay`` writes the files of the one
table of NEW that has a change file as a sync does, and must come to the signed bytes; ``hand``
does with nothing but DuckDB, and must come to the same rows; ``views`` makes the views of NEW.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from broker.laptop.views import rebuild
from broker.laptop.workspace import read_tree
from broker.manifest import TableEntry
from broker.tables.files.writing import options
from broker.tables.model import Limits
from broker.tables.replay import replay


def changed(tree: Path) -> TableEntry:
    """The one table that was merged."""
    return next(entry for entry in read_tree(tree).tables if entry.changes)


def change_of(new: Path) -> Path:
    """Its newest change file, which stays where it was replayed."""
    return new / changed(new).changes[-1].file.path


def by_replay(old: Path, new: Path, out: Path) -> None:
    """As a sync does."""
    (before,) = (one for one in read_tree(old).tables if one.id == changed(new).id)
    work = out / "work"
    work.mkdir()
    limits = Limits(memory_bytes=1 << 30)
    replay(old, before.files, [change_of(new)], out=out, work=work, limits=limits)


def by_hand(old: Path, new: Path, out: Path) -> None:
    """Anti-join and rewrite the touched months, two at a time, with the writer's own options."""
    entry = changed(new)
    folder = old / "parquet" / entry.path
    names = ", ".join(f'"{column.name}"' for column in entry.schema.columns)
    writer = options(len(entry.schema.columns))
    target = out / "parquet" / entry.path
    target.mkdir(parents=True)
    month = "strftime(created_at, '%Y_%m')"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE u AS SELECT * FROM '{change_of(new)}'")
        touched = connection.execute(
            f"SELECT _partition FROM u WHERE _partition IS NOT NULL UNION "
            f"SELECT {month} FROM u WHERE _change <> 'delete'"
        ).fetchall()

        def one(name: str) -> None:
            place = folder / f"{name}.parquet"
            kept = f"SELECT {names} FROM '{place}' WHERE id NOT IN (SELECT id FROM u)"
            kept = f"{kept} UNION ALL" if place.exists() else ""
            rows = f"SELECT {names} FROM u WHERE _change <> 'delete' AND {month} = '{name}'"
            query = f"{kept} {rows} ORDER BY id"
            with connection.cursor() as cursor:
                cursor.execute("SET TimeZone = 'UTC'")
                cursor.execute(f"COPY ({query}) TO '{target}/{name}.parquet' {writer}")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, [name for (name,) in touched]))


def check(entry: TableEntry, new: Path, out: Path, *, is_signed: bool) -> None:
    """Raise unless every file that was written is one of the table's: its bytes, or its rows."""
    signed = {file.path: file for file in entry.files}
    written = sorted((out / "parquet").rglob("*.parquet"))
    for place in written:
        file = signed[place.relative_to(out).as_posix()]
        if is_signed and hashlib.sha256(place.read_bytes()).hexdigest() != file.sha256:
            raise SystemExit(f"{file.path} is not as it was signed")
        if rows_of(place) != rows_of(new / file.path):
            raise SystemExit(f"{file.path} has other rows")
    if not written:
        raise SystemExit("nothing was written")


def rows_of(place: Path) -> list[tuple[object, ...]]:
    """How many rows, and a number that other rows would not have."""
    with duckdb.connect() as connection:
        query = f"SELECT count(*), sum(hash(one)) FROM '{place}' AS one"
        return connection.execute(query).fetchall()


def main(work: str, old: Path, new: Path, out: Path) -> None:
    """Carry it out; what every process has to load, and the check afterwards, do not count."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    manifest = read_tree(new)
    began, computed = time.perf_counter(), time.process_time()
    if work == "views":
        rebuild(manifest, new, out / "views.duckdb", out / "views.json")
    else:
        {"replay": by_replay, "hand": by_hand}[work](old, new, out)
    print(time.perf_counter() - began, time.process_time() - computed)  # noqa: T201  the answer
    if work != "views":
        check(changed(new), new, out, is_signed=work == "replay")
    shutil.rmtree(out)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
