"""``python -m tests.integration.sources.keboola.torture``: a hundred random schedules of faults."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rig.fakes.keboola import Behaviour, StandIn

from .conftest import Broker, Loader
from .test_random import CENSUS, STEPS, History, follow


@click.command()
@click.option("--runs", default=100, show_default=True)
def main(runs: int) -> None:
    """Follow random schedules; the first that publishes what never was is printed and raised."""
    with tempfile.TemporaryDirectory() as scratch, StandIn(folder=Path(scratch)) as keboola:
        keboola.project.behaviour = Behaviour(rows_per_slice=4, least_slices=3)
        broker, history = Broker(Path(scratch), keboola), History(Loader(keboola))

        @settings(
            max_examples=runs,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[*HealthCheck],
        )
        @given(steps=STEPS, strategy=st.sampled_from(["", CENSUS]))
        def every(steps: list[object], strategy: str) -> None:
            follow(broker, history, steps, strategy)

        every()
    click.echo(f"{runs} schedules of faults: what was published was always true")


if __name__ == "__main__":
    main()
