"""Which of many changes make a difference, found by halving. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["CulpritSearch"]

One = TypeVar("One")


@dataclass
class CulpritSearch(Generic[One]):
    """``differs`` says whether these changes alone make a difference; it is asked ``most`` times.

    ``is_complete`` becomes False where that was too few, and ``is_joint`` True where changes made
    a difference together of which neither half did.
    """

    differs: Callable[[Sequence[One]], bool]
    most: int
    is_complete: bool = True
    is_joint: bool = False
    _tries: int = field(default=0, init=False)

    def among(self, changes: Sequence[One]) -> list[One]:
        """Those of them that make a difference."""
        return self._within(changes) if changes and self._try(changes) else []

    def _within(self, changes: Sequence[One]) -> list[One]:
        """The same, of changes that are known to make one."""
        if len(changes) == 1 or not self.is_complete:
            return list(changes)
        half = len(changes) // 2
        found = [one for part in (changes[:half], changes[half:]) for one in self.among(part)]
        if not found:
            self.is_joint = True
        return found or list(changes)

    def _try(self, changes: Sequence[One]) -> bool:
        if self._tries >= self.most:
            self.is_complete = False
            return True
        self._tries += 1
        return self.differs(changes)
