"""``broker config …``: check the files of a configuration, and print their JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from ..config import (
    SECTIONS_OF_PORTAL,
    Description,
    Instance,
    PlacedMetric,
    find_config_dir,
    json_schema,
    load_description,
    load_instance,
)
from ..config.problems import InvalidConfigError, did_you_mean, problems_of
from ..errors import ConfigError
from ..manifest import Manifest, TableEntry
from ..metrics.select import names_in
from ..sources.contract import Source
from ..sources.registry import open_configured, settings_problems, source_types
from ..sync.places import doubts, places_of
from ..sync.request import request_of
from .checked_metrics import checked_metrics
from .options import as_json, config_dir
from .terminal import counted, say, say_json

__all__ = ["config"]

Loaded = TypeVar("Loaded")


@click.group()
def config() -> None:
    """Check the config folder, or print its JSON Schema."""


@config.command()
@config_dir
@click.option(
    "--without-portal",
    is_flag=True,
    help="Let variables of auth and email be unset: on a host the portal alone has them.",
)
@as_json
@click.pass_context
def check(
    context: click.Context, config_option: Path | None, *, without_portal: bool, as_json: bool
) -> None:
    """Read the two files and the metrics, and report everything that is wrong.

    No source is contacted. Who could read a table before stands in the store and not in these
    files: that more people could read one than before is found by the next sync, which holds it.
    """
    folder = find_config_dir(config_option)
    problems: list[ConfigError] = []
    without = SECTIONS_OF_PORTAL if without_portal else ()
    instance = _collect(problems, lambda: load_instance(folder, without=without))
    description = _collect(problems, lambda: load_description(folder, instance))
    if instance is not None:
        problems += _unknown_types(instance)
        for source in instance.named_sources.values():
            problems += _collect(problems, partial(settings_problems, source)) or []
        if not instance.named_sources:
            problems.append(_sourceless(folder))
    metrics = _collect(problems, lambda: checked_metrics(folder))
    warnings = [*_open_secrets(folder), *(description.warnings if description else ())]
    if instance is not None and description is not None:
        warnings += _other_readers(instance, description, folder)
    if description is not None:
        warnings += [*_other_views(description), *_unknown_tables(metrics or (), description)]
    tables = len(description.tables) if description else 0
    if as_json:
        say_json(_facts(tables, metrics or (), problems, warnings), indent=2)
        context.exit(ConfigError.exit_code if problems else 0)
    for warning in warnings:
        say(f"warning: {warning}", err=True)
    if problems:
        raise InvalidConfigError(problems)
    described = "1 table is" if tables == 1 else f"{tables} tables are"
    count = f", {counted(len(metrics), 'metric')} defined" if metrics else ""
    say(f"{folder}: nothing is wrong; {described} described{count}")
    say("Whether more people could read a table than before is known to the next sync alone.")


@config.command()
@click.argument("which", type=click.Choice(["instance", "description", "metric"]))
def schema(which: Literal["instance", "description", "metric"]) -> None:
    """Print the JSON Schema of instance.yaml, of the YAML blocks of data_description.md, or of a
    file of metrics/."""
    say_json(json_schema(which), indent=2)


def _collect(problems: list[ConfigError], load: Callable[[], Loaded]) -> Loaded | None:
    try:
        return load()
    except ConfigError as error:
        problems += problems_of(error)
        return None


def _unknown_types(instance: Instance) -> list[ConfigError]:
    known = source_types()
    return [
        ConfigError(
            f"source {name} is of an unknown type",
            where=source.where("type"),
            expected=", ".join(sorted(known)),
            found=f"'{source.type}'",
            remedy=did_you_mean(source.type, known),
        )
        for name, source in instance.named_sources.items()
        if source.type not in known
    ]


def _other_readers(instance: Instance, description: Description, folder: Path) -> Iterator[str]:
    """Tables of the same rows for other readers, as far as the sources can be opened."""
    sources: dict[str, Source] = {}
    places = {}
    today = datetime.now(UTC).date()
    for table in description.tables:
        try:
            config = instance.source_of(table)
            if config.name not in sources:
                sources[config.name] = open_configured(config, folder)
        except ConfigError:  # a problem of its own, or of the sync that opens the source
            continue
        places[table.id] = places_of(config.name, sources[config.name], request_of(table, today))
    tables = [table for table in description.tables if table.id in places]
    yield from doubts(tables, places, instance)


def _other_views(description: Description) -> Iterator[str]:
    """Tables whose view is not called as they are, by the rule that laptops go by."""
    entries = (TableEntry(table.id, table.name, table.path) for table in description)
    views = Manifest("described", datetime.now(UTC), tuple(entries)).view_names
    for table in description:
        if views[table.path] != table.name:
            others = [
                one.path
                for one in description
                if one.name.lower() == table.name.lower() and one.id != table.id
            ]
            yield str(
                ConfigError(
                    f"the view of table {table.id} is called '{views[table.path]}' for those who "
                    f"may read {', '.join(others)} as well, of the same name",
                    where=description.places.get(table.id),
                    remedy="Give it another name if queries should say just that.",
                )
            )


def _unknown_tables(metrics: Sequence[PlacedMetric], description: Description) -> Iterator[str]:
    """Whether a metric binds is known to a sync; a table that nothing describes is known here."""
    known = {
        name.lower(): name
        for table in description
        for name in (table.name, table.path, table.path.replace("/", "_"))
    }
    for one in metrics:
        for name in sorted(names_in(one.metric.sql) - {*known}):
            yield str(
                ConfigError(
                    f"metric {one.metric.name} reads a table that is not described",
                    where=one.where("sql"),
                    found=f"'{name}'",
                    remedy=did_you_mean(name, known.values()),
                )
            )


def _sourceless(folder: Path) -> ConfigError:
    return ConfigError(
        "no source is given",
        where=str(folder / "instance.yaml"),
        remedy="Add one, for instance 'data_source: {type: csv, path: input}'.",
    )


def _open_secrets(folder: Path) -> list[str]:
    env_file = folder / ".env"
    if not env_file.exists() or not env_file.stat().st_mode & 0o077:
        return []
    return [f"{env_file}: others than its owner can read it. Run chmod 600 on it."]


def _facts(
    tables: int,
    metrics: Sequence[PlacedMetric],
    problems: list[ConfigError],
    warnings: list[str],
) -> dict[str, Any]:
    parts = ("where", "message", "expected", "found", "remedy")
    return {
        "tables": tables,
        "metrics": len(metrics),
        "problems": [{part: getattr(one, part) for part in parts} for one in problems],
        "warnings": warnings,
    }
