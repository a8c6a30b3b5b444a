"""What no single value can tell: whether tables, and the two files, fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import ConfigError
from .description import TableDescription
from .document import Document, Location
from .instance import Instance
from .problems import did_you_mean

__all__ = ["Placed", "check_instance", "check_tables"]

_SINGLE_VALUED = ("gt", "ge", "lt", "le")


@dataclass(frozen=True)
class Placed:
    """A table, and where it is described."""

    table: TableDescription
    document: Document
    location: Location

    def where(self, *keys: str | int) -> str:
        """``file:line`` of one of its keys."""
        return self.document.where((*self.location, *keys))

    def key(self, *keys: str | int) -> str:
        """The name of one of its keys, for a message."""
        return self.document.name((*self.location, *keys))

    def in_folder(self, mapping: Mapping[str, str]) -> Placed:
        """The same with its folder filled in."""
        folder = self.table.folder or mapping.get(self.table.bucket)
        return replace(self, table=self.table.model_copy(update={"folder": folder}))


def check_tables(
    tables: Sequence[Placed], instance: Instance | None
) -> tuple[list[ConfigError], list[ConfigError]]:
    """What is wrong, and what is doubtful, about tables that are each right in themselves."""
    problems = [problem for one in tables for problem in _of_table(one)]
    problems += _twice(tables)
    warnings = [warning for one in tables for warning in _doubts(one)]
    warnings += _unknown_references(tables)
    if instance is not None:
        problems += [problem for one in tables for problem in _against(one, instance)]
    return problems, warnings


def _of_table(one: Placed) -> Iterator[ConfigError]:
    yield from _strategy(one)
    yield from _key(one)
    yield from _columns(one)
    yield from _filters(one)
    yield from _dialect(one)


def _filters(one: Placed) -> Iterator[ConfigError]:
    for index, condition in enumerate(one.table.where_filters):
        if condition.operator in _SINGLE_VALUED and len(condition.values) > 1:
            keys = ("where_filters", index, "values")
            yield ConfigError(
                f"{one.key(*keys)} is wrong",
                where=one.where(*keys),
                expected=f"one value for the operator {condition.operator}",
                found=f"{len(condition.values)} values",
            )


def _dialect(one: Placed) -> Iterator[ConfigError]:
    csv = one.table.csv
    if not csv.header and not csv.columns:
        yield ConfigError(
            f"{one.key('csv', 'columns')} is missing",
            where=one.where("csv", "header"),
            expected="the names of the columns, because header is false",
        )
    if csv.delimiter in (csv.quote, csv.escape):
        yield ConfigError(
            f"{one.key('csv', 'delimiter')} is wrong",
            where=one.where("csv", "delimiter"),
            expected="another character than quote and escape",
            found=f"'{csv.delimiter}'",
        )


def _strategy(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    if table.sync_strategy == "partitioned" and table.partition_by is None:
        yield ConfigError(
            f"{one.key('partition_by')} is missing",
            where=one.where("sync_strategy"),
            expected="a date or time column, because sync_strategy is partitioned",
        )
    if table.partition_by is None and table.partition_granularity not in (None, "none"):
        yield ConfigError(
            f"{one.key('partition_granularity')} has no effect without partition_by",
            where=one.where("partition_granularity"),
            remedy="Add partition_by, or remove it.",
        )
    if table.deletions == "full" and table.sync_strategy == "incremental":
        yield ConfigError(
            f"{one.key('deletions')} is wrong",
            where=one.where("deletions"),
            expected="tombstone, census or append_only, because an incremental sync "
            "does not fetch all rows",
            found="'full'",
        )


def _key(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    if table.key:
        return
    if table.deletions in ("tombstone", "census"):
        yield ConfigError(
            f"{one.key('primary_key')} is missing",
            where=one.where("deletions"),
            expected=f"the column or columns that identify a row, because deletions is "
            f"{table.deletions}",
        )
    elif table.sync_strategy != "full_refresh" and table.deletions != "append_only":
        yield ConfigError(
            f"{one.key('primary_key')} is missing",
            where=one.where("sync_strategy"),
            expected=f"the column or columns that identify a row, because sync_strategy is "
            f"{table.sync_strategy}",
            remedy="Declare 'deletions: append_only' if rows are only ever added.",
        )


def _columns(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    needed = {
        "primary_key": table.key,
        "partition_by": (table.partition_by,),
        "incremental_column": (table.incremental_column,),
        "types": tuple(table.types),
    }
    for key, names in needed.items():
        for name in names:
            if table.columns and name is not None and name not in table.columns:
                yield ConfigError(
                    f"{one.key(key)} names a column that is not fetched",
                    where=one.where(key),
                    expected="a column of the list 'columns'",
                    found=f"'{name}'",
                    remedy=did_you_mean(name, table.columns),
                )


def _twice(tables: Sequence[Placed]) -> Iterator[ConfigError]:
    by_id: dict[str, Placed] = {}
    by_path: dict[str, Placed] = {}
    folders: dict[str, Placed] = {}
    for one in tables:
        table = one.table
        same = by_id.setdefault(table.id, one)
        if same is not one:
            yield ConfigError(
                f"table {table.id} is described twice, first at {same.where()}", where=one.where()
            )
            continue
        same = by_path.setdefault(table.path.lower(), one)
        if same is not one:
            yield ConfigError(
                f"table {table.id} would be {table.path}, as is table {same.table.id} at "
                f"{same.where()}",
                where=one.where("name"),
                remedy="Give one of them another name or folder; case makes no difference.",
            )
        same = folders.setdefault(table.folder_name.lower(), one)
        if same.table.folder_name != table.folder_name:
            yield ConfigError(
                f"table {table.id} is in folder '{table.folder_name}', but table "
                f"{same.table.id} at {same.where()} in '{same.table.folder_name}'",
                where=one.where("folder"),
                remedy="Write the folder the same way: many laptops know no case.",
            )


def _doubts(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    for name, declared in TableDescription.model_fields.items():
        if declared.deprecated and name in table.model_fields_set:
            yield ConfigError(f"{one.key(name)} has no effect", where=one.where(name))
    if table.sync_strategy != "full_refresh" and table.deletions is None:
        yield ConfigError(
            f"{one.key('deletions')} is not declared, so rows deleted in the source stay",
            where=one.where("sync_strategy"),
        )


def _unknown_references(tables: Sequence[Placed]) -> Iterator[ConfigError]:
    names = {name for one in tables for name in (one.table.id, one.table.path, one.table.name)}
    for one in tables:
        for index, key in enumerate(one.table.foreign_keys):
            if not {key.references, key.references.rpartition(".")[0]} & names:
                keys = ("foreign_keys", index, "references")
                yield ConfigError(
                    f"{one.key(*keys)} is no table that is described",
                    where=one.where(*keys),
                    found=f"'{key.references}'",
                    remedy=did_you_mean(key.references.rpartition(".")[0], sorted(names)),
                )


def _against(one: Placed, instance: Instance) -> Iterator[ConfigError]:
    table = one.table
    known = {
        "access": (table.access, instance.class_names),
        "source": (table.source, tuple(instance.named_sources)),
        "dataset": (table.dataset, tuple(instance.datasets)),
    }
    for key, (name, names) in known.items():
        if name is not None and name not in names and (names or key != "dataset"):
            yield ConfigError(
                f"{one.key(key)} is not in instance.yaml",
                where=one.where(key),
                expected=", ".join(names) or "no source at all",
                found=f"'{name}'",
                remedy=did_you_mean(name, names),
            )
    sources = tuple(instance.named_sources)
    if table.source is None and instance.data_source is None and len(sources) > 1:
        yield ConfigError(
            f"{one.key('source')} is missing", where=one.where(), expected=", ".join(sources)
        )
    listing = instance.classes_listing(table)
    if len(listing) > 1 and "access" not in table.model_fields_set:
        yield ConfigError(
            f"table {table.id} is in several access classes: {', '.join(listing)}",
            where=one.where(),
            remedy="Say which with 'access:' on the table.",
        )


def check_instance(instance: Instance, document: Document) -> list[ConfigError]:
    """What is wrong between sections of ``instance.yaml``."""
    problems = []
    short = instance.data_source
    if short is not None and short.type in instance.sources:
        problems.append(
            ConfigError(
                f"the source '{short.type}' is given twice, first as data_source",
                where=document.where(("sources", short.type)),
                remedy="Give it another name.",
            )
        )
    known = (*instance.datasets, *instance.class_names)
    for name, dataset in instance.datasets.items():
        for index, other in enumerate(dataset.requires):
            if other not in known:
                location = ("datasets", name, "requires", index)
                problems.append(
                    ConfigError(
                        f"datasets.{name}.requires names no dataset and no access class",
                        where=document.where(location),
                        expected=", ".join(known),
                        found=document.found(location),
                        remedy=did_you_mean(other, known),
                    )
                )
    return problems
