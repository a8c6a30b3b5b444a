"""``broker runs``: how the last syncs of this host ended; and the record of it, for systemd."""

from __future__ import annotations

import grp
from pathlib import Path

import click
from rich.table import Table

from ..classes import OPERATOR_GROUP
from ..errors import BrokerError, ConfigError
from ..hostpaths import SYNCS
from ..runs import Ended, RunOutcome, RunStatus, facts_of, host_syncs, note_begin, note_end
from .options import as_json, data_dir
from .screen import Screen
from .terminal import say, say_json

__all__ = ["runs"]


@click.command()
@data_dir
@click.option("--began", metavar="UNIT", help="Record that this unit begins; systemd does that.")
@click.option("--ended", metavar="HOW:UNIT", help="Record how this unit ended; systemd does that.")
@as_json
def runs(data: Path, began: str | None, ended: str | None, as_json: bool) -> int:
    """Show how the last syncs of this host ended.

    Ends with 1 if the last one failed, or no other will start by itself.
    """
    if began:
        note_begin(began, data, _operators())
        return 0
    if ended:
        how, _, unit = ended.partition(":")
        say(_line(note_end(how, unit, data, _operators())))
        return 0
    found = host_syncs()
    if found is None:
        raise ConfigError(
            "no sync is recorded on this machine",
            where=str(SYNCS),
            remedy="On a host that site.yml deployed, each sync is.",
        )
    if as_json:
        say_json({**found.facts(), "ended": [facts_of(run) for run in found.record.ended]})
    else:
        _print(found)
    return int(found.failed)


def _operators() -> int:
    try:
        return grp.getgrnam(OPERATOR_GROUP).gr_gid
    except KeyError:
        raise BrokerError(
            f"there is no group {OPERATOR_GROUP}", remedy="Run `ansible-playbook site.yml`."
        ) from None


def _line(run: Ended) -> str:
    results = {RunOutcome.FINE: "ended well", RunOutcome.FAILED: f"failed: {run.reason}"}
    return f"{run.unit} {results.get(run.outcome, run.reason)}"


def _print(found: RunStatus) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("ended (UTC)", "took", "outcome", "unit"):
        table.add_column(name, no_wrap=True)
    table.add_column("how")
    for run in found.record.ended:
        took = str(run.at - run.began).partition(".")[0] if run.began else ""
        ended = f"{run.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(ended, took, run.outcome, run.unit.removesuffix(".service"), run.reason)
    Screen(width_of_a_pipe=200).print(table)
    say(*found.lines())
