"""Which columns a table has: what is declared, what was delivered, what there was before."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from ..errors import TableError
from ..foreign.columns import folded
from .model import TableSpec
from .schema import Column, TableSchema, TypedBy
from .types import canonical, changed, common, decimal, is_guessed, is_nested, of_arrow

__all__ = ["Field", "Layout", "NeedsLoadError", "WidensError", "plan_columns", "widened"]


class NeedsLoadError(TableError):
    """The columns changed in a way that a part of the rows cannot take: load the whole table."""


class WidensError(TableError):
    """Values do not fit types that were inferred: read all again, and let types widen."""

    def __init__(self, columns: Iterable[str], *, where: str) -> None:
        """``columns`` are some of those whose values need it."""
        self.columns = frozenset(columns)
        super().__init__("values need other types than before", where=where)


@dataclass(frozen=True, slots=True)
class Field:
    """One column on its way from a reading to a file.

    ``type`` None is to be inferred, as wide as ``known`` at least, the type of the version before.
    ``source`` is the place in the reading, None for a column that is no longer delivered.
    ``delivered`` is the type in which it arrives, None for text. ``strict`` says that the type
    is not declared: text must then look exactly like it. A value that does not fit, but fits
    ``widest``, is not a flaw of its row, but makes the type a wider one.
    """

    name: str
    type: str | None
    source: int | None = None
    delivered: str | None = None
    strict: bool = False
    description: str = ""
    known: str | None = None
    typed_by: TypedBy | None = None
    widest: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns in file order, and in words how they differ from those of the version before.

    ``whole`` says that no row of the version before is kept.
    """

    fields: tuple[Field, ...]
    changes: tuple[str, ...] = ()
    whole: bool = True

    def field(self, name: str) -> Field:
        """The column of this name."""
        return next(field for field in self.fields if field.name == name)

    def typed(self, types: Mapping[str, tuple[str, TypedBy]]) -> Layout:
        """The same with the types that were inferred, and what they were taken from."""
        fields = [
            replace(field, type=types[field.name][0], typed_by=types[field.name][1])
            if field.name in types
            else field
            for field in self.fields
        ]
        return replace(self, fields=tuple(fields))

    def schema(self, key: tuple[str, ...]) -> TableSchema:
        """As the files hold it: a column of the key is never NULL, any other may be."""
        return TableSchema(
            tuple(
                Column(f.name, f.type, f.name not in key, f.description, f.typed_by)
                for f in self.fields
            )
        )


def plan_columns(
    spec: TableSpec,
    declared: TableSchema,
    delivered: pa.Schema,
    previous: TableSchema | None,
    *,
    whole: bool,
) -> Layout:
    """Lay out a table. ``whole`` says that every row comes anew, so that any type may change.

    Raises ``TableError`` for names that cannot stand side by side, a key or partition column
    that is missing, a type that would lose something, and for a change the table forbids.
    """
    is_anew = previous is None or (whole and spec.on_schema_change == "rebuild")
    kept = [] if previous is None or is_anew else previous.names
    _check_names(spec, delivered.names)
    _check_case(spec, delivered.names, kept)
    fresh = _fresh(spec, declared, delivered)
    before = {column.name: column for column in previous.columns} if previous else {}
    fresh = [_as_before(spec, field, before.get(field.name), whole=whole) for field in fresh]
    if previous is None or is_anew:
        fields, changes = fresh, _differences(fresh, previous)
    else:
        fields = [*_kept(spec, fresh, previous, whole=whole), *_new(fresh, previous)]
        changes = _differences(fresh, previous)
    _check_needed(spec, fields)
    if changes and previous is not None:
        _check_policy(spec, previous, fresh, changes, whole=whole)
    return Layout(tuple(fields), changes, whole)


