"""``python -m tests.benchmarks.portal``: pages of a catalog of 1,000 tables, by gunicorn.

Two workers on two cores, which the client shares. Ends with 1 where a bar is not kept: 300 pages a
second and 99 of 100 within 100 ms, also while a sync runs, no failed request in 20 restarts under
load, of a killed worker no more than what its threads held, and in Chromium the first paint of each
page within 1 s and no page of 150 kB. The time of the processors in a page does not depend on what
else the machine does, and is shown beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

from broker.portal.server import threads
from rig.browser import BrowserError
from tests.unit.catalog.example import write_example

from .load import requested
from .painted import painted
from .restarts import KILLS, failed, killed, restarted, workers_of
from .served import FOLDER, ORIGIN, cookie, portal
from .syncing import syncing

TABLES = 1_000
LEAST_PER_SECOND = 300
MOST_SECONDS = 0.1
PORT = int(ORIGIN.rpartition(":")[2])
PATHS = {
    "catalog": [f"/catalog?page={page}" for page in range(1, 11)],
    "table": [
        f"/catalog/table/{('shop', 'hr', 'ledger')[at % 3]}/table_{at}" for at in range(TABLES)
    ],
    "column": [f"/catalog/column/shop/table_{at}?name=id" for at in range(0, TABLES, 3)],
    "search": [f"/search?q=table+{at}" for at in range(100)],
}
BARRED = ("catalog", "table")
# What Chromium opens.
SEEN = ("/", *(paths[0] for paths in PATHS.values()), "/catalog/metrics", "/keys", "/datasets")
MOST_PAINT_MS, MOST_KB = 1000, 150


@click.command()
@click.option("--count", default=3_000, help="Requests of each kind.")
@click.option("--connections", default=8, help="Browsers at once.")
@click.option("--output", type=click.Path(path_type=Path), help="Where JSON goes.")
def main(count: int, connections: int, output: Path | None) -> None:
    """Measure each kind of page, and print a table."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        write_example(Path(folder) / "store", TABLES, audiences=(("finance", "private"),))
        os.environ[FOLDER] = folder
        header = cookie(portal())
        with gunicorn(folder) as master:
            for name in PATHS:
                found[name] = _measured(master, name, header, count, connections)
                _show(name, found[name])
            seen = _seen(header)
            with syncing(Path(folder), [master, *workers_of(master)]) as is_weighed:
                click.echo(
                    f"beside syncs, {'by' if is_weighed else 'WITHOUT'} the weights of a host"
                )
                for name in BARRED:
                    beside = f"{name}, syncs"
                    found[beside] = _measured(master, name, header, count, connections)
                    _show(beside, found[beside])
        work = (PORT, PATHS["table"][0], header, {FOLDER: folder})
        for name, answers in (("restarts", restarted(*work)), ("kills", killed(*work))):
            found[name] = {"failed": failed(answers), **answers}
            _show(name, found[name])
    if output is not None:
        output.write_text(json.dumps({**found, "pages": seen}, indent=1) + "\n")
    barred = [figures for name, figures in found.items() if name.startswith(BARRED)]
    missed = [*map(is_missed, barred), *map(is_heavy, seen.values())]
    lost = found["restarts"]["failed"] > 0 or found["kills"]["failed"] > KILLS * threads
    sys.exit(any(missed) or lost)


def _measured(
    master: int, name: str, cookie: str, count: int, connections: int
) -> dict[str, float]:
    """The figures of one kind of page."""
    paths = PATHS[name]
    requested(PORT, paths, cookie, count=200, connections=connections)  # warm
    before = processor_seconds(master)
    answers = requested(PORT, paths, cookie, count=count, connections=connections)
    spent = processor_seconds(master) - before
    return {
        "per_second": round(answers.per_second),
        "p50_ms": round(answers.quantile(0.5) * 1e3, 1),
        "p99_ms": round(answers.quantile(0.99) * 1e3, 1),
        "processor_ms": round(spent / count * 1e3, 2),
        "failed": answers.failed,
    }


def _show(name: str, figures: Mapping[str, float]) -> None:
    click.echo(f"{name:14}  " + "  ".join(f"{key} {value}" for key, value in figures.items()))


def _seen(cookie: str) -> dict[str, dict[str, float]]:
    """The pages as Chromium has them, each with its figures; nothing where there is none."""
    try:
        seen = painted(ORIGIN, SEEN, cookie)
    except BrowserError as error:
        click.echo(f"NOT MEASURED: the first paint and the size of pages. {error}")
        return {}
    for path, figures in seen.items():
        _show(path, figures)
    return seen


def is_heavy(figures: Mapping[str, float]) -> bool:
    """Whether a page comes late or is large."""
    return figures["first_paint_ms"] > MOST_PAINT_MS or figures["kb"] > MOST_KB


def is_missed(figures: Mapping[str, float]) -> bool:
    """Whether a bar is not kept."""
    is_slow = figures["per_second"] < LEAST_PER_SECOND or figures["p99_ms"] > MOST_SECONDS * 1e3
    return bool(is_slow or figures["failed"])


@contextmanager
def gunicorn(folder: str) -> Iterator[int]:
    """The process id of the master, once it answers."""
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4"]
    command += ["--bind", f"127.0.0.1:{PORT}", "--keep-alive", "30", "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "tests.benchmarks.portal.served:portal()"], env={**os.environ, FOLDER: folder}
    )
    try:
        _wait(process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise click.ClickException(f"gunicorn ended with {process.returncode}")
        try:
            with urlopen(f"{ORIGIN}/healthz", timeout=5):  # noqa: S310 (loopback)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise click.ClickException("gunicorn does not answer")


def processor_seconds(master: int) -> float:
    """What the workers took so far."""
    return sum(map(_seconds, workers_of(master)))


def _seconds(pid: int) -> float:
    fields: Sequence[str] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
