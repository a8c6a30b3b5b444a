"""Search over what one audience may know: tables, columns and metrics, in an index in memory."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType

from ...catalog.model import CatalogIndex
from ...foreign.text import prose, shown

__all__ = ["MARK_BEGINS", "MARK_ENDS", "SearchHit", "SearchIndex", "SearchResult"]

# Around what was found. Texts in the index were made plain before: none has control characters.
MARK_BEGINS, MARK_ENDS = "\x02", "\x03"

_MOST_WORDS = 12
_MOST_TEXT = 2_000  # characters of a description that are searched
_PARTS = re.compile(r"\w+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SNIPPET = 24  # words
_CREATE = """\
CREATE VIRTUAL TABLE entry USING fts5(
  name, words, text, kind UNINDEXED, place UNINDEXED, key UNINDEXED,
  tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
)"""
# A name counts far more than what is written about it; the table of this very name comes first.
_RANK = "bm25(entry, 10.0, 6.0, 1.0)"
_FIND = f"""\
SELECT kind, place, key, highlight(entry, 0, char(2), char(3)),
  snippet(entry, 2, char(2), char(3), '…', {_SNIPPET})
FROM entry WHERE entry MATCH :words AND kind = :kind
ORDER BY lower(key) = :name OR substr(lower(key), -length(:name) - 1) = '/' || :name DESC,
  {_RANK}, rowid
LIMIT :most OFFSET :begin"""  # noqa: S608 (constants alone)
_COUNT = "SELECT kind, count(*) FROM entry WHERE entry MATCH ? GROUP BY kind"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """``place`` is the path of the table, empty for a metric; ``key`` is the name itself.

    ``name`` and ``text`` have marks around what was found.
    """

    kind: str
    place: str
    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Some of each kind, the best first, and how many there are in all."""

    tables: tuple[SearchHit, ...] = ()
    columns: tuple[SearchHit, ...] = ()
    metrics: tuple[SearchHit, ...] = ()
    table_count: int = 0
    column_count: int = 0
    metric_count: int = 0

    @property
    def count(self) -> int:
        """Of all kinds."""
        return self.table_count + self.column_count + self.metric_count


class SearchIndex:
    """Made from the catalog of one audience, so that not even a count tells of anything else."""

    def __init__(self, index: CatalogIndex) -> None:
        """Read all of it."""
        self._lock = Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.execute(_CREATE)
        self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", _entries(index))
        self._connection.commit()

    def find(
        self, query: str, most: int = 50, begin: Mapping[str, int] = MappingProxyType({})
    ) -> SearchResult:
        """Entries that have every word of the query, each also as the beginning of a longer one.

        ``most`` of each kind, after the ``begin`` best ones of it. A text without letters and
        digits finds nothing.
        """
        # An accent that is a character of its own, as a Mac writes it, would end a word.
        query = unicodedata.normalize("NFC", query)
        words = _PARTS.findall(_CAMEL.sub(" ", query).replace("_", " "))[:_MOST_WORDS]
        if not words:
            return SearchResult()
        match = " AND ".join(f'"{word}"*' for word in words)
        name = query.strip().lower()
        with self._lock, closing(self._connection.cursor()) as cursor:
            counts = dict(cursor.execute(_COUNT, [match]).fetchall())
            found = {
                kind: tuple(
                    SearchHit(*row)
                    for row in cursor.execute(
                        _FIND,
                        {
                            "words": match,
                            "kind": kind,
                            "name": name,
                            "most": most,
                            "begin": begin.get(kind, 0),
                        },
                    ).fetchall()
                )
                for kind in ("table", "column", "metric")
            }
        return SearchResult(
            found["table"],
            found["column"],
            found["metric"],
            counts.get("table", 0),
            counts.get("column", 0),
            counts.get("metric", 0),
        )


def _entries(index: CatalogIndex) -> Iterator[tuple[str, str, str, str, str, str]]:
    labels = {folder.name: folder.label for folder in index.folders}
    datasets = {dataset.name: dataset.label for dataset in index.datasets}
    for table in index.tables:
        named = [table.view, table.id, table.dataset or ""]
        named += [labels.get(table.folder, ""), datasets.get(table.dataset or "", "")]
        text = prose(table.title, _MOST_TEXT)
        yield shown(table.path), _words(table.path, *named), text, "table", table.path, table.path
        for column in table.columns:
            text = prose(column.description, _MOST_TEXT)
            yield shown(column.name), _words(column.name), text, "column", table.path, column.name
    for metric in index.metrics:
        words = _words(metric.name, metric.unit, metric.owner, *metric.synonyms)
        text = prose(metric.description, _MOST_TEXT)
        yield shown(metric.title), words, text, "metric", "", metric.name


def _words(*names: str) -> str:
    """Names with the words in them apart: ``OrderItem`` is found by ``item``."""
    return shown(" ".join(f"{name} {_CAMEL.sub(' ', name)}" for name in names if name))
