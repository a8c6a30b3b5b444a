"""Rows that another row of the same key displaces: the last one in source order wins."""

from __future__ import annotations

import duckdb

from ..model import TableSpec
from ..session import one_row
from .rejects import DUPLICATE, Rejects, record
from .staged import Staged

__all__ = ["displace"]


def displace(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, staged: Staged, rejects: Rejects
) -> int:
    """Make the table ``displaced`` of the numbers of rows that give way; returns how many do.

    There is no such table when none does.

    The key is unique in the table, not merely in a partition. Hashes find the suspects, so that
    the first look over all rows holds eight bytes a row; only suspects are then compared.
    """
    if not spec.key or staged.ascending:
        return 0
    fields = [staged.layout.field(name) for name in spec.key]
    columns = sorted({f"c{field.source}" for field in fields})
    keys = ", ".join(staged.value(name) for name in spec.key)
    everything = staged.spill.partitions()
    connection.register("rows", staged.spill.reader(everything, columns))
    # Hashes of keys that occur more than once: equal keys, and by chance some that are not.
    connection.execute(
        f"CREATE OR REPLACE TABLE suspects AS SELECT hash({keys}) AS h FROM rows "
        "GROUP BY 1 HAVING count(*) > 1"
    )
    connection.unregister("rows")
    (suspects,) = one_row(connection, "SELECT count(*) FROM suspects")
    if not suspects:
        return 0
    connection.register("rows", staged.spill.reader(everything, [*columns, "n"]))
    # Of these rows, compared by the keys themselves, all but the last one of each key.
    connection.execute(
        f"CREATE OR REPLACE TABLE displaced AS SELECT n FROM (SELECT n, row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY n DESC) AS place FROM rows "
        f"WHERE hash({keys}) IN (SELECT h FROM suspects)) WHERE place > 1"
    )
    connection.unregister("rows")
    return _tell(connection, spec, staged, rejects)


def _tell(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, staged: Staged, rejects: Rejects
) -> int:
    names = {f"c{f.source}": f.name for f in staged.layout.fields if f.source is not None}
    connection.register("rows", staged.spill.reader(staged.spill.partitions()))
    # Each displaced row whole, as a reject of its own.
    rejects.add(
        "rows",
        flaw="n IN (SELECT n FROM displaced)",
        column=", ".join(spec.key),
        reason=DUPLICATE,
        value="NULL",
        row=record(names),
    )
    connection.unregister("rows")
    (count,) = one_row(connection, "SELECT count(*) FROM displaced")
    return int(count)
