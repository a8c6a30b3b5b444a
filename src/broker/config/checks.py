"""What no single value can tell: whether a table makes sense, and all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import ConfigError
from .columnformat import FormatKind
from .csvdialect import contradictions
from .description import TableDescription
from .fit import against, listings
from .instance import Instance
from .placed import Placed
from .problems import did_you_mean
from .values import dataset_file

__all__ = ["check_tables"]

_SINGLE_VALUED = ("gt", "ge", "lt", "le")
# BigQuery's, of tables that are partitioned by it: no schema lists them, so they cannot be fetched.
_OF_INGESTION = {"_PARTITIONTIME", "_PARTITIONDATE"}
_AS_READ: dict[FormatKind, str] = {
    "date": "a day or time such as 2026-01-31 or 2026-01-31 10:00:00",
    "number": "a number such as -1234.5",
    "truth": "true or false",
}
_WITHOUT_KEY = ("append_only", "full")


def check_tables(
    tables: Sequence[Placed], instance: Instance | None
) -> tuple[list[ConfigError], list[ConfigError]]:
    """What is wrong, and what is doubtful, about tables that are each right in themselves."""
    problems = [problem for one in tables for problem in _of_table(one)]
    problems += _twice(tables)
    warnings = [warning for one in tables for warning in _doubts(one)]
    warnings += _unknown_references(tables)
    if instance is not None:
        problems += [problem for one in tables for problem in against(one, instance)]
        for is_near, doubt in listings([one.table for one in tables], instance):
            (problems if is_near else warnings).append(doubt)
    return problems, warnings


def _of_table(one: Placed) -> Iterator[ConfigError]:
    yield from _strategy(one)
    yield from _tombstone(one)
    yield from _key(one)
    yield from _columns(one)
    yield from _filters(one)
    yield from _formats(one)
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


def _formats(one: Placed) -> Iterator[ConfigError]:
    """Values to compare with that no value of a column with a format can equal."""
    for index, condition in enumerate(one.table.where_filters):
        for value in condition.values:
            keys = ("where_filters", index, "values")
            yield from _unequal(one, condition.column, [value, value.lower()], keys)
    mark = one.table.tombstone
    if mark is not None:  # which is compared as text: TRUE is not true
        yield from _unequal(one, mark.column, mark.values, ("tombstone", "values"))


def _unequal(
    one: Placed, column: str, values: Sequence[str], keys: tuple[str | int, ...]
) -> Iterator[ConfigError]:
    format_ = one.table.csv.formats.get(column)
    if format_ is None or format_.kind is None or any(map(format_.may_equal, values)):
        return
    yield ConfigError(
        f"{one.key(*keys)} is wrong",
        where=one.where(*keys),
        expected=f"{_AS_READ[format_.kind]}, as the table holds column '{column}': only its files "
        "have the format under csv.formats",
        found=f"'{values[0]}'",
    )


def _dialect(one: Placed) -> Iterator[ConfigError]:
    return contradictions(
        one.table.csv, lambda key: one.key("csv", key), lambda key: one.where("csv", key)
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


def _tombstone(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    if table.deletions == "tombstone" and table.tombstone is None:
        yield ConfigError(
            f"{one.key('tombstone')} is missing",
            where=one.where("deletions"),
            expected="the column that marks a deleted row, as 'tombstone: {column: NAME}'",
        )
    if table.tombstone is not None and table.deletions != "tombstone":
        yield ConfigError(
            f"{one.key('tombstone')} has no effect without 'deletions: tombstone'",
            where=one.where("tombstone"),
            remedy="Add that, or remove it.",
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
    elif table.sync_strategy != "full_refresh" and table.deletions not in _WITHOUT_KEY:
        is_partitioned = table.sync_strategy == "partitioned"
        yield ConfigError(
            f"{one.key('primary_key')} is missing",
            where=one.where("sync_strategy"),
            expected=f"the column or columns that identify a row, because sync_strategy is "
            f"{table.sync_strategy}",
            remedy="Declare 'deletions: append_only' if rows are only ever added"
            + (", or 'deletions: full' to replace partitions." if is_partitioned else "."),
        )


def _columns(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    needed = {
        "primary_key": table.key,
        "partition_by": (table.partition_by,),
        "incremental_column": {table.incremental_column} - _OF_INGESTION,
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
    datasets: dict[str, Placed] = {}
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
        if table.dataset is None:
            continue
        same = datasets.setdefault(dataset_file(table.dataset).lower(), one)
        if same.table.dataset != table.dataset:
            yield ConfigError(
                f"table {table.id} is of dataset '{table.dataset}', but table {same.table.id} at "
                f"{same.where()} of '{same.table.dataset}'",
                where=one.where("dataset"),
                remedy="Give one of them another name: both name one file, and case makes no "
                "difference.",
            )


def _doubts(one: Placed) -> Iterator[ConfigError]:
    table = one.table
    for name, declared in TableDescription.model_fields.items():
        if declared.deprecated and name in table.model_fields_set:
            yield ConfigError(f"{one.key(name)} has no effect", where=one.where(name))
    if table.deletions == "append_only" and "max_delete_fraction" in table.model_fields_set:
        yield ConfigError(
            f"{one.key('max_delete_fraction')} has no effect, because deletions is append_only: "
            "any row that would go waits for approval",
            where=one.where("max_delete_fraction"),
        )
    if table.deletions == "tombstone" and table.sync_strategy == "partitioned":
        yield ConfigError(
            f"{one.key('deletions')} finds only marks in the partitions that are read again",
            where=one.where("deletions"),
            expected="census, or 'sync_strategy: incremental', so that marks of older rows count",
        )
    if table.sync_strategy == "incremental" and table.deletions is None:
        yield ConfigError(
            f"{one.key('deletions')} is not declared, so rows deleted in the source stay",
            where=one.where("sync_strategy"),
        )
    for name in ("where_filters", "row_filter"):
        if getattr(table, name) and _keeps_what_leaves(table):
            yield ConfigError(
                f"{one.key(name)} keeps the old version of a row that no longer matches the filter",
                where=one.where(name),
                expected="'deletions: census', which takes it away",
            )


def _keeps_what_leaves(table: TableDescription) -> bool:
    """Rows that a filter does not let through any more come no more, and so are not replaced."""
    is_merged = table.sync_strategy == "incremental" and bool(table.key)
    return is_merged and table.deletions not in ("census", "append_only")


def _unknown_references(tables: Sequence[Placed]) -> Iterator[ConfigError]:
    names = {name for one in tables for name in (one.table.id, one.table.path, one.table.name)}
    for one in tables:
        for index, key in enumerate(one.table.foreign_keys):
            if not {key.references, key.references.rpartition(".")[0]} & names:
                keys = ("foreign_keys", index, "references")
                yield ConfigError(
                    f"{one.key(*keys)} is not a described table",
                    where=one.where(*keys),
                    found=f"'{key.references}'",
                    remedy=did_you_mean(key.references.rpartition(".")[0], sorted(names)),
                )
