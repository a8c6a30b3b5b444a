"""Who may know what: the classes that an analyst holds, and where what they may know stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..classes import CLASS_NAME, CLASS_NAME_WORDS, PUBLIC, VIEWS, view_path
from ..errors import PublishError

__all__ = ["NO_CLASS", "Audience"]

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
        """Where its tree stands in a generation, and its catalog among those of a generation."""
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
