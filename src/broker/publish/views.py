"""Who may know what: an audience, and a manifest cut down to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..classes import CLASS_NAME, CLASS_NAME_WORDS, PUBLIC, VIEWS, view_path
from ..errors import PublishError
from ..manifest import Manifest, TableEntry

__all__ = ["NO_CLASS", "Audience", "cut"]

NO_CLASS = "-"  # of a table that no view shows; its files are the publisher's own


@dataclass(frozen=True, slots=True, order=True)
class Audience:
    """The classes that some analyst holds beside ``public``, sorted."""

    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, classes: Iterable[str]) -> Audience:
        """From the names of the classes, in any order, with or without ``public``."""
        names = tuple(sorted(set(classes) - {PUBLIC}))
        for name in names:
            if not re.fullmatch(CLASS_NAME, name):
                raise PublishError(
                    "this is not a name for an access class",
                    expected=CLASS_NAME_WORDS,
                    found=repr(name),
                )
        return cls(names)

    @property
    def names(self) -> tuple[str, ...]:
        """All the classes, ``public`` among them."""
        return tuple(sorted((PUBLIC, *self.classes)))

    @property
    def path(self) -> str:
        """Where its tree stands in a generation."""
        return view_path(self.classes)

    @property
    def owner(self) -> str:
        """The class whose group the tree has; the folders on the way ask for the others."""
        return self.classes[-1] if self.classes else PUBLIC

    def passages(self) -> dict[str, str]:
        """The folders on the way to the tree, outermost first, each with its class."""
        found, path = {VIEWS: PUBLIC}, VIEWS
        for name in self.classes:
            path = f"{path}/{name}"
            found[path] = name
        return found

    def sees(self, access: str) -> bool:
        """Whether a table of this class is shown."""
        return access == PUBLIC or access in self.classes


def cut(manifest: Manifest, audience: Audience) -> Manifest:
    """What the audience may know: its tables, and no word of any other.

    Documents are left out; they are listed anew as the view is built.
    """
    shown = [e for e in manifest.tables if audience.sees(e.access) and not e.loading]
    known = {word for entry in shown for word in (entry.id, entry.path, entry.name)}
    tables = tuple(_cut_entry(entry, known) for entry in shown)
    return replace(manifest, tables=tables, documents=(), audience=audience.names)


def _cut_entry(entry: TableEntry, known: set[str]) -> TableEntry:
    """A foreign key into a table that is not shown tells its name, a digest a filter's value."""
    keys = tuple(key for key in entry.foreign_keys if key.table in known)
    return replace(entry, foreign_keys=keys, question={})
