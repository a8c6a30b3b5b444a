"""The rows of a reject file, for people: by column and reason, some of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .intake.rejects import issues_of, rejects_in
from .issues import Issue, RowPlace
from .model import Limits, Partitioning
from .session import session

__all__ = ["RejectedRow", "rejected"]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """``record`` is the whole row as a JSON object, and None where the source could not read it.

    ``value`` is then what stood there, else the value of the column that does not fit.
    """

    place: RowPlace
    value: str | None
    record: str | None


def rejected(
    file: Path, by: Partitioning | None, most: int, *, work: Path, limits: Limits
) -> list[tuple[Issue, Sequence[RejectedRow]]]:
    """Each issue of a reject file, and its first rows: ``most`` of each, in source order.

    The table is partitioned ``by`` a column, if any.
    """
    found: dict[tuple[str | None, str], list[RejectedRow]] = defaultdict(list)
    with session(limits, work) as connection:
        connection.execute(f"CREATE TABLE rejected AS {rejects_in(file)}")
        issues = issues_of(connection, "rejected", by)
        rows = connection.execute(
            "SELECT column_name, reason, file, row_number, line, value, record FROM rejected "
            "QUALIFY row_number() OVER (PARTITION BY column_name, reason "
            "ORDER BY file, rejected.row_number, line, record, value) <= ? "
            "ORDER BY file, rejected.row_number, line, record, value",
            [most],
        ).fetchall()
    for column, reason, file_name, row, line, value, record in rows:
        place = RowPlace(row, file_name, line)
        found[column, reason].append(RejectedRow(place, value, record))
    return [(issue, found[issue.column, issue.reason]) for issue in issues]
