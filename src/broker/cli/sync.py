"""``broker sync``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from ..config import (
    SECTIONS_OF_PORTAL,
    Description,
    Instance,
    find_config_dir,
    load_description,
    load_instance,
)
from ..sources.contract import Source
from ..sources.registry import open_configured
from ..sync.report import Progress, Report
from ..sync.run import Run
from ..sync.time_limit import left_behind
from .checked_metrics import checked_metrics
from .described import table_named
from .options import as_json, config_dir, data_dir
from .progress import Lines, Live
from .screen import Screen
from .store import open_store
from .terminal import counted, log_to_stderr, say, say_json

__all__ = ["sync"]


@click.command()
@config_dir
@data_dir
@as_json
@click.option(
    "--reload",
    "names",
    metavar="TABLE",
    multiple=True,
    help="Read every row of this table anew (id or folder/name; may be repeated).",
)
def sync(config_option: Path | None, data: Path, as_json: bool, names: tuple[str, ...]) -> int:
    """Read every table and publish the next generation.

    Ends with 0 if everything is published as the source has it, 3 if rows that did not fit
    were left out, 1 if a table kept its last good rows or nothing was published, 2 if the
    configuration is invalid, 75 if another sync is still running.
    """
    folder = find_config_dir(config_option)
    instance = load_instance(folder, without=SECTIONS_OF_PORTAL)
    description = load_description(folder, instance)
    metrics = checked_metrics(folder)
    for warning in description.warnings:
        say(f"warning: {warning}", err=True)
    reload = frozenset(table_named(description, name, folder).id for name in names)
    sources = _sources(instance, description, folder)
    store = open_store(instance, data)
    with _progress(description, quiet=as_json) as progress:
        report = Run(
            instance=instance,
            tables=description.tables,
            sources=sources,
            store=store,
            clock=lambda: datetime.now(UTC),
            progress=progress,
            reload=reload,
            metrics=metrics,
        )()
    for warning in report.warnings:
        say(f"warning: {warning}", err=True)
    if as_json:
        say_json(report.as_json())
    else:
        say(_summary(report))
    if left_behind():
        _leave(report.exit_code)
    return int(report.exit_code)


def _leave(code: int) -> NoReturn:
    """End without waiting for a source that hangs, as Python would for threads of its pools."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def _progress(description: Description, *, quiet: bool) -> Iterator[Progress]:
    """A live view on a terminal, lines elsewhere."""
    console = Screen(stderr=True)
    if console.is_terminal and not quiet and "JOURNAL_STREAM" not in os.environ:
        with Live(len(description.tables), console) as live:
            yield live
    else:
        log_to_stderr()
        yield Lines()


def _sources(instance: Instance, description: Description, folder: Path) -> dict[str, Source]:
    """The source of every table; each source is opened once."""
    opened: dict[str, Source] = {}
    sources = {}
    for table in description.tables:
        config = instance.source_of(table)
        if config.name not in opened:
            opened[config.name] = open_configured(config, folder)
        sources[table.id] = opened[config.name]
    return sources


def _summary(report: Report) -> str:
    """One line for a person."""
    failed = sum(outcome.error is not None for outcome in report.outcomes)
    rows = sum(outcome.rows for outcome in report.outcomes)
    parts = [f"generation {report.generation}", counted(len(report.outcomes), "table")]
    parts.append(counted(rows, "row"))
    rejects = sum(outcome.rejects for outcome in report.outcomes)
    duplicates = sum(outcome.duplicates for outcome in report.outcomes)
    parts += [f"{counted(rejects, 'row')} rejected (see `broker rejects TABLE`)"] if rejects else []
    parts += [f"{counted(duplicates, 'duplicate key')} resolved"] if duplicates else []
    parts += [f"{failed} not brought up to date (see `broker status`)"] if failed else []
    return ", ".join([*parts, f"{report.seconds:.1f} s"])
