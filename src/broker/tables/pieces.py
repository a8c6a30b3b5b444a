"""A sequence in pieces: what is asked of many columns is asked of some of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["pieces"]

Item = TypeVar("Item")


def pieces(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """The items in their order, ``most`` at a time: a query takes memory for each column."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
