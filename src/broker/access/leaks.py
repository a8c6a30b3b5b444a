"""Names of hidden tables in what an audience may read. Pure: bytes in, names out.

A table's id and its path are looked for wherever they stand. A bare name may be an ordinary
word (a column, a status), so it counts where a document names tables: as ``id`` or ``table``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..foreign.strict_json import parse_json
from ..manifest import Manifest, TableEntry
from ..publish import Audience
from .strict_yaml import parse_yaml

__all__ = ["Hidden", "hidden_from", "leaked"]

_TABLES = frozenset({"parquet", "metadata", "rejects", "changes", "tables"})
_NAMING = frozenset({"id", "table"})


@dataclass(frozen=True, slots=True)
class Hidden:
    """Tables that an audience may not know of, and the words that are its own anyway."""

    tables: tuple[TableEntry, ...]
    shown: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.tables)

    @property
    def names(self) -> dict[str, str]:
        """Word to table, for the places where documents name tables."""
        words = ((word, e.path) for e in self.tables for word in (e.id, e.name, e.path))
        return {word: path for word, path in words if word not in self.shown}

    @property
    def phrases(self) -> dict[str, str]:
        """Those words that stand for nothing else."""
        return {word: path for word, path in self.names.items() if re.search(r"[./]", word)}


def hidden_from(manifest: Manifest, audience: Audience) -> Hidden:
    """What the whole manifest has and the audience must not find."""
    hides = [entry for entry in manifest.tables if not audience.sees(entry.access)]
    shows = [entry for entry in manifest.tables if audience.sees(entry.access)]
    shown = {word for entry in shows for word in (entry.id, entry.name, entry.path)}
    return Hidden(tuple(hides), frozenset(shown))


def leaked(path: str, content: bytes, hidden: Hidden) -> list[str]:
    """The hidden tables that this document, at this path of its tree, tells of.

    Raises ``ValueError`` for JSON or YAML that cannot be parsed: which tables it names is unknown.
    """
    found = {hidden.phrases[phrase] for phrase in _phrases(path, content, hidden.phrases)}
    names = hidden.names
    found |= {names[word] for word in _named(path, content) if word in names}
    return sorted(found)


def _phrases(path: str, content: bytes, phrases: Iterable[str]) -> set[str]:
    """Whole phrases in the text, and in the path below a folder that repeats those of tables."""
    longest = sorted(phrases, key=len, reverse=True)
    if not longest:
        return set()
    either = "|".join(map(re.escape, longest))
    found = re.findall(rf"(?<![\w-])(?:{either})(?![\w-])", content.decode("utf-8", "replace"))
    top, _, below = path.removeprefix("docs/").partition("/")
    if top in _TABLES:
        found += re.findall(rf"^(?:{either})(?=[./]|$)", below)
    return set(found)


def _named(path: str, content: bytes) -> Iterator[str]:
    if path.endswith(".json"):
        yield from _values(parse_json(content, rows=True))
    elif path.endswith((".yml", ".yaml")):
        yield from _values(parse_yaml(content))


def _values(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key in _NAMING and isinstance(value, str):
                yield value
            yield from _values(value)
    elif isinstance(document, list):
        for value in document:
            yield from _values(value)
