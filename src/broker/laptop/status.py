"""``status``: how old the data are, what the last sync brought, and whether the rails work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from ..foreign.text import shown
from .agents.prove import rails
from .agents.rail import Rail
from .ages import TableAge, age_of, clock_warning, length, now_by
from .amounts import amount
from .choice import TableChoice
from .history.holdings import HistoryHoldings, holdings
from .last_sync import LastSync, read_last_sync
from .passed_choice import choice_in_use, where_chosen
from .schedule.command import timers_here
from .schedule.report import ScheduleReport, report_schedule
from .screen import say, say_json
from .workspace import Workspace

__all__ = ["status"]

_STALE = 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Say it for a program, on one line.")
@click.pass_obj
def status(workspace: Workspace, *, as_json: bool) -> int:
    """Say how old each table is, what the last sync brought, and whether agents are on rails.

    Ends with 3 where a table is older than promised or failed on the broker, where the last sync
    failed, or where a rail or the timer of ``schedule`` does not work.
    """
    manifest, _ = workspace.in_use()
    clock = datetime.now(UTC)
    now, names = now_by(clock, manifest), manifest.view_names
    ages = [age_of(entry, names[entry.path], now) for entry in manifest.tables]
    last, found, history = read_last_sync(workspace), rails(workspace), holdings(workspace)
    timer = report_schedule(workspace, timers_here())
    warning = clock_warning(manifest, clock)
    if as_json:
        facts = _facts(manifest.generation, ages, last, found, warning, history)
        choice = choice_in_use(workspace)
        facts["datasets"] = {"without": [*choice.left_out], "by": where_chosen(choice)}
        say_json(facts | _timer_facts(timer))
    else:
        say(f"generation {manifest.generation}, in {workspace.root}")
        say(*_tables(ages))
        say(*_last(last))
        say(_chosen(choice_in_use(workspace)))
        say(_history(history))
        say(*([f"schedule: {timer.message}"] if timer else ()))
        say(*([f"clock: {warning}"] if warning else ()))
        say(*_rails(found))
    is_well = not any(age.is_stale for age in ages) and warning is None
    is_well = is_well and (last is None or last.error is None) and (timer is None or timer.works)
    return 0 if is_well and all(rail.works is not False for rail in found) else _STALE


def _tables(ages: Sequence[TableAge]) -> list[str]:
    if not ages:
        return ["no tables"]
    width = max(len(shown(age.name)) for age in ages)
    return [f"  {shown(age.name):<{width}}  {_age(age)}" for age in ages]


def _age(age: TableAge) -> str:
    if age.problem is not None:
        return f"NOT AS PROMISED: {age.problem}"
    promise = f", promised {length(age.promise)}" if age.promise is not None else ""
    return f"{age.status}, {length(age.seconds or 0)} old{promise}"


def _history(history: HistoryHoldings) -> str:
    generations = "1 generation" if history.count == 1 else f"{history.count} generations"
    since = f", since {history.since:%Y-%m-%d %H:%M} UTC" if history.since else ""
    return (
        f"history: {generations}{since}; {amount(history.bytes)} that the one in use does not have"
    )


def _last(last: LastSync | None) -> list[str]:
    if last is None:
        return ["last sync: not known"]
    when = f"{last.ended:%Y-%m-%d %H:%M} UTC"
    if last.error is not None:
        return [f"last sync: FAILED at {when}: {last.error}"]
    lines = [f"last sync: well, at {when}"]
    if last.news:
        lines += [f"new with generation {last.news_of}:", *last.news]
    return lines


def _chosen(choice: TableChoice) -> str:
    names = ", ".join(map(shown, choice.left_out))
    by = f", as {where_chosen(choice)} says" if choice.without is not None else ""
    return f"datasets: {f'without {names}' if names else 'all'}{by}"


def _rails(found: Sequence[Rail]) -> list[str]:
    """Those that work are one line; each of the others has its own."""
    others = [rail for rail in found if rail.works is not True]
    lines = [f"rails for agents: {len(found) - len(others)} of {len(found)} work"]
    word = {False: "DOES NOT WORK", None: "not known"}
    return lines + [f"  {rail.name}: {word[rail.works]}: {rail.message}" for rail in others]


def _timer_facts(timer: ScheduleReport | None) -> dict[str, Any]:
    return {"schedule": timer and asdict(timer)}


def _facts(
    generation: str,
    ages: Sequence[TableAge],
    last: LastSync | None,
    found: Sequence[Rail],
    warning: str | None,
    history: HistoryHoldings,
) -> dict[str, Any]:
    return {
        "generation": generation,
        "tables": [
            {
                "table": age.name,
                "status": age.status,
                "as_of": age.as_of.isoformat() if age.as_of else None,
                "seconds": age.seconds,
                "promised_seconds": age.promise,
                "problem": age.problem,
            }
            for age in ages
        ],
        "clock": warning,
        "history": {
            "generations": history.count,
            "since": history.since.isoformat() if history.since else None,
            "bytes": history.bytes,
        },
        "last_sync": last
        and {
            "ended": last.ended.isoformat(),
            "error": last.error,
            "news_of": last.news_of,
            "news": list(last.news),
        },
        "rails": [{"rail": r.name, "works": r.works, "message": r.message} for r in found],
    }
