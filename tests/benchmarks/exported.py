"""Work on exports of a Keboola project that a stand-in serves from a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from broker.cli import broker

from .data import ORDERS

__all__ = ["gzipped", "keboola", "keboola_before", "keboola_small", "keboola_small_before"]

SLICES, SMALL = 10, 200
_TYPES = ", ".join(f'{name}: "{type_}"' for name, type_ in ORDERS.items())
_KEPT = f"primary_key: id, partition_by: created_at, types: {{{_TYPES}}}"


def keboola_before(folder: Path) -> None:
    """``orders.csv`` as slices in gzip without a header, and as one such file with it."""
    place = folder / "slices"
    if (place / "orders.csv.gz").exists():
        return
    place.mkdir(exist_ok=True)
    with (folder / "orders.csv").open("rb") as stream:
        header = stream.readline()
        size = (folder / "orders.csv").stat().st_size // SLICES + 1
        parts = []
        while text := stream.read(size):
            text += stream.readline()
            while text.count(b'"') % 2:  # a value of several lines
                text += stream.readline()
            parts.append(place / f"{len(parts)}.csv.gz")
            parts[-1].write_bytes(gzip.compress(text, 6))
    with (place / "whole.part").open("wb") as whole:
        for block in (gzip.compress(header), *(part.read_bytes() for part in parts)):
            whole.write(block)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_rows, parts))
    (place / "whole.part").rename(place / "orders.csv.gz")


def keboola(folder: Path) -> None:
    """Export, fetch, decompress, parse, type, partition, sign, publish."""
    slices = sorted((folder / "slices").glob("[0-9]*.csv.gz"))
    with _served(folder) as url:
        _announce(url, "in.c-shop.orders", list(ORDERS), slices)
        table = f"  - {{id: in.c-shop.orders, {_KEPT}}}\n"
        _sync(folder / "keboola", _settings(url), table)


def gzipped(folder: Path) -> None:
    """The same rows from one gzip file on the disk; the stand-in serves nobody."""
    with _served(folder):
        table = f"  - {{id: in.c-shop.orders, {_KEPT}}}\n"
        _sync(folder / "gzipped", "{type: csv, path: ../../slices}", table)


def keboola_small_before(folder: Path) -> None:
    """200 tables of 2,000 rows as slices."""
    place = folder / "small-slices"
    place.mkdir(exist_ok=True)
    for number in range(SMALL):
        text = (folder / f"small{number}.csv").read_bytes().partition(b"\n")[2]
        (place / f"{number}.csv.gz").write_bytes(gzip.compress(text, 1))
        _rows(place / f"{number}.csv.gz")


def keboola_small(folder: Path) -> None:
    """200 exports of 2,000 rows each, eight at a time."""
    header = (folder / "small0.csv").read_text().partition("\n")[0].split(",")
    place = folder / "small-slices"
    with _served(folder) as url:
        for number in range(SMALL):
            path = place / f"{number}.csv.gz"
            _announce(url, f"in.c-shop.small{number}", header, [path])
        tables = "".join(
            f"  - {{id: in.c-shop.small{number}, primary_key: id}}\n" for number in range(SMALL)
        )
        _sync(folder / "keboola-small", _settings(url), tables, parallel=8)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The stand-in's address; its token is in the environment."""
    command = [sys.executable, "-m", "rig.fakes.keboola", "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        os.environ["KEBOOLA_TOKEN"] = process.stdout.readline().partition("token: ")[2].strip()
        try:
            yield url
        finally:
            process.terminate()


def _settings(url: str) -> str:
    return f'{{type: keboola, url: "{url}", project: "1234", token: "${{KEBOOLA_TOKEN}}"}}'


def _announce(url: str, table: str, columns: Sequence[str], slices: Sequence[Path]) -> None:
    with ThreadPoolExecutor(2) as pool:
        rows = sum(pool.map(_rows, slices))
    body = {"table": table, "columns": columns, "slices": [*map(str, slices)], "rows": rows}
    request = urllib.request.Request(  # noqa: S310 - the stand-in's address
        f"{url}/control/exports",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()  # noqa: S310


def _rows(path: Path) -> int:
    """Line ends outside of quotes; counted before anything is measured, and kept."""
    kept = path.with_suffix(".rows")
    if not kept.exists():
        pieces = gzip.decompress(path.read_bytes()).split(b'"')
        kept.write_text(str(sum(piece.count(b"\n") for piece in pieces[::2])))
    return int(kept.read_text())


def _sync(place: Path, source: str, tables: str, *, parallel: int = 2) -> None:
    shutil.rmtree(place, ignore_errors=True)
    config = place / "config"
    config.mkdir(parents=True)
    limits = f"sync: {{parallel_tables: {parallel}}}\n"
    (config / "instance.yaml").write_text(f"data_source: {source}\n{limits}")
    (config / "data_description.md").write_text(f"```yaml\ntables:\n{tables}```\n")
    words = ["sync", "--json", "--config", str(config), "--data", str(place / "data")]
    if code := broker.main(words, standalone_mode=False):
        raise SystemExit(f"the sync ended with {code}")
