"""Who could read each table when it was last published, and what waits to be read by more. Pure.

A generation carries this from the one before in ``state/readers.json``, which stands in no view:
a table that is no longer described is still known.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from glob import has_magic
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..classes import PUBLIC
from ..errors import PublishError
from ..foreign.strict_json import parse_json
from ..manifest import NO_CLASS

__all__ = ["READERS", "Memory", "Published", "Readers", "Widening", "meet"]

READERS = "state/readers.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Readers:
    """An access class, and the Linux group that stood for it.

    ``group`` is None where the store had no groups, or an older release did not note them.
    """

    access: str
    group: str | None = None

    def cover(self, other: Readers) -> bool:
        """Whether it is certain that these include all readers of ``other``.

        Public is every analyst, whichever group stands for it. Of two classes, that is certain
        where one group stands for both; where a group is not known, the class alone counts.
        """
        if PUBLIC in (self.access, other.access):
            return self.access == PUBLIC
        if self.group is None or other.group is None:
            return self.access == other.access
        return self.group == other.group

    def __str__(self) -> str:
        """In words."""
        if self.access == NO_CLASS:
            return "no analyst, as far as is known,"
        if self.access == PUBLIC:
            return "every analyst (class public)"
        return f"class {self.access}" + (f" (group {self.group})" if self.group else "")


@dataclass(frozen=True, slots=True)
class Published:
    """A table, by its id, and who could read it."""

    id: str
    readers: Readers


@dataclass(frozen=True, slots=True)
class Widening:
    """A table that more people could read than before, and that waits for a person's approval.

    ``before`` is this table, or others with the same rows. ``since`` names the generation that
    held it first, or the two of a rollback, so that an approval fits one change and no later one.
    """

    id: str
    before: tuple[Published, ...]
    after: Readers
    since: str

    @property
    def digest(self) -> str:
        """What an approval of exactly this change holds."""
        content = json.dumps(_WIDENING.dump_python(self, mode="json"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def words(self) -> str:
        """Who could read the table before and who could now."""
        before = ", and ".join(self._could(one) for one in self.before)
        return f"before, {before}; now {self.after} could"

    def _could(self, one: Published) -> str:
        what = "it" if one.id == self.id else f"the same rows as {one.id}"
        return f"{one.readers} could read {what}"


@dataclass(frozen=True, slots=True)
class Memory:
    """By table id, the last readers and what waits; by place of the rows, the tables published.

    A place says where the rows of a table come from; ``unread`` names generations that were
    published after this one and cannot be read: their tables are not known.
    """

    tables: Mapping[str, Readers] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, Readers]] = field(default_factory=dict)
    widenings: Mapping[str, Widening] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def narrower(
        self, table_id: str, places: frozenset[str], after: Readers
    ) -> tuple[Published, ...]:
        """The last readers that may not include all of ``after``; empty means none.

        What counts is the table of this id, and where the same rows were published, under any id.
        """
        own = self.tables.get(table_id)
        found = {Published(table_id, own)} if own and not own.cover(after) else set()
        if not self._has_published(table_id, places, after):
            for place, known in self.places.items():
                is_covered = any(readers.cover(after) for readers in known.values())
                if not is_covered and any(meet(place, one) for one in places):
                    found |= {Published(name, readers) for name, readers in known.items()}
        if not found and own is None:
            found |= self._unknown(table_id)
        return tuple(sorted(found, key=repr))

    def _has_published(self, table_id: str, places: frozenset[str], after: Readers) -> bool:
        """Whether this very table was read by as many, from the same places."""
        found = [self.places.get(place, {}).get(table_id) for place in places]
        return bool(found) and all(one is not None and one.cover(after) for one in found)

    def _unknown(self, table_id: str) -> set[Published]:
        """A table that nothing is known of is new, unless what was known was lost."""
        none = Published(table_id, Readers(NO_CLASS))
        waiting = self.widenings.get(table_id)
        was_unknown = waiting is not None and none in waiting.before
        return {none} if self.unread or was_unknown else set()

    def filled(self, other: Memory) -> Memory:
        """With what ``other`` knows of tables and places that are unknown here."""
        return Memory(
            {**other.tables, **self.tables},
            {**other.places, **self.places},
            {**other.widenings, **self.widenings},
            (*self.unread, *other.unread),
        )

    def after(
        self,
        tables: Mapping[str, Readers],
        places: Mapping[str, frozenset[str]],
        widenings: Mapping[str, Widening],
    ) -> Memory:
        """What the next generation knows.

        ``tables`` are all that it publishes, ``places`` where the rows of those come from that
        were read now, ``widenings`` what it holds. A place where a table was published now forgets
        the tables that are not in the generation.
        """
        now: dict[str, dict[str, Readers]] = {}
        for table_id, where in places.items():
            for place in where:
                now.setdefault(place, {})[table_id] = tables[table_id]
        for place, found in now.items():
            for table_id, readers in self.places.get(place, {}).items():
                if table_id not in places and (table_id in tables or table_id in widenings):
                    found[table_id] = readers
        return Memory({**self.tables, **tables}, {**self.places, **now}, dict(widenings))

    def to_json(self, generation: str) -> bytes:
        """What is known, and not which generations could not be read.

        The name of the generation makes each a file of its own: none goes on from one that cannot
        be read, so that must not be that of all generations, as it would be as a hard link.
        """
        known = _MEMORY.dump_python(replace(self, unread=()), mode="json")
        document = {"format": _FORMAT, "generation": generation, **known}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, generation: str, *, where: str) -> Memory:
        """Read it back. Raises ``PublishError`` where that fails, as readers are then not known."""
        try:
            document: Any = parse_json(content)
            if not isinstance(document, dict) or document.pop("format", None) != _FORMAT:
                raise ValueError(f"it is not of format {_FORMAT}")
            if document.pop("generation", None) != generation:
                raise ValueError("it belongs to another generation")
            return _MEMORY.validate_python(document)
        except (ValueError, ValidationError) as error:
            raise unreadable(where, str(error).splitlines()[0]) from error


_MEMORY = TypeAdapter(Memory)
_WIDENING = TypeAdapter(Widening)


def unreadable(where: str, found: str) -> PublishError:
    """Nothing goes on from a generation that does not say who could read its tables."""
    return PublishError(
        "the list of who could read the tables cannot be read",
        where=where,
        found=found,
        remedy="See `broker verify`, then `broker rollback` to a generation that is whole.",
    )


def meet(one: str, other: str) -> bool:
    """Whether two places may be of the same rows: equal, one inside the other, or by pattern."""
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if "**" in (a, b):
            return True
        if not _may_be_equal(a, b):
            return False
    return True


def _may_be_equal(a: str, b: str) -> bool:
    if a == b or fnmatchcase(a, b) or fnmatchcase(b, a):
        return True
    if not (has_magic(a) and has_magic(b)):
        return False
    starts = [re.split(r"[*?\[]", part, maxsplit=1)[0] for part in (a, b)]
    ends = [re.split(r"[*?\]]", part)[-1] for part in (a, b)]
    shorter, longer = sorted(starts, key=len)
    last, whole = sorted(ends, key=len)
    return longer.startswith(shorter) and whole.endswith(last)
