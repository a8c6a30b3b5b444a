"""Which table a foreign key refers to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .model import ForeignKey, TableEntry

__all__ = ["References"]


class References:
    """The tables that foreign keys may name: by id, path or name."""

    def __init__(self, tables: Iterable[TableEntry]) -> None:
        """``tables`` are all that a reader may know."""
        self._by_word: tuple[dict[str, list[TableEntry]], ...] = tuple(
            defaultdict(list) for _ in range(3)
        )
        for entry in tables:
            for known, word in zip(self._by_word, (entry.id, entry.path, entry.name), strict=True):
                known[word].append(entry)

    def target(self, key: ForeignKey) -> TableEntry | None:
        """The table that it names; None where a name is that of several."""
        for known in self._by_word:
            found = known.get(key.table, ())
            if len(found) == 1:
                return found[0]
        return None

    def column(self, key: ForeignKey) -> str:
        """The column that it names, or the key of that table; empty where this has several."""
        target = self.target(key)
        return key.references or (target.key[0] if target and len(target.key) == 1 else "")
