"""Whether rows come sorted by their key: then nothing has to be sorted or looked for twice."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["KeyOrder"]

_ORDERED = ("BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ")


class KeyOrder:
    """Whether each key is greater than the one before it: then none is doubled, and all is sorted.

    Followed for a key of one column whose order Arrow and DuckDB agree on.
    """

    def __init__(self, key: tuple[str, ...]) -> None:
        self.column = key[0] if len(key) == 1 else None
        self._last: pa.Scalar | None = None
        self._type: str | None = None
        self._holds = self.column is not None

    def holds(self, type_: str) -> bool:
        """Whether they did, as values of the type that the key has once all rows came."""
        return self._holds and type_ in _ORDERED and self._type in (None, type_)

    def follow(self, keys: pa.ChunkedArray | None, type_: str) -> None:
        """Look at the keys of the next rows; None where they are not known as values."""
        self._holds &= keys is not None and type_ in _ORDERED and self._type in (None, type_)
        if keys is None or not self._holds:
            return
        self._type = type_
        for values in filter(len, keys.chunks):
            steps = pc.less(values.slice(0, len(values) - 1), values.slice(1))
            first = self._last is None or pc.less(self._last, values[0]).as_py()
            self._holds = bool(self._holds and first and pc.all(steps).as_py() is not False)
            self._last = values[-1]
