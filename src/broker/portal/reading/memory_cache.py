"""Values that take long to make, kept in memory as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["MemoryCache"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class MemoryCache(Generic[_Key, _Value]):
    """The values that were asked for last. Two threads may make the same one at once."""

    def __init__(self, most: int, weight: Callable[[_Value], int] = lambda _: 1) -> None:
        """``most`` is how many there may be, or how much all weigh together."""
        self._most, self._weight = most, weight
        self._values: OrderedDict[_Key, _Value] = OrderedDict()
        self._sum = 0
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """The value that is kept, else what ``make`` answers; what it raises is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            if key in self._values:
                self._sum -= self._weight(self._values[key])
            self._values[key] = made
            self._values.move_to_end(key)
            self._sum += self._weight(made)
            while self._sum > self._most:
                _, gone = self._values.popitem(last=False)
                self._sum -= self._weight(gone)
        return made
