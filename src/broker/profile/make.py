"""The profile of a table in the generation that is being made, from its files and the one before.

Only files that the version before did not have are read, and of these no column whose bytes are
those of the file in their place before. So the cost follows the change. A table of one small file
is read whole: that takes less than to keep what was measured of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb

from ..config.profiles import Alerts, Tier
from ..foreign.text import readable_json
from ..manifest import TableEntry, version_of_files
from ..tables.model import DataFile, Limits
from ..tables.session import inside, numbered, one_row, session
from .alerts import alerts_of, gap_alerts
from .archive import from_parquet, to_parquet
from .facts import ColumnFacts, merged
from .footers import places_of_same_values
from .history import continued
from .kinds import kind_of
from .measure import FileRows, is_small, measure
from .shown import shown_column
from .state import MOST_TEXT, ColumnState
from .texts import written

__all__ = ["Before", "Profile", "Rules", "basis_of", "keeps_states", "make_profile"]

_REVISION = 3  # of the document: another one writes each anew
_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be shown of a table, and what is pointed out."""

    tier: Tier
    fewest: int
    alerts: Alerts


@dataclass(frozen=True, slots=True)
class Before:
    """What the generation before has: the document, and what was measured of each file.

    The document is None where other people could read it. ``files`` has the SHA-256 of each of its
    data files and where it stands, by path.
    """

    document: bytes | None = None
    states: bytes | None = None
    files: Mapping[str, tuple[str, Path]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """What people see of a table, as JSON, and what was measured of each file, as Parquet.

    ``states`` is None where it is not kept.
    """

    document: bytes
    states: bytes | None


@dataclass(frozen=True)
class _Work:
    """``connect`` answers a database, the same one each time."""

    connect: Callable[[], duckdb.DuckDBPyConnection]
    entry: TableEntry
    file_of: Callable[[str], Path]
    before: Before

    def rows_of(self, file: DataFile) -> FileRows:
        return FileRows(self.file_of(file.path), file.sha256, file.rows)

    @cached_property
    def last(self) -> FileRows:
        """The last file, of which some rows are shown."""
        return self.rows_of(self.entry.files[-1])


def keeps_states(entry: TableEntry) -> bool:
    """Whether what is measured of each file of a table is kept for the next time."""
    return len(entry.files) > 1 or not all(is_small(file.rows) for file in entry.files)


def basis_of(entry: TableEntry, rules: Rules) -> str:
    """A digest of all that a profile follows from, but what came before; 16 digits."""
    alerts = rules.alerts.model_dump()
    follows = [_REVISION, duckdb.__version__, str(rules.tier), rules.fewest, alerts]
    follows += [entry.path, entry.access, entry.fingerprint, list(entry.key), entry.duplicates]
    follows += [version_of_files(entry.files)]
    return hashlib.sha256(json.dumps(follows, sort_keys=True).encode()).hexdigest()[:16]


def make_profile(
    entry: TableEntry,
    file_of: Callable[[str], Path],
    before: Before,
    rules: Rules,
    *,
    generation: str,
    limits: Limits,
    work: Path,
) -> Profile:
    """Profile a table as it will be published.

    ``file_of`` answers where a data file is now; ``generation`` is the one that is being made;
    DuckDB spills into ``work``. What DuckDB refuses is raised as it is.
    """
    known = _parsed(before.document)
    kept = from_parquet(before.states) if before.states is not None else {}
    with ExitStack() as stack:
        connect = cache(lambda: stack.enter_context(session(limits, work)))
        at_work = _Work(connect, entry, file_of, before)
        states = _states(at_work, kept)
        columns = [_facts(at_work, at, states) for at in range(len(entry.schema.columns))]
        rows = _samples(at_work) if rules.tier is Tier.SAMPLES else None
    now = {"rows": entry.rows, "nulls": {one.name: one.nulls for one in columns}}
    version = version_of_files(entry.files)
    history = continued(known.get("history", ()), version, generation, now)
    shown = [shown_column(one, rules.tier, rules.fewest) for one in columns]
    last = history[-2] if history[1:] else None
    fewest = rules.fewest if rules.tier is Tier.RANGES else 1
    alerts = [*alerts_of(columns, shown, fewest, rules.alerts, last), *gap_alerts(shown)]
    document = {
        "table": entry.path,
        "tier": str(rules.tier),
        "fewest": rules.fewest if rules.tier is Tier.RANGES else None,
        "rows": entry.rows,
        "key": list(entry.key),
        "duplicates": entry.duplicates,
        "alerts": [asdict(one) for one in alerts],
        "columns": shown,
        "samples": rows,
        "history": history,
    }
    every = (one for of_file in states.values() for one in of_file)
    return Profile(_as_json(document), to_parquet(every) if keeps_states(entry) else None)


def _as_json(document: Mapping[str, Any]) -> bytes:
    """As JSON, with a line for each column and version: an indent would take Python far longer."""
    lines = []
    for name, value in document.items():
        text = readable_json(value)
        if name in ("columns", "history"):
            text = "[\n" + ",\n".join(map(readable_json, value)) + "\n]"
        lines.append(f'"{name}": {text}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _parsed(document: bytes | None) -> Mapping[str, Any]:
    if document is None:
        return {}
    found: Mapping[str, Any] = json.loads(document)
    return found


def _states(
    work: _Work, kept: Mapping[tuple[str, str], ColumnState]
) -> dict[str, tuple[ColumnState, ...]]:
    """What is measured of each file, by its SHA-256: kept, or measured now."""
    columns, files = work.entry.schema.columns, work.entry.files
    found = {}
    for file in files:
        known = {at: kept.get((file.sha256, one.name)) for at, one in enumerate(columns)}
        states = {at: one for at, one in known.items() if one is not None}
        if len(states) < len(columns):
            states = _unchanged(work, file, kept) | states
        others = [at for at in known if at not in states]
        if others:
            rows = work.last if file is files[-1] else work.rows_of(file)
            add_up = keeps_states(work.entry)
            states |= measure(work.connect, rows, columns, others, sketches=add_up)
        found[file.sha256] = tuple(states[at] for at in known)
    return found


def _unchanged(
    work: _Work, file: DataFile, kept: Mapping[tuple[str, str], ColumnState]
) -> dict[int, ColumnState]:
    """The states of columns that are the same in the file that stood in the place of this one."""
    before, place = work.before.files.get(file.path, (None, None))
    columns = work.entry.schema.columns
    states = {at: kept.get((before or "", one.name)) for at, one in enumerate(columns)}
    if place is None or not any(states.values()):
        return {}
    same = places_of_same_values(work.file_of(file.path), place)
    return {
        at: replace(one, file=file.sha256)
        for at, one in states.items()
        if at in same and one is not None and one.kind is kind_of(columns[at].type)
    }


def _facts(work: _Work, at: int, states: Mapping[str, Sequence[ColumnState]]) -> ColumnFacts:
    """The column at this place. A file that stands twice in a table counts twice."""
    column = work.entry.schema.columns[at]
    type_ = column.type or "VARCHAR"
    found = [states[file.sha256][at] for file in work.entry.files]
    if not found:
        return ColumnFacts(column.name, type_, kind_of(column.type), 0, 0, 0, 0.0)
    facts = merged(column.name, type_, found, lambda sketch: _estimate(work.connect(), sketch))
    if work.entry.key == (column.name,):  # of which the engine leaves each value once
        return replace(facts, distinct=facts.rows - facts.nulls, distinct_error=0.0)
    return facts


def _estimate(connection: duckdb.DuckDBPyConnection, sketch: bytes) -> int:
    """How many different values the sketch of ``approx_count_distinct`` has seen."""
    precision = len(sketch).bit_length() - 1
    state = "{'precision': ?::UTINYINT, 'registers': ?::UTINYINT[]}"
    query = f"SELECT finalize(to_aggregate_state({state}, 'approx_count_distinct', ['BIGINT']))"
    return int(one_row(connection, query, [precision, list(sketch)])[0])


def _samples(work: _Work) -> list[list[str | None]]:
    """A few rows of the last file as text; long values are cut."""
    if not work.entry.files:
        return []
    if is_small(work.last.rows):
        first = work.last.table.slice(0, _SAMPLES).combine_chunks()
        texts = [written(column.chunk(0)) for column in first.columns if column.num_chunks]
        if len(texts) == first.num_columns and None not in texts:
            return [[_cut(text) for text in row] for row in zip(*filter(None, texts), strict=True)]
    names = work.entry.schema.names
    values = (f"left({value}::VARCHAR, {MOST_TEXT})" for value in inside(names).values())
    rows = numbered([work.last.path], names)
    found = work.connect().execute(f"SELECT {', '.join(values)} FROM {rows} LIMIT {_SAMPLES}")
    return [list(row) for row in found.fetchall()]


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MOST_TEXT]
