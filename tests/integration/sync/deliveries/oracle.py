"""What a table of delivered files must hold: a model in plain Python, without the engine.

Rows are what docs/engine.md and docs/configuration.md promise, computed the slow way: every sync
goes through the whole delivery, row by row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

__all__ = ["COLUMNS", "DIALECTS", "Described", "Lacked", "Row", "TableModel", "written"]

COLUMNS = ("id", "at", "c", "v", "gone")

Value = str | int | datetime | None
Row = dict[str, Value]
Line = dict[str, str]
Rejected = tuple[tuple[Value, ...], Value]  # the key and the time of a row

DIALECTS = {
    "plain": "",
    "excel": "{dialect: excel, locale: de-AT}",
    "mysql": "{dialect: mysql, columns: [id, at, c, v, gone]}",
    "quoted": "{delimiter: '|', trailing_delimiter: true}",
    "formats": "{delimiter: tab, formats: {at: {date: '%d.%m.%Y %I:%M %p %z'}, "
    "v: {thousands: ' '}}}",
}
"""What is declared of a file that is ``written`` so."""


def written(dialect: str, lines: list[Line]) -> str:
    """A delivery as a dialect has it."""
    rows = [[line[name] for name in COLUMNS] for line in lines]
    if dialect == "excel":
        return "sep=;\r\n" + "".join(";".join(row) + "\r\n" for row in [[*COLUMNS], *rows])
    if dialect == "mysql":
        return "".join("\t".join(value or "\\N" for value in row) + "\n" for row in rows)
    if dialect == "quoted":
        quoted = [[f'"{one}"' if one in ("cz", "sk") else one for one in row] for row in rows]
        return "".join("|".join(row) + "|\n" for row in [[*COLUMNS], *quoted])
    if dialect == "formats":
        rows = [[i, _local(at), c, _grouped(v), gone] for i, at, c, v, gone in rows]
        return "".join("\t".join(row) + "\n" for row in [[*COLUMNS], *rows])
    return "".join(",".join(row) + "\n" for row in [[*COLUMNS], *rows])


def _local(text: str) -> str:
    return f"{_instant(text):%-d.%-m.%Y %-I:%M %p +0000}" if text else text


def _grouped(text: str) -> str:
    return f"{int(text):,}".replace(",", " ") if text.lstrip("-").isdigit() else text


@dataclass(frozen=True)
class Described:
    """The settings of one table that a history changes."""

    strategy: str = "full_refresh"
    key: tuple[str, ...] = ("id",)
    deletions: str = ""
    wanted: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    window_days: int = 7
    fraction: float = 0.5
    folder: str = "a"
    dialect: str = "plain"
    is_guessed: bool = False
    """Whether the type of ``v`` is left to its values."""

    def lines(self) -> list[str]:
        """As they stand in ``data_description.md``."""
        types = {
            **dict.fromkeys(COLUMNS, "VARCHAR"),
            "id": "BIGINT",
            "at": "TIMESTAMPTZ",
            "v": "BIGINT",
        }
        kept = {name: types[name] for name in self.names if name != "v" or not self.is_guessed}
        return [
            *([f"primary_key: [{', '.join(self.key)}]"] if self.key else []),
            f"sync_strategy: {self.strategy}",
            f"types: {{{', '.join(f'{name}: {type_}' for name, type_ in kept.items())}}}",
            f"max_delete_fraction: {self.fraction}",
            f"file: {self.folder}/FILE.csv",
            *([f"csv: {DIALECTS[self.dialect]}"] if DIALECTS[self.dialect] else []),
            *([f"columns: [{', '.join(self.columns)}]"] if self.columns else []),
            *(["null_values: [" + ", ".join(self.null_words) + "]"] if self.null_words else []),
            *(
                ["where_filters: [{column: c, values: [" + ", ".join(self.wanted) + "]}]"]
                if self.wanted
                else []
            ),
            *([f"deletions: {self.deletions}"] if self.deletions else []),
            *(["tombstone: {column: gone, values: x}"] if self.deletions == "tombstone" else []),
            *self._window(),
        ]

    def _window(self) -> list[str]:
        if self.strategy == "full_refresh":
            return []
        column = {"incremental": "incremental_column: at", "partitioned": "partition_by: at"}
        return [column[self.strategy], f"incremental_window_days: {self.window_days}"]

    @property
    def may_lose(self) -> float:
        """The share of rows that may go without a person's word."""
        return 0 if self.deletions == "append_only" else self.fraction

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are published."""
        return tuple(name for name in COLUMNS if not self.columns or name in self.columns)

    @property
    def question(self) -> tuple[object, ...]:
        """What a published row is an answer to, the way of fetching aside."""
        mark = self.deletions == "tombstone"
        question = (self.key, self.folder, self.wanted, self.null_words, self.columns, mark)
        return (*question, self.dialect)


@dataclass(frozen=True)
class Lacked:
    """So many of the rows ``before``, and which: by their keys, or as a whole."""

    before: Counter[tuple[Value, ...]]
    count: int
    rows: Counter[tuple[Value, ...]]


@dataclass
class TableModel:
    """The published rows of one table, and what is known of them."""

    rows: dict[tuple[Value, ...], Row] | None = None
    described: Described = field(default_factory=Described)
    watermark: datetime = datetime(1, 1, 1, tzinfo=UTC)
    status: str = ""
    read: tuple[Described, datetime] | None = None
    lacked: Lacked | None = None
    rejected: frozenset[Rejected] = frozenset()
    is_text: bool | None = None
    """Whether values made ``v`` text or a number, where it is guessed; None: they say nothing."""

    def copy(self) -> TableModel:
        """The same, for a history that goes back to it."""
        return replace(self, rows=None if self.rows is None else dict(self.rows))

    def sync(
        self,
        described: Described,
        lines: list[Line],
        written: datetime,
        *,
        approved: Lacked | None,
    ) -> None:
        """One run over the delivery ``lines``, which was written at ``written``.

        Exactly what ``approved`` lacks may go.
        """
        read = replace(described, fraction=0), written
        if self.status in ("ok", "empty") and self.read == read:
            return
        rows, rejected, is_whole, is_text = self._typed_next(described, lines)
        lacked = self._lacked(described, rows, is_text)
        if lacked.count > described.may_lose * len(self.rows or ()) and lacked != approved:
            self.status, self.lacked = "held", lacked
            return
        if rejected and not rows and (is_whole or not self.rows):
            self.status = "failed"
            return
        self.rows, self.described, self.watermark, self.read = rows, described, written, read
        self.rejected, self.is_text = rejected, is_text
        self.status = "ok" if rows or rejected else "empty"

    def _lacked(
        self, described: Described, rows: dict[tuple[Value, ...], Row], is_text: bool | None
    ) -> Lacked:
        """What of the published rows is not among ``rows``: keys, or rows as a whole."""
        before = self.rows or {}
        old = _wholes(self.described, before, self.is_text)
        if described.key and self.described.key == described.key:
            lost = before.keys() - rows.keys()
            return Lacked(old, len(lost), Counter(lost))
        gone = old - _wholes(described, rows, is_text)
        return Lacked(old, max(0, len(before) - len(rows)), gone)

    def published(self) -> list[tuple[Value, ...]]:
        """The rows as a reader gets them."""
        rows = [dict(row) for row in (self.rows or {}).values()]
        for row in rows if self.described.is_guessed and self.is_text is False else ():
            row["v"] = None if row["v"] is None else int(str(row["v"]))
        return sorted((tuple(row.values()) for row in rows), key=repr)

    def _typed_next(
        self, described: Described, lines: list[Line]
    ) -> tuple[dict[tuple[Value, ...], Row], frozenset[Rejected], bool, bool | None]:
        """As ``_next``, and whether ``v`` is text: a number that becomes text is read anew."""
        if not described.is_guessed or "v" not in described.names:
            return *self._next(described, lines), None
        before, known = self.described, self.is_text if "v" in self.described.names else None
        syntax = (described.dialect, described.null_words)
        if known and syntax != (before.dialect, before.null_words):
            known = None
        batch, is_whole = self._batch(described, lines)
        is_text = _joined(known, _guessed(described, batch))
        adds = described.deletions == "append_only" and described.key  # older rows keep their text
        if is_text and known is False and not is_whole and not adds:
            wanted = _wanted(described, lines)
            read = _words(described, wanted)[0], _unfit(described, wanted), True
            return *read, _joined(known, _guessed(described, wanted))
        rows, unfit, is_read_whole = self._next(described, lines)
        if is_read_whole:  # a census may find keys that no window reaches
            is_text = _joined(known, _guessed(described, _wanted(described, lines)))
        return rows, unfit, is_read_whole, is_text

    def _batch(self, described: Described, lines: list[Line]) -> tuple[list[Line], bool]:
        """The lines that a run reads, and whether that is all of them."""
        wanted = _wanted(described, lines)
        is_full = described.strategy == "full_refresh"
        if not self.rows or is_full or self._is_asked_otherwise(described):
            return wanted, True
        since = self._since(described)
        return [line for line in wanted if not line["at"] or _instant(line["at"]) >= since], False

    def _next(
        self, described: Described, lines: list[Line]
    ) -> tuple[dict[tuple[Value, ...], Row], frozenset[Rejected], bool]:
        """The rows, those that were left out, and whether every row was read."""
        wanted = _wanted(described, lines)
        whole = _words(described, wanted)[0], _unfit(described, wanted), True
        is_full = described.strategy == "full_refresh"
        if self.rows is None or self._is_asked_otherwise(described):
            return whole
        if is_full and described.deletions == "append_only":
            return {**self.rows, **whole[0]}, whole[1], True
        if is_full or not self.rows:
            return whole
        since, (batch, _) = self._since(described), self._batch(described, lines)
        fresh, dead = _words(described, batch)
        unfit = _unfit(described, batch)
        again = {*fresh, *dead, *(key for key, _ in unfit)}
        kept = dict(self.rows)
        stands = {one for one in self.rejected if described.key and one[0] not in again}
        if described.strategy == "partitioned":
            stands = {one for one in stands if not _reaches(one[1], since)}
            if described.deletions != "append_only":
                kept = {k: r for k, r in kept.items() if k in again or not _reaches(r["at"], since)}
        result = {key: row for key, row in {**kept, **fresh}.items() if key not in dead}
        if described.deletions == "census":
            alive = {_key(described, line) for line in wanted}
            result = {key: row for key, row in result.items() if key in alive}
            stands = {one for one in stands if one[0] in alive}
            if alive - result.keys() - {key for key, _ in (*stands, *unfit)}:
                return whole
        return result, frozenset(stands | unfit), False

    def _since(self, described: Described) -> datetime:
        """Where the window begins: no later than at the last row."""
        times = [row["at"] for row in (self.rows or {}).values()]
        newest = max((at for at in times if isinstance(at, datetime)), default=self.watermark)
        since = min(self.watermark, newest) - timedelta(days=described.window_days)
        if described.strategy == "partitioned":
            return since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return since

    def _is_asked_otherwise(self, described: Described) -> bool:
        before = self.described
        if before.question != described.question:
            return True
        is_partitioned = "partitioned" in (before.strategy, described.strategy)
        if is_partitioned and before.strategy != described.strategy:
            return True
        return before.strategy not in ("full_refresh", described.strategy)


def _wholes(
    described: Described, rows: dict[tuple[Value, ...], Row], is_text: bool | None
) -> Counter[tuple[Value, ...]]:
    """Rows with all columns that there may be; a number as it is written as text."""

    def value(row: Row, name: str) -> Value:
        found = row.get(name)
        if name == "v" and found is not None and not (described.is_guessed and is_text):
            return str(int(str(found)))
        return found

    return Counter(tuple(value(row, name) for name in COLUMNS) for row in rows.values())


def _wanted(described: Described, lines: list[Line]) -> list[Line]:
    return [line for line in lines if not described.wanted or line["c"] in described.wanted]


def _guessed(described: Described, lines: list[Line]) -> bool | None:
    """Whether the values of ``v`` are text; None where all are NULL. A mark says its key alone."""
    is_marked = described.deletions == "tombstone"
    alive = [line["v"] for line in lines if not (is_marked and line["gone"] == "x")]
    values = [one for one in alive if _is_whole_number(described, one)]
    values = [one for one in values if one and one not in described.null_words]
    return any(not one.lstrip("-").isdigit() for one in values) if values else None


def _joined(one: bool | None, other: bool | None) -> bool | None:
    return other if one is None else one or bool(other)


def _words(
    described: Described, lines: list[Line]
) -> tuple[dict[tuple[Value, ...], Row], set[tuple[Value, ...]]]:
    """The last word on each key: its row, or that it is gone; a row that does not fit says nothing.

    Without a key, equal rows are told apart by their number.
    """
    rows: dict[tuple[Value, ...], Row] = {}
    dead: set[tuple[Value, ...]] = set()
    times: Counter[tuple[Value, ...]] = Counter()
    for line in lines:
        key = _key(described, line)
        if described.deletions == "tombstone" and line["gone"] == "x":
            rows.pop(key, None)
            dead.add(key)
        elif _is_whole_number(described, line["v"]):
            row = _row(described, line)
            if not described.key:
                times[key := tuple(row.values())] += 1
                key = (*key, times[key])
            rows[key] = row
            dead.discard(key)
    return rows, dead


def _unfit(described: Described, lines: list[Line]) -> frozenset[Rejected]:
    """The key and time of each row that does not fit, and is not marked as gone."""
    is_marked = described.deletions == "tombstone"
    return frozenset(
        (_key(described, line), _value(described, "at", line["at"]))
        for line in lines
        if not (is_marked and line["gone"] == "x") and not _is_whole_number(described, line["v"])
    )


def _is_whole_number(described: Described, text: str) -> bool:
    if "v" not in described.names or text == "" or text in described.null_words:
        return True
    if described.is_guessed and described.dialect != "formats":
        return True
    return text.lstrip("-").isdigit()


def _row(described: Described, line: Line) -> Row:
    return {name: _value(described, name, line[name]) for name in described.names}


def _value(described: Described, name: str, text: str) -> Value:
    if text == "" or text in described.null_words:
        return None
    if name == "at":
        return _instant(text)
    if name == "v" and described.is_guessed:
        return text
    return int(text) if name in ("id", "v") and text.lstrip("-").isdigit() else text


def _key(described: Described, line: Line) -> tuple[Value, ...]:
    return tuple(_value(described, name, line[name]) for name in described.key)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _reaches(value: Value, since: datetime) -> bool:
    """In the range that was read in full; a row without a time is in each of them."""
    return not isinstance(value, datetime) or value >= since
