"""Whether rows come sorted by their key: then nothing has to be sorted or looked for twice."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..layout import Layout
from ..model import TableSpec

__all__ = ["KeyOrder"]

_ORDERED = ("BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ")


class KeyOrder:
    """Whether each key is greater than the one before it: then none is doubled, and all is sorted.

    Followed for a key of one column whose order Arrow and DuckDB agree on.
    """

    def __init__(self, spec: TableSpec, layout: Layout) -> None:
        self._column: str | None = None
        self._last: pa.Scalar | None = None
        self.holds = False
        if len(spec.key) == 1:
            field = layout.field(spec.key[0])
            self._column = f"c{field.source}"
            self.holds = field.type in _ORDERED

    def follow(self, rows: pa.Table) -> None:
        """Look at the next rows."""
        if not self.holds or not rows.num_rows:
            return
        for values in rows[self._column].chunks:
            steps = pc.less(values.slice(0, len(values) - 1), values.slice(1))
            first = self._last is None or pc.less(self._last, values[0]).as_py()
            self.holds = bool(self.holds and first and pc.all(steps).as_py() is not False)
            self._last = values[-1]
