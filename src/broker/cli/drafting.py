"""What ``broker discover`` drafts: the tables of a folder, or those of a source of the instance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ..config import SECTIONS_OF_PORTAL, Instance, find_config_dir, load_instance
from ..config.problems import did_you_mean
from ..config.source import SourceConfig
from ..errors import ConfigError, SourceError
from ..sources.contract import Listed, Selective, Source, SourceTable, TableRequest
from ..sources.csv import CsvSource
from ..sources.csv.survey import survey
from ..sources.draft import Draft
from ..sources.registry import open_source

__all__ = ["Choice", "DraftSet", "drafts_of_files", "drafts_of_source"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tables are wanted, by their id; by default all."""

    buckets: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __call__(self, table: str) -> bool:
        """Whether a table is."""
        is_inside = not self.buckets or table.rpartition(".")[0] in self.buckets
        is_included = not self.include or any(fnmatchcase(table, one) for one in self.include)
        return is_inside and is_included and not any(fnmatchcase(table, x) for x in self.exclude)


@dataclass(frozen=True, slots=True)
class DraftSet:
    """Drafts, and by table id what could not be read."""

    title: str
    drafts: list[Draft]
    failures: dict[str, str]


def drafts_of_files(path: str, choice: Choice) -> DraftSet:
    """What the CSV files below ``path`` say of themselves."""
    source = CsvSource({"path": path}, Path())
    found = DraftSet(Path(path).name or path, [], {})
    for request in source.requests():
        if not choice(request.id):
            continue
        try:
            found.drafts.append(survey(source, request))
        except SourceError as error:
            found.failures[request.id] = str(error)
    return found


def drafts_of_source(name: str, config_option: Path | None, choice: Choice) -> DraftSet:
    """What a source of the instance, by its name or type, says of its tables."""
    folder = find_config_dir(config_option)
    instance = load_instance(folder, without=SECTIONS_OF_PORTAL)
    config = _named(instance, name)
    source = open_source(config.type, config.settings, folder)
    is_default = instance.data_source is config or len(instance.named_sources) == 1
    own = None if is_default else config.name
    if isinstance(source, Listed):
        return _each(source, config.name, choice, own)
    return DraftSet(config.name, [_draft(one, own) for one in _tables(source, choice)], {})


def _each(source: Listed, title: str, choice: Choice, own: str | None) -> DraftSet:
    found = DraftSet(title, [], {})
    for table in filter(choice, source.table_ids()):
        try:
            found.drafts.append(_draft(source.describe(TableRequest(table)), own))
        except SourceError as error:
            found.failures[table] = str(error)
    return found


def _named(instance: Instance, name: str) -> SourceConfig:
    sources = instance.named_sources
    of_type = [one for one in sources.values() if one.type == name]
    if name in sources:
        return sources[name]
    if len(of_type) == 1:
        return of_type[0]
    raise ConfigError(
        f"instance.yaml has {'several sources' if of_type else 'no source'} of that name or type",
        where=f"--source {name}",
        expected=f"one of {', '.join(sorted(sources)) or 'none'}",
        remedy=did_you_mean(name, sources),
    )


def _tables(source: Source, choice: Choice) -> Iterable[SourceTable]:
    if isinstance(source, Selective):
        return source.discover_some(choice)
    return (table for table in source.discover() if choice(table.id))


def _draft(table: SourceTable, source: str | None) -> Draft:
    remarks = [] if table.rows is None else [f"{table.rows:,} rows."]
    if table.tracks_changes:
        remarks.append("The source knows what changed, so sync_strategy: incremental works.")
    return Draft(
        table.id,
        types={column.name: column.type for column in table.schema.columns if column.type},
        source=source,
        description=table.description,
        primary_key=table.primary_key,
        remarks=tuple(remarks),
    )
