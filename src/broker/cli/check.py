"""``broker check``: test that each source answers and permits reading."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..config import (
    SECTIONS_OF_PORTAL,
    Description,
    Instance,
    TableDescription,
    find_config_dir,
    load_description,
    load_instance,
)
from ..config.problems import did_you_mean
from ..errors import ConfigError
from ..sources.check import check_source
from ..sources.contract import Finding, Trial
from ..sources.registry import open_configured
from ..sync.plan import next_step
from ..sync.request import request_of, rule_of
from .options import as_json, config_dir
from .screen import Screen
from .terminal import say_json

__all__ = ["check"]

_AT_ONCE = 8


@click.command()
@config_dir
@click.option("--source", "names", multiple=True, help="Name of a source. Default: all.")
@as_json
def check(config_option: Path | None, names: tuple[str, ...], as_json: bool) -> int:
    """Test that each source answers and permits reading.

    This tries credentials, network, and the rights on each described table. No rows are read and
    nothing is published.
    Ends with 0 if everything works, 1 if something does not, 2 if the configuration is invalid.
    """
    folder = find_config_dir(config_option)
    instance = load_instance(folder, without=SECTIONS_OF_PORTAL)
    description = load_description(folder, instance)
    chosen = _chosen(instance, names)
    attempt = partial(_tried, instance, description, folder)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(chosen, pool.map(attempt, chosen), strict=True))
    works = all(finding.works for findings in found.values() for finding in findings)
    if as_json:
        say_json(_facts(instance, found, works=works))
    else:
        _print(found)
    return 0 if works else 1


def _chosen(instance: Instance, names: tuple[str, ...]) -> tuple[str, ...]:
    known = tuple(instance.named_sources)
    for name in names:
        if name not in known:
            raise ConfigError(
                f"there is no source '{name}'",
                where=instance.where("sources"),
                expected=", ".join(known) or "a source in instance.yaml",
                remedy=did_you_mean(name, known),
            )
    if not known:
        raise ConfigError(
            "no source is given",
            where=instance.where(),
            remedy="Add one, for instance 'data_source: {type: csv, path: input}'.",
        )
    return names or known


def _tried(
    instance: Instance, description: Description, folder: Path, name: str
) -> tuple[Finding, ...]:
    config = instance.named_sources[name]
    now = datetime.now(UTC)
    tables = tuple(
        _trial(table, now)
        for table in description.tables
        if instance.source_of(table).name == config.name
    )
    try:
        return tuple(check_source(lambda: open_configured(config, folder), tables))
    except Exception as error:  # one source's bug must not hide what the others say
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return (Finding("check", False, f"an unexpected {type(error).__name__} in {place}"),)


def _trial(table: TableDescription, now: datetime) -> Trial:
    request = request_of(table, now.date())
    try:
        rule = rule_of(table, table.key, tracks_changes=False)
    except ConfigError:  # unless the source knows what changed, which it says when it is synced
        return Trial(request)
    return Trial(request, next_step(rule, None, now).window, rule.census and bool(table.key))


def _facts(
    instance: Instance, found: dict[str, tuple[Finding, ...]], *, works: bool
) -> dict[str, Any]:
    return {
        "works": works,
        "sources": [
            {
                "name": name,
                "type": instance.named_sources[name].type,
                "works": _all_work(findings),
                "findings": [asdict(finding) for finding in findings],
            }
            for name, findings in found.items()
        ],
    }


def _all_work(findings: Iterable[Finding]) -> bool:
    return all(finding.works for finding in findings)


def _print(found: dict[str, tuple[Finding, ...]]) -> None:
    console = Screen(width_of_a_pipe=400)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("source", "what", "works"):
        table.add_column(heading, no_wrap=True)
    table.add_column("how")
    for name, findings in found.items():
        for one in findings:
            table.add_row(name, one.subject, "yes" if one.works else "no", one.says)
    console.print(table)
