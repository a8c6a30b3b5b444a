"""``python -m tests.benchmarks.laptop``: boot a broker and a laptop, measure, print and judge.

As root, on a machine that nothing else uses: seconds depend on it. Ends with 1 where a bar is not
kept. Bytes on the wire are those of the laptop's network device, by the kernel's counters. The
slow link is ``rig.hosts.link``: 20 Mbit/s each way, 40 ms there and back.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from rig.hosts import can_boot, temporary

from . import contact, pulls, updates
from .figures import Figure, line_of
from .stage import Stage, set_up


def _slow_pull(stage: Stage) -> Iterator[Figure]:
    yield from pulls.measure_pull(stage, "bulk", "slow link", stage.slow)


PARTS: dict[str, Callable[[Stage], Iterator[Figure]]] = {
    "contact": contact.measure,
    "small": pulls.measure_small,
    "pull": _slow_pull,
    "many": pulls.measure_many,
    "updates": updates.measure,
}


@click.command()
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of `orders`.")
@click.option("--only", multiple=True, type=click.Choice([*PARTS]), help="Only this part.")
@click.option("--pairs", default=3, show_default=True, help="Runs of each kind: medians count.")
@click.option("--output", type=click.Path(path_type=Path), help="Write JSON here, too.")
def main(rows: int, only: tuple[str, ...], pairs: int, output: Path | None) -> None:
    """Measure what an analyst's laptop takes, over real ssh between two booted hosts."""
    if reason := can_boot():
        raise click.ClickException(f"no host can be booted here: {reason}")
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(prefix="broker-bench-") as scratch,
        temporary() as run,
        set_up(run, Path(scratch), rows, pairs) as stage,
    ):
        pulls.prepare(stage)
        chosen = [name for name in PARTS if not only or name in only]
        if "contact" not in chosen:
            contact.introduce(stage)
        for name in chosen:
            for figure in PARTS[name](stage):
                figures.append(figure)
                click.echo(line_of(figure))
    if output is not None:
        found = [asdict(figure) | {"is_within": figure.is_within} for figure in figures]
        output.write_text(json.dumps({"rows": rows, "pairs": pairs, "figures": found}) + "\n")
    if any(figure.is_within is False for figure in figures):
        raise SystemExit(1)


main()
