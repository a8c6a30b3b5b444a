"""Kill a sync at random points while readers look on, again and again.

Every input has a version, and every row of every table carries it: a reader that ever meets two
versions, a missing row or an unreadable file has seen something torn. ``python -m
tests.integration.sync.torture`` is the long form of the test.
"""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb

from broker.publish import Store
from tests.duck import reader

__all__ = ["DESCRIPTION", "TABLES", "Seen", "check_copy", "kill_syncs", "version_of_input"]

ROWS = 4_000
TABLES = ("orders", "customers", "events")
DESCRIPTION = """```yaml
tables:
  - {id: shop.orders, primary_key: id, partition_by: day}
  - {id: shop.customers, primary_key: id}
  - {id: shop.events}
```
"""


@dataclass
class Seen:
    """What the readers saw. ``wrong`` must stay empty."""

    reads: int = 0
    pulls: int = 0
    kills: int = 0
    finished: int = 0
    versions: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


def kill_syncs(root: Path, kills: int, seed: int) -> Seen:
    """Sync and kill until ``kills`` were delivered; then one run must recover by itself."""
    seen = Seen()
    chance = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["broker.cli.sync", "tests.integration.sync.kills"])
    _prepare(root)
    _measure(context, root)  # starts the server that the runs fork from
    reach = _measure(context, root)
    stop = threading.Event()
    looking = [
        threading.Thread(target=_forever, args=(stop, seen, look, root)) for look in (_read, _pull)
    ]
    for thread in looking:
        thread.start()
    try:
        version = 0
        while seen.kills < kills:
            version += 1
            _write_input(root, version)
            before = seen.kills
            _sync(context, root, seen, after=chance.uniform(0, reach))
            reach *= 1.02 if seen.kills > before else 0.94  # a quarter of the runs get through
    finally:
        stop.set()
        for thread in looking:
            thread.join()
    _recover(context, root, seen, version + 1)
    return seen


def _prepare(root: Path) -> None:
    (root / "config").mkdir()
    (root / "csv").mkdir()
    (root / "config/instance.yaml").write_text("data_source: {type: csv, path: ../csv}\n")
    (root / "config/data_description.md").write_text(DESCRIPTION)
    _write_input(root, 0)


def version_of_input(version: int) -> str:
    """The CSV text of every table at this version."""
    lines = (f"{row},{version},2026-{1 + row % 3:02}-01\n" for row in range(ROWS))
    return "id,version,day\n" + "".join(lines)


def _write_input(root: Path, version: int) -> None:
    text = version_of_input(version)
    for table in TABLES:
        (root / f"csv/{table}.csv").write_text(text)


def _measure(context: ForkServerContext, root: Path) -> float:
    """Publish the input as it is; how long that takes says where kills can hit."""
    began = time.monotonic()
    process = context.Process(target=_run, args=(root,))
    process.start()
    process.join()
    assert process.exitcode == 0, (root / "log").read_text()
    return time.monotonic() - began


def _run(root: Path) -> None:
    """In a process of its own: ``broker sync``, its words in a file."""
    from broker.cli import broker  # noqa: PLC0415 - imported where it runs

    arguments = ["sync", "--config", str(root / "config"), "--data", str(root / "data")]
    with (root / "log").open("a") as log, redirect_stdout(log), redirect_stderr(log):
        code = broker.main(arguments, prog_name="broker", standalone_mode=False)
    sys.exit(code)


def _sync(context: ForkServerContext, root: Path, seen: Seen, after: float) -> None:
    process = context.Process(target=_run, args=(root,))
    process.start()
    process.join(after)
    if process.is_alive():
        process.kill()
        process.join()
        seen.kills += 1
    elif process.exitcode == 0:
        seen.finished += 1
    else:
        seen.wrong.append(f"a sync after a kill ended with {process.exitcode}")


def _recover(context: ForkServerContext, root: Path, seen: Seen, version: int) -> None:
    """After the last kill: the next run publishes, clears up, and everything verifies."""
    _write_input(root, version)
    _sync(context, root, seen, after=120)
    _read(root, seen)
    if version not in seen.versions:
        seen.wrong.append("the last run did not publish what it read")
    store = Store(root / "data")
    left = [path.name for path in (root / "data/staging").iterdir()]
    if left:
        seen.wrong.append(f"staging holds what dead runs left: {left}")
    for generation in store.generations():
        seen.wrong += [f"{one.path} {one.problem}" for one in store.verify(generation.id)]


def _forever(
    stop: threading.Event, seen: Seen, look: Callable[[Path, Seen], None], root: Path
) -> None:
    while not stop.is_set():
        try:
            look(root, seen)
        except (duckdb.Error, OSError) as error:
            seen.wrong.append(f"{look.__name__}: {error}")


def _read(root: Path, seen: Seen) -> None:
    """As a script on the host: hold on to the current generation, read all its tables."""
    generation = (root / "data/current").resolve()
    check_copy(generation / "parquet/shop", seen)
    seen.reads += 1


def _pull(root: Path, seen: Seen) -> None:
    """As an analyst: one plain rsync of the published folder, then read the copy."""
    with tempfile.TemporaryDirectory(dir=root) as copy:
        done = subprocess.run(
            ["rsync", "-a", f"{root}/data/current/views/tree/parquet/", f"{copy}/"],
            capture_output=True,
            text=True,
            check=False,
        )
        if met_a_publish(done):
            return
        if done.returncode:
            seen.wrong.append(f"rsync ended with {done.returncode}: {done.stderr.strip()}")
            return
        check_copy(Path(copy, "shop"), seen)
        seen.pulls += 1


def met_a_publish(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether rsync gave up, aloud, at a link that was replaced between two steps of its walk."""
    return done.returncode == 23 and "Too many levels of symbolic links (40)" in done.stderr


def check_copy(folder: Path, seen: Seen) -> None:
    versions = set()
    for table in TABLES:
        single = folder / f"{table}.parquet"
        files = single if single.exists() else folder / table / "*.parquet"
        with reader() as connection:
            found = connection.execute(
                f"SELECT count(*), min(version), max(version) FROM '{files}'"
            ).fetchall()
        count, lowest, highest = found[0]
        if count != ROWS:
            seen.wrong.append(f"{table} has {count} rows")
        versions |= {lowest, highest}
    if len(versions) != 1:
        seen.wrong.append(f"versions {sorted(versions)} in one reading")
    seen.versions |= versions
