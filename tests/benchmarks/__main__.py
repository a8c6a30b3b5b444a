"""``python -m tests.benchmarks``: measure, and print a table or JSON.

Every piece of work runs in a process of its own, so that its peak memory is its own. Ratios
compare with DuckDB alone on the same work in the same run: seconds depend on the machine.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work, what it is compared with, how often that may be exceeded, and its memory."""

    case: str
    bar: str | None = None
    ratio: float | None = None
    peak_mib: int | None = None
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one piece of work took; ``cpu`` tells more than ``seconds`` where others work too."""

    case: str
    seconds: float
    cpu: float
    peak_mib: int
    ratio: float | None = None
    cpu_ratio: float | None = None
    bound: str = ""
    skipped: str = ""


WORK = (
    Work("bare_copy"),
    Work("engine", "bare_copy", 1.5, 1024),
    Work("engine_512", "bare_copy", None, 640),
    Work("engine_shuffled", "bare_copy"),
    Work("engine_inferred", "bare_copy"),
    Work("engine_one_file", "bare_copy"),
    Work("polars", "bare_copy", needs="polars"),
    Work("bare_wide"),
    Work("engine_wide", "bare_wide"),
    Work("bare_upsert"),
    Work("engine_upsert", "bare_upsert", 1.5),
    Work("engine_replay", "bare_upsert"),
    Work("engine_small"),
)


def measure(work: Work, folder: Path, found: dict[str, Result]) -> Result:
    """Run one piece of work and compare it with its bar."""
    if work.needs and importlib.util.find_spec(work.needs) is None:
        return Result(work.case, 0, 0, 0, skipped=f"{work.needs} is not installed")
    start = time.monotonic()
    code, usage = _run(work.case, str(folder))
    seconds = time.monotonic() - start
    if code:
        return Result(work.case, seconds, 0, 0, skipped=f"failed with {code}")
    bar = found.get(work.bar or "")
    cpu = usage.ru_utime + usage.ru_stime
    return Result(
        case=work.case,
        seconds=round(seconds, 2),
        cpu=round(cpu, 2),
        peak_mib=usage.ru_maxrss // 1024,
        ratio=round(seconds / bar.seconds, 2) if bar and bar.seconds else None,
        cpu_ratio=round(cpu / bar.cpu, 2) if bar and bar.cpu else None,
        bound=_bound(work),
    )


def _run(*arguments: str) -> tuple[int, resource.struct_rusage]:
    """Run a case; this process stays small, because a child begins with its parent's peak."""
    command = [sys.executable, "-m", "tests.benchmarks.case", *arguments]
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


def _bound(work: Work) -> str:
    said = [f"{work.ratio} times {work.bar}"] if work.ratio else []
    return ", ".join([*said, *([f"{work.peak_mib} MiB"] if work.peak_mib else [])])


def line(result: Result) -> str:
    """One result for people."""
    if result.skipped:
        return f"{result.case:16} {result.skipped}"
    ratios = f"{result.ratio or '':>6} {result.cpu_ratio or '':>6}"
    took = f"{result.seconds:8.2f} {result.cpu:8.2f} {result.peak_mib:6}"
    return f"{result.case:16} {took} {ratios}  {result.bound}"


@click.command()
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of `orders`.")
@click.option(
    "--only", multiple=True, type=click.Choice([work.case for work in WORK]), help="Only this work."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the data here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(rows: int, only: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Measure the engine beside DuckDB alone."""
    with tempfile.TemporaryDirectory(prefix="broker-bench-") as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        if not (place / "changes.csv").exists():
            code, _ = _run("prepare", str(place), str(rows))
            if code:
                raise click.ClickException("the input files could not be written")
        found: dict[str, Result] = {}
        if not as_json:
            click.echo(
                f"{'work':16} {'s':>8} {'cpu s':>8} {'MiB':>6} {'ratio':>6} {'cpu':>6}  bound"
            )
        for work in WORK:
            if only and work.case not in only:
                continue
            found[work.case] = result = measure(work, place, found)
            if not as_json:
                click.echo(line(result))
        if as_json:
            click.echo(json.dumps({"rows": rows, "results": [asdict(r) for r in found.values()]}))


main()
