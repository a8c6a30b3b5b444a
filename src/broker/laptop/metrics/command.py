"""``metrics`` and ``metric NAME``: what the broker publishes, and its number."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime

import click

from ...foreign.text import prose, shown
from ...metrics.model import Metric
from ..query.ask import GuardedData
from ..query.command import CUT
from ..query.limits import QueryLimits
from ..query.options import MIB, characters_option, memory_option, rows_option, seconds_option
from ..query.render import as_csv, as_json, as_table, provenance
from ..screen import say, say_data, say_json, warn
from ..workspace import Workspace
from .listing import metric_named, read_metrics
from .periods import metric_sql

__all__ = ["metric", "metrics"]

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Answer with JSON, SQL included.")
@click.pass_obj
def metrics(workspace: Workspace, *, is_json: bool) -> None:
    """List the metrics that the broker publishes to you: numbers with one definition each."""
    manifest, tree = workspace.in_use()
    found = read_metrics(manifest, tree)
    if is_json:
        say_json({"generation": manifest.generation, "metrics": [asdict(one) for one in found]})
    elif found:
        say(*_listed(found), "`metric NAME` gives the number, `metric NAME --sql` its SQL.")
    else:
        say(f"The broker publishes no metric to you in generation {manifest.generation}.")


@click.command()
@click.argument("name")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="First day of the first period.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day of the last period.")
@click.option("--sql", "form", flag_value="sql", help="Show the SQL, and do not run it.")
@click.option("--json", "form", flag_value="json", help="Answer with JSON.")
@click.option("--csv", "form", flag_value="csv", help="Answer with CSV.")
@rows_option
@characters_option
@seconds_option
@memory_option
@click.pass_obj
def metric(
    workspace: Workspace,
    /,
    name: str,
    first: datetime | None,
    last: datetime | None,
    form: str | None,
    **limits: float,
) -> None:
    """Give the number of the metric NAME, which may be a synonym, as the broker defines it.

    It runs through the same guard as `sql`, so it says of which generation it is and how old its
    tables are. An answer that is cut ends with exit code 4.
    """
    data = replace(GuardedData.of(workspace, _limits(**limits)), offers_metrics=False)
    found = metric_named(read_metrics(data.manifest, data.tree), name)
    query = metric_sql(found, _day(first), _day(last))
    if form == "sql":
        say(*query.splitlines())
        return
    answer = data.ask(data.check(query))
    if form == "json":
        say_json({"metric": asdict(found), **as_json(answer)})
    elif form == "csv":
        say_data(as_csv(answer))
        warn(*_about(found), *provenance(answer))
    else:
        say(*_about(found), "", *as_table(answer), *provenance(answer))
    if answer.cut is not None:
        if form != "csv":
            warn(f"broker: the answer was cut after {answer.cut}, and there are more rows")
        sys.exit(CUT)


def _limits(*, rows: float, characters: float, seconds: float, memory: float) -> QueryLimits:
    return QueryLimits(int(rows), int(characters), seconds, int(memory) * MIB)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _about(one: Metric) -> Iterator[str]:
    facts = [one.unit, f"per {one.grain}" if one.grain else "", f"of {one.owner}" * bool(one.owner)]
    words = ", ".join(prose(fact) for fact in facts if fact)
    yield f"{prose(one.title)} ({one.name})" + (f": {words}" if words else "")
    if one.description:
        yield prose(one.description)


def _listed(found: Sequence[Metric]) -> Iterator[str]:
    head = ("metric", "title", "unit", "grain")
    rows = [head, *((one.name, one.title, one.unit, one.grain or "") for one in found)]
    cells = [[shown(prose(cell, 60)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
