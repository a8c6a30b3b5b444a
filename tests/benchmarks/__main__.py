"""``python -m tests.benchmarks``: measure, and print a table and JSON.

Every piece of work runs in a process of its own, so that its peak memory is its own. Ratios
compare with DuckDB alone on the same work, run beside it: seconds depend on the machine. Ends with
1 where a bar is not kept, or work failed.
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
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import click

from .work import WORK, Result, Run, Work, compared, groups, line, title


def measure(group: list[Work], folder: Path, rows: int, pairs: int) -> list[Result]:
    """Run the work of a group in turn, so many times, and compare it with what ran beside it."""
    skipped = {
        work.case: f"{work.needs} is not installed"
        for work in group
        if work.needs and importlib.util.find_spec(work.needs) is None
    }
    runs = defaultdict[str, list[Run]](list)
    for _ in range(pairs):
        for work in (one for one in group if one.case not in skipped):
            if reason := _once(work, folder, runs[work.case]):
                skipped[work.case] = reason
    return [
        Result(work.case, skipped=skipped[work.case])
        if work.case in skipped
        else compared(work, runs[work.case], runs.get(work.bar or "", []), rows)
        for work in group
    ]


def _once(work: Work, folder: Path, runs: list[Run]) -> str | None:
    """Run it and keep what it took; the reason where it failed."""
    if work.before is not None:
        code, _ = _run(work.before, str(folder))
        if code:
            return f"{work.before} failed with {code}"
    start = time.monotonic()
    code, usage = _run(work.case, str(folder))
    runs.append(Run.of(time.monotonic() - start, usage))
    return f"failed with {code}" if code else None


def _run(*arguments: str) -> tuple[int, resource.struct_rusage]:
    """Run a case; this process stays small, because a child begins with its parent's peak."""
    command = [sys.executable, "-m", "tests.benchmarks.case", *arguments]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            click.echo(log.read()[-2000:].decode(errors="replace"), err=True)
    return process.returncode, usage


def _prepare(place: Path, rows: int, *, is_long: bool) -> None:
    """Write the input files that are not there."""
    wanted = [] if (place / "changes.csv").exists() else ["prepare"]
    for case in [*wanted, *(["prepare_long"] if is_long else [])]:
        code, _ = _run(case, str(place), str(rows))
        if code:
            raise click.ClickException("the input files could not be written")


@click.command()
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of `orders`.")
@click.option(
    "--only", multiple=True, type=click.Choice([work.case for work in WORK]), help="Only this work."
)
@click.option("--pairs", default=5, show_default=True, help="Runs beside the bar: medians count.")
@click.option(
    "--long", "is_long", is_flag=True, help="Also load ten times the rows: 20 GB of disk."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the data here.")
@click.option("--output", type=click.Path(path_type=Path), help="Write JSON here, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(
    rows: int,
    only: tuple[str, ...],
    pairs: int,
    is_long: bool,
    folder: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure the broker beside DuckDB alone."""
    found: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="broker-bench-") as scratch:
        place = (folder or Path(scratch)).absolute()
        place.mkdir(parents=True, exist_ok=True)
        chosen = [work for work in WORK if work.case in only] if only else list(WORK)
        chosen = [work for work in chosen if is_long or not work.is_long]
        _prepare(place, rows, is_long=is_long)
        if not as_json:
            click.echo(title())
        for group in groups(chosen):
            results = measure(group, place, rows, pairs)
            found += results
            if not as_json:
                click.echo("\n".join(map(line, results)))
    report = json.dumps({"rows": rows, "pairs": pairs, "results": [asdict(r) for r in found]})
    if output is not None:
        output.write_text(report + "\n")
    if as_json:
        click.echo(report)
    if any(one.is_within is False or "failed" in one.skipped for one in found):
        raise SystemExit(1)


main()
