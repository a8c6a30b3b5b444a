"""The generation, the tables, the partitions and the keys that changed the answer of a query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import LaptopError
from ...foreign.columns import sql_type
from ...manifest import TableEntry
from ...tables.compare import RowChange, common_key
from ...tables.files.apply import Previous
from ...tables.model import DataFile
from ...tables.session import identifier, literal
from ...view_sql import TableRows, openable, rows_query
from .answers import AskedAnswer, Asker, placed_in, with_table
from .culprits import CulpritSearch
from .difference import columns_changed, compared
from .kept_generations import KeptGeneration
from .past_tables import view_of

__all__ = ["AnswerChange", "TableCause", "first_change"]

_MOST_TRIES = 200  # of one search: partitions, or keys
_MOST_KEYS = 2_000
_PARTITION = re.compile(r"null|-?[0-9]+(?:_[0-9]{2}){0,2}")


@dataclass(frozen=True, slots=True)
class TableCause:
    """A table that changed the answer, and what in it did; ``notes`` say what is not known."""

    table: str
    partitions: tuple[str, ...]
    rows: tuple[RowChange, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """``after`` is the first generation with another answer, ``before`` the one before it."""

    before: KeptGeneration
    after: KeptGeneration
    answer_before: AskedAnswer
    answer_after: AskedAnswer
    causes: tuple[TableCause, ...]
    notes: tuple[str, ...]


def first_change(asker: Asker, generations: Sequence[KeptGeneration]) -> AnswerChange | None:
    """Ask them from the first on; None where the last one answers as the first.

    Raises ``LaptopError`` where neither the first nor the last one can be asked.
    """
    first, last = asker.ask(generations[0]), asker.ask(generations[-1])
    if first.error is not None and last.error is not None:
        raise LaptopError(f"neither generation can be asked: {first.error}")
    if first.is_like(last):
        return None
    before = generations[0]
    for after in generations[1:]:
        answer = last if after is generations[-1] else _answer_of(asker, before, after, first)
        if not answer.is_like(first):
            return _explained(asker, before, after, first, answer)
        before = after
    return None


def _answer_of(
    asker: Asker, before: KeptGeneration, after: KeptGeneration, known: AskedAnswer
) -> AskedAnswer:
    """Its answer, which is known where the tables that were read have not changed."""
    read = known.tables
    if read and all(_is_same(before.table(one), after.table(one)) for one in read):
        return known
    return asker.ask(after)


def _is_same(old: TableEntry | None, new: TableEntry | None) -> bool:
    if old is None or new is None:
        return old is new
    files = [{(file.path, file.sha256) for file in entry.files} for entry in (old, new)]
    return files[0] == files[1] and old.schema == new.schema


def _explained(
    asker: Asker,
    before: KeptGeneration,
    after: KeptGeneration,
    known: AskedAnswer,
    changed: AskedAnswer,
) -> AnswerChange:
    ids = {*known.tables, *changed.tables}
    if known.error is not None or changed.error is not None:
        # What the query reads is not known where it cannot be asked.
        ids |= {entry.id for one in (before, after) for entry in one.manifest.tables}
    differing = sorted(one for one in ids if not _is_same(before.table(one), after.table(one)))
    trial = _Trial(asker, before, after, known)
    search = CulpritSearch(trial.tables_differ, _MOST_TRIES)
    guilty = search.among(differing)
    notes = []
    if search.is_joint:
        notes.append("these tables changed the answer together, and none of them alone")
    if not guilty:
        notes.append("no table did: the query reads something else")
    return AnswerChange(
        before, after, known, changed, tuple(trial.cause(one) for one in guilty), tuple(notes)
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """The generation before the change, with parts of the one after it."""

    asker: Asker
    before: KeptGeneration
    after: KeptGeneration
    known: AskedAnswer

    def tables_differ(self, ids: Sequence[str]) -> bool:
        """Whether these tables of the generation after change the answer."""
        manifest = self.before.manifest
        for table_id in ids:
            entry = self.after.table(table_id)
            placed = None if entry is None else placed_in(self.after, entry)
            manifest = with_table(manifest, table_id, placed)
        return not self.asker.ask(self.before, manifest).is_like(self.known)

    def cause(self, table_id: str) -> TableCause:
        """What in the table changed the answer."""
        view = view_of(table_id, [self.after, self.before])
        old, new = self.before.table(table_id), self.after.table(table_id)
        if old is None or new is None:
            gone = "is not there any more" if new is None else "was not there before"
            return TableCause(view, (), (), (f"the table {gone}",))
        columns = columns_changed(old, new)
        if columns:
            names = ", ".join(one.name for one in columns)
            return TableCause(view, (), (), (f"its columns changed ({names}): see diff",))
        partitions, notes = self._partitions(old, new)
        rows, more = self._keys(old, new, partitions)
        return TableCause(view, tuple(partitions or ()), tuple(rows), (*notes, *more))

    def _partitions(
        self, old: TableEntry, new: TableEntry
    ) -> tuple[list[str] | None, tuple[str, ...]]:
        """Which of them; None for a table that has none, or that has others than before."""
        if old.partitioning is None or old.partitioning != new.partitioning:
            return None, ()
        sides = _by_partition(old), _by_partition(placed_in(self.after, new), new)
        hashes = [_hashes(_by_partition(entry)) for entry in (old, new)]
        names = sorted({*hashes[0], *hashes[1]})
        differing = [name for name in names if hashes[0].get(name) != hashes[1].get(name)]

        def differ(chosen: Sequence[str]) -> bool:
            files = [
                file
                for name in names
                for file in (sides[1] if name in chosen else sides[0]).get(name, ())
            ]
            manifest = with_table(self.before.manifest, old.id, replace(old, files=tuple(files)))
            return not self.asker.ask(self.before, manifest).is_like(self.known)

        search = CulpritSearch(differ, _MOST_TRIES)
        found = search.among(differing)
        return found, tuple(_remarks(search, "partitions"))

    def _keys(
        self, old: TableEntry, new: TableEntry, partitions: Sequence[str] | None
    ) -> tuple[list[RowChange], list[str]]:
        """Which rows, by their keys."""
        key = common_key(old.key, new.key)
        if not key:
            return [], ["rows have no key that is the same in both: see diff"]
        was = Previous(self.before.tree, _of_partitions(old, partitions))
        is_now = Previous(self.after.tree, _of_partitions(new, partitions))
        state = self.asker.workspace.state
        counts, rows = compared(was, is_now, key, most=_MOST_KEYS, state=state)
        total = counts.added + counts.removed + counts.changed
        if total > len(rows):
            return [], [f"{total:,} keys differ in it, too many to try each: see diff"]

        def differ(chosen: Sequence[RowChange]) -> bool:
            instead = {old.path: _with_rows(chosen, (self.before, old), (self.after, new))}
            return not self.asker.ask(self.before, instead=instead).is_like(self.known)

        search = CulpritSearch(differ, _MOST_TRIES)
        found = search.among(rows)
        return found, [*_remarks(search, "rows")]


def _remarks(search: CulpritSearch[str] | CulpritSearch[RowChange], what: str) -> list[str]:
    notes = []
    if search.is_joint:
        notes.append(f"some of these {what} changed the answer together, and none of them alone")
    if not search.is_complete:
        notes.append(f"some of these {what} may not have changed it: not each could be tried")
    return notes


def _name(entry: TableEntry, path: str) -> str:
    """The partition of a file."""
    rest = path.removeprefix(f"parquet/{entry.path}").lstrip("/")
    found = _PARTITION.match(rest)
    return found[0] if found else rest


def _by_partition(entry: TableEntry, named: TableEntry | None = None) -> dict[str, list[DataFile]]:
    """The files of each partition; ``named`` is the same table with the paths of its manifest."""
    found: dict[str, list[DataFile]] = {}
    for file, plain in zip(entry.files, (named or entry).files, strict=True):
        found.setdefault(_name(entry, plain.path), []).append(file)
    return found


def _hashes(parts: Mapping[str, Sequence[DataFile]]) -> dict[str, list[str]]:
    return {name: sorted(file.sha256 for file in files) for name, files in parts.items()}


def _of_partitions(entry: TableEntry, partitions: Sequence[str] | None) -> tuple[DataFile, ...]:
    named = ((_name(entry, file.path), file) for file in entry.files)
    return tuple(file for name, file in named if partitions is None or name in partitions)


def _with_rows(
    rows: Sequence[RowChange],
    before: tuple[KeptGeneration, TableEntry],
    after: tuple[KeptGeneration, TableEntry],
) -> TableRows:
    """The table as it was before, but for the rows of these keys, which are as they were after."""
    (old_generation, old), (new_generation, new) = before, after
    types = {column.name: column.type or "VARCHAR" for column in new.schema.columns}
    keys = ", ".join(
        "(" + ", ".join(_typed(row.key[name], types[name]) for name in new.key) + ")"
        for row in rows
    )
    names = ", ".join(map(identifier, new.key))
    chosen = f"(VALUES {keys}) AS chosen({names})"
    sql = (
        f"SELECT * FROM ({rows_query(old, old_generation.tree)}) AS was "
        f"ANTI JOIN {chosen} USING ({names}) UNION ALL BY NAME "
        f"SELECT * FROM ({rows_query(new, new_generation.tree)}) AS is_now "
        f"SEMI JOIN {chosen} USING ({names})"
    )
    paths = openable(old, old_generation.tree) | openable(new, new_generation.tree)
    return TableRows(sql, frozenset(paths))


def _typed(value: str | None, kind: str) -> str:
    return f"CAST({'NULL' if value is None else literal(value)} AS {sql_type(kind)})"
