"""Each table through the generations that are kept: its versions, and their files. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from ...foreign.columns import folded, sql_type
from ...manifest import TableEntry
from ...tables.compare import common_key
from ...tables.types import comparable
from .kept_generations import KEEP_MORE, KeptGeneration, KeptHistory
from .past_tables import absence

__all__ = ["PastVersion", "TablePast", "pasts_of"]

_EPOCH_TICKS = 1_000_000
_ANY_TYPE = "VARCHAR"


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A table in one generation; ``files`` are where they stand now.

    ``problem`` says why it cannot be asked, and is empty where it can.
    """

    generation: KeptGeneration
    entry: TableEntry
    files: tuple[str, ...]
    problem: str = ""

    @property
    def placed(self) -> TableEntry:
        """The table with its files where they stand: by absolute paths, whatever the folder."""
        by_path = {file.path: file for file in self.entry.files}
        files = (
            replace(by_path[path], path=place)
            for path, place in zip(sorted(by_path), self.files, strict=True)
        )
        return replace(self.entry, files=tuple(files))


@dataclass(frozen=True, slots=True)
class TablePast:
    """``view`` is what the table is called. Its versions are one for each of ``generations``.

    ``steps`` are the microseconds since 1970 from which on a version is the newest one made, in
    ascending order, with its place.
    """

    view: str
    versions: tuple[PastVersion, ...]
    steps: tuple[tuple[int, int], ...]
    too_old: str

    @property
    def at_name(self) -> str:
        """What its macro of one moment is called."""
        return f"{self.view}_at"

    @property
    def diff_name(self) -> str:
        """What its macro of two moments is called."""
        return f"{self.view}_diff"

    @property
    def merged(self) -> TablePast:
        """The same with one step for versions that follow each other and have the same files."""
        return replace(self, steps=_merged(self.steps, self.versions))

    @property
    def _loaded(self) -> list[TableEntry]:
        return [one.entry for one in self.versions if not one.problem]

    @property
    def key(self) -> tuple[str, ...]:
        """The key, if all versions have the same."""
        keys = [entry.key for entry in reversed(self._loaded)]
        return reduce(lambda newer, older: common_key(older, newer), keys)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of all versions, each with the SQL of a type that holds all its values."""
        return {name: _widest(found) for name, found in self._types.items()}

    @property
    def drifting(self) -> set[str]:
        """The columns whose type is not always the same."""
        return {name for name, found in self._types.items() if len({*found}) > 1}

    @property
    def _types(self) -> dict[str, list[str]]:
        """The types that each column has had, the newest first, by its name in the newest one."""
        types: dict[str, list[str]] = {}
        spelled: dict[str, str] = {}
        for entry in reversed(self._loaded):
            for column in entry.schema.columns:
                name = spelled.setdefault(folded(column.name), column.name)
                types.setdefault(name, []).extend([column.type] if column.type else [])
        return types


def _widest(types: Sequence[str]) -> str:
    if not types:
        return _ANY_TYPE
    return sql_type(reduce(comparable, types))


def pasts_of(history: KeptHistory) -> list[TablePast]:
    """Every table that one of the generations has, those in use first."""
    order = [history.in_use, *reversed(history.generations)]
    tables = {one.id: {e.id: e for e in one.manifest.tables} for one in order}
    names = [(one.manifest.view_names, tables[one.id]) for one in order]
    views: dict[str, str] = {}
    for of_path, entries in names:
        for table_id, entry in entries.items():
            views.setdefault(table_id, of_path[entry.path])
    found = (_past(table_id, view, tables, history) for table_id, view in views.items())
    return [past for past in found if past is not None]


def _past(
    table_id: str, view: str, tables: Mapping[str, Mapping[str, TableEntry]], history: KeptHistory
) -> TablePast | None:
    """None for a table that was never loaded."""
    generations = history.generations
    places = {
        (file.path, file.sha256): f"{one.tree}/{file.path}"
        for one in generations
        for entry in [tables[one.id].get(table_id)]
        if entry is not None
        for file in entry.files
    }
    any_entry = next(e for one in generations for e in [tables[one.id].get(table_id)] if e)
    versions = []
    for one in generations:
        entry = tables[one.id].get(table_id)
        if entry is None:
            versions.append(PastVersion(one, any_entry, (), absence(one, view)))
            continue
        files = tuple(sorted(places[file.path, file.sha256] for file in entry.files))
        never = f"{view} was never loaded in generation {one.title}"
        versions.append(PastVersion(one, entry, files, "" if entry.schema.columns else never))
    oldest = generations[0]
    too_old = f"the oldest generation that is kept here is {oldest.title}. {KEEP_MORE}"
    if all(version.problem for version in versions):
        return None
    return TablePast(view, tuple(versions), _steps(generations), too_old)


def _merged(
    steps: Sequence[tuple[int, int]], versions: Sequence[PastVersion]
) -> tuple[tuple[int, int], ...]:
    """The steps without those that change nothing."""
    merged: list[tuple[int, int]] = []
    for moment, at in steps:
        if merged and _is_same(versions[merged[-1][1]], versions[at]):
            merged[-1] = (merged[-1][0], at)
        else:
            merged.append((moment, at))
    return tuple(merged)


def _steps(generations: Sequence[KeptGeneration]) -> tuple[tuple[int, int], ...]:
    """A broker's clock may have been set back: the newest of those made until then counts."""
    made = sorted((_microseconds(one), at) for at, one in enumerate(generations))
    return tuple(
        (moment, max(at for _, at in made[: number + 1])) for number, (moment, _) in enumerate(made)
    )


def _microseconds(one: KeptGeneration) -> int:
    second = int(one.created_at.timestamp())
    return second * _EPOCH_TICKS + one.created_at.microsecond


def _is_same(one: PastVersion, other: PastVersion) -> bool:
    is_here = not one.problem and not other.problem
    return is_here and (one.files, one.entry.schema) == (other.files, other.entry.schema)