def _check_names(spec: TableSpec, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for place, name in enumerate(names, start=1):
        if not name or "\0" in name:
            raise TableError(
                f"column {place} has no usable name",
                where=spec.name,
                remedy="Give it a name in the source, or leave it out with `columns`.",
            )
        as_sql = folded(name)
        if as_sql in seen:
            raise TableError(
                f"the columns {seen[as_sql]!r} and {name!r} differ in nothing but case",
                where=spec.name,
                remedy="SQL cannot tell them apart: rename one, or choose one with `columns`.",
            )
        seen[as_sql] = name


def _check_case(spec: TableSpec, delivered: Iterable[str], kept: Iterable[str]) -> None:
    """Refuse a column that comes in other letters than those of a column that stays."""
    names = {folded(name): name for name in delivered}
    for name in kept:
        now = names.get(folded(name), name)
        if now == name:
            continue
        if spec.on_schema_change == "rebuild":
            raise NeedsLoadError(
                "the columns changed, and on_schema_change is rebuild: "
                f"column {name} is called {now}",
                where=spec.name,
                remedy="Load the table as a whole.",
            )
        raise TableError(
            f"the published column {name!r} is called {now!r} in the source, which SQL cannot "
            "tell apart",
            where=spec.name,
            remedy="Set on_schema_change to rebuild, or name all columns under `columns`.",
        )


def _fresh(spec: TableSpec, declared: TableSchema, delivered: pa.Schema) -> list[Field]:
    known = {column.name: column for column in declared.columns}
    overrides = dict(spec.types)
    fields = []
    for source, arrow in enumerate(delivered):
        column = known.get(arrow.name, Column(arrow.name))
        where = f"{spec.name}, column {arrow.name}"
        natural = of_arrow(arrow.type)
        type_ = overrides.get(arrow.name) or column.type or natural
        type_ = canonical(type_, where=where) if type_ else None
        if natural is None and type_ and is_nested(type_):
            raise TableError(
                "the source delivers text, and a list or struct cannot be made from text",
                where=where,
                found=type_,
                remedy="Declare JSON or VARCHAR under `types`.",
            )
        if natural and type_ and is_nested(natural) and "DOUBLE" in natural and "DECIMAL" in type_:
            raise TableError(
                "a list or struct of doubles cannot be made one of decimals",
                where=where,
                expected=f"{natural}, or the same with DECIMAL in the source",
                found=type_,
                remedy="Declare DOUBLE there under `types`, or leave the column out of `types`.",
            )
        fields.append(
            Field(
                name=arrow.name,
                type=type_,
                source=source,
                delivered=natural,
                strict=type_ is None,
                description=column.description,
                typed_by=TypedBy.DECLARATION if type_ else None,
            )
        )
    return fields


def _as_before(spec: TableSpec, field: Field, before: Column | None, *, whole: bool) -> Field:
    """A column whose type is not declared, with what the version before knows of it.

    A type that was declared then is inferred anew, where all rows are. A key that is a decimal
    is always looked at as text: two texts may be one number.
    """
    if field.type is not None or before is None or before.type is None:
        return field
    if before.typed_by is TypedBy.NOTHING or (before.typed_by is TypedBy.DECLARATION and whole):
        return field
    widest = _widest(spec, before)
    if widest == "VARCHAR":
        is_decimal_key = field.name in spec.key and decimal(before.type) is not None
        if spec.widens or is_decimal_key:
            return replace(field, known=before.type)
    elif widest is not None and field.name in spec.widens:
        return replace(field, type=widest, typed_by=before.typed_by)
    return replace(field, type=before.type, typed_by=before.typed_by, widest=widest)


def _widest(spec: TableSpec, before: Column) -> str | None:
    """The type up to which values may widen another; None for one that stays, whatever comes."""
    if before.typed_by is TypedBy.DECLARATION or not is_guessed(before.type or ""):
        return None
    if spec.partitioning is not None and spec.partitioning.column == before.name:
        return "TIMESTAMP" if before.type == "DATE" else None  # text says of no row when it was
    return "VARCHAR"


def widened(spec: TableSpec, field: Field, found: str, *, whole: bool, because: str) -> str:
    """The type of a column whose values need the type ``found``, and had ``field.known`` before.

    ``because`` is the value that needs it, in words. Raises ``NeedsLoadError`` where rows that are
    kept would lose something, or their order, and ``TableError`` where the table forbids a change.
    """
    known = field.known or found
    type_ = common(known, found)
    if type_ == known:
        return known
    where = f"{spec.name}, column {field.name}"
    if spec.on_schema_change == "fail":
        raise TableError(
            "values do not fit the type that was inferred, and on_schema_change is fail",
            where=where,
            expected=known,
            found=f"{type_ or found}, because of {because}",
            remedy="Declare the type under `types`, or set on_schema_change to evolve.",
        )
    if whole:
        return type_ or found
    # Without a key, a row that is written otherwise when it comes again is another.
    stays = spec.keeps_all and bool(spec.key) and field.name not in spec.key
    if type_ is None and stays:
        type_ = "VARCHAR"  # the text as the engine writes values
    # A NULL that is kept may have been an empty text, which is a value of text; a key is sorted.
    is_text_anew = type_ == "VARCHAR" and not stays
    if type_ is None or is_text_anew or spec.on_schema_change == "rebuild":
        raise NeedsLoadError(
            f"values need the type {type_ or found}, because of {because}",
            where=where,
            expected=known,
            found=type_ or found,
            remedy="Load the table as a whole, or declare the type under `types`.",
        )
    return type_


def _kept(
    spec: TableSpec, fresh: list[Field], previous: TableSchema, *, whole: bool
) -> Iterable[Field]:
    now = {field.name: field for field in fresh}
    for column in previous.columns:
        field = now.get(column.name)
        if field is None:
            yield Field(
                column.name,
                column.type,
                description=column.description,
                typed_by=column.typed_by,
            )
        elif field.type is None or column.type is None or whole or field.strict:
            yield field
        else:
            yield replace(field, type=_widened(spec, column.name, column.type, field.type))


def _widened(spec: TableSpec, name: str, old: str, new: str) -> str:
    """The type that holds what is kept and what comes; one that is declared is not widened."""
    type_ = common(old, new)
    if type_ != old and type_ == "VARCHAR" and name in spec.key:
        type_ = None  # files that are cut by the key have another order then
    if type_ is None or (type_ != new and name in dict(spec.types)):
        raise NeedsLoadError(
            "the rows that are kept cannot take the new type without loss",
            where=f"{spec.name}, column {name}",
            expected=old,
            found=new,
            remedy="Load the table as a whole, or declare the type under `types`.",
        )
    return type_


def _new(fresh: list[Field], previous: TableSchema) -> list[Field]:
    return [field for field in fresh if field.name not in previous.names]


def _differences(
    fresh: list[Field], previous: TableSchema | None, *, declared: Container[str] = ()
) -> tuple[str, ...]:
    """In words, leaving out types that are ``declared``: those are not the source's."""
    if previous is None:
        return ()
    now = {field.name: field.type for field in fresh}
    before = {column.name: column.type for column in previous.columns}
    return (
        *(f"column {name} is new" for name in now if name not in before),
        *(f"column {name} is no longer delivered" for name in before if name not in now),
        *(
            f"column {name} {changed(before[name], type_)}"
            for name, type_ in now.items()
            if type_ and before.get(name) not in (None, type_) and name not in declared
        ),
    )


def _check_needed(spec: TableSpec, fields: list[Field]) -> None:
    delivered = [field.name for field in fields if field.source is not None]
    needed = [("key", name) for name in spec.key]
    if spec.partitioning:
        needed.append(("partition", spec.partitioning.column))
    if spec.tombstone:
        needed.append(("tombstone", spec.tombstone.column))
    known = [field.name for field in fields]
    for role, name in needed:
        if name not in delivered:
            raise TableError(
                f"the {role} column {name!r} is not among the columns of the source",
                where=spec.name,
                expected=", ".join(delivered) or "some columns",
            )
    for name, _ in spec.types:
        if name not in known:
            raise TableError(
                f"`types` names a column {name!r} that the source does not have",
                where=spec.name,
                expected=", ".join(known),
            )


def _check_policy(
    spec: TableSpec,
    previous: TableSchema,
    fresh: list[Field],
    changes: tuple[str, ...],
    *,
    whole: bool,
) -> None:
    foreign = _differences(fresh, previous, declared=dict(spec.types))
    if spec.on_schema_change == "fail" and foreign:
        raise TableError(
            f"the columns changed, and on_schema_change is fail: {'; '.join(foreign)}",
            where=spec.name,
            expected=", ".join(f"{c.name} {c.type}" for c in previous.columns),
            found=", ".join(f"{f.name} {f.type or 'text'}" for f in fresh),
            remedy="Set on_schema_change to evolve or rebuild, or fix the source.",
        )
    if spec.on_schema_change == "rebuild" and not whole:
        raise NeedsLoadError(
            f"the columns changed, and on_schema_change is rebuild: {'; '.join(changes)}",
            where=spec.name,
            remedy="Load the table as a whole.",
        )
