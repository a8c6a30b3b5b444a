"""A table that waits for a person: why it is held, and what is known of it meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import PublishError, TableError
from ..foreign.shares import percent, share
from ..foreign.strict_json import parse_json
from ..foreign.text import shown
from ..manifest import Status, TableEntry
from ..publish import Approval, Generation, Widening
from ..publish.catalogs import LOST_KEYS
from ..tables.issues import Issue, IssueKind

__all__ = [
    "HeldError",
    "check_columns",
    "check_losses",
    "loss",
    "lost_keys",
    "more_readers",
    "note",
    "widening_of",
]

_MOST_NAMES = 500


class HeldError(TableError):
    """So many rows would be lost, or so many more people could read, that the table waits.

    ``losses`` says how many rows, ``issues`` why, ``examples`` are some of their keys; ``widening``
    says who could read: never part of the message, which is shown to the readers of before.
    """

    def __init__(
        self,
        message: str,
        *,
        losses: int = 0,
        widening: Widening | None = None,
        where: str,
        expected: str,
        found: str | None,
        remedy: str,
    ) -> None:
        """``where`` is the table's id."""
        super().__init__(message, where=where, expected=expected, found=found, remedy=remedy)
        self.losses = losses
        self.widening = widening
        self.issues: tuple[Issue, ...] = ()
        self.examples: list[dict[str, Any]] = []


def check_losses(
    table: str,
    before: int,
    losses: int,
    fraction: float,
    approval: Approval,
    issues: Sequence[Issue] = (),
    anew: Sequence[str] = (),
) -> None:
    """Raise ``HeldError`` if ``losses`` of ``before`` rows are more than what is allowed.

    ``issues`` are those of the rows that came; ``anew`` says why every row was read anew.
    """
    if losses <= fraction * before or losses <= approval.rows:
        return
    remedy = f"If that is right, run `broker approve {table}` and sync again."
    message = f"{losses:,} of {before:,} rows are gone ({share(losses, before)})"
    if anew:
        message = f"{message}, as {'; '.join(anew)}"
        remedy = f"{remedy} If not, take back or declare what made it so, such as a type."
    if (rejected := _mistaken(before, losses, fraction, issues)) is not None:
        message = f"{message}, and rows came that do not fit: {replace(rejected, remedy='')}"
        remedy = rejected.remedy
    raise HeldError(
        message,
        losses=losses,
        where=table,
        expected=f"at most {percent(fraction)} (max_delete_fraction)",
        found=approval.problem and f"an approval that cannot be read, {approval.problem}",
        remedy=remedy,
    )


def check_columns(
    table: TableEntry,
    found: Collection[str],
    others: Iterable[Collection[str]],
    approval: Approval,
) -> None:
    """Raise ``HeldError`` if a delivery is of another table, by the names of its columns.

    ``others`` are the columns of each other published table.
    """
    before, after = _lower(table.schema.names), _lower(found)
    if not table.rows or not after or table.rows <= approval.rows or before <= after:
        return
    is_another = after in map(_lower, others) and 2 * len(before & after) < len(before)
    if before & after and not is_another:
        return
    raise HeldError(
        "the source delivers other columns than those that are published",
        losses=table.rows,
        where=table.id,
        expected=shown(f"some of {', '.join(table.schema.names)}", _MOST_NAMES),
        found="the columns of another published table" if is_another else "none of them",
        remedy=f"If that is right, run `broker approve {table.id}` and sync again.",
    )


def _lower(names: Collection[str]) -> set[str]:
    """Names that differ in case alone are one in SQL."""
    return {name.lower() for name in names}


def _mistaken(before: int, losses: int, fraction: float, issues: Iterable[Issue]) -> Issue | None:
    """The rejected rows of which so many came that no loss beside them needs an approval.

    The error then names them, and does not offer to approve what is a mistake.
    """
    rejected = [one for one in issues if one.kind is IssueKind.REJECTED]
    explains = rejected and losses - sum(one.count for one in rejected) <= fraction * before
    return rejected[0] if explains else None


def loss(rows: int, *, rejected: bool, whole: bool, census: bool, marked: bool) -> Issue:
    """That ``rows`` rows would go, and why, as far as it is known."""
    reasons = {
        "rows that came do not fit": rejected,
        "the source does not have them any more": whole,
        "their keys are not among those of the source (census)": census,
        "the source marks them as deleted": marked,
    }
    found = [reason for reason, holds in reasons.items() if holds]
    reason = "; or ".join(found) or "the source does not have them in what was read anew"
    return Issue(IssueKind.HELD, rows, reason)


def more_readers(widening: Widening, approval: Approval) -> HeldError:
    """What holds a table that more people could read than before."""
    return HeldError(
        "more people could read it than before",
        widening=widening,
        where=widening.id,
        expected="no more readers than before, until a person approves",
        found=approval.misfit(),
        remedy=f"If that is right, run `broker approve {widening.id}` and sync again.",
    )


def note(keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a table's metadata says of them: key values are row values, and stand nowhere else."""
    return {LOST_KEYS: keys} if keys else {}


def lost_keys(generation: Generation, entry: TableEntry) -> list[dict[str, Any]]:
    """Read them back; none where the table is not held, or the caller may not read it."""
    if entry.status is not Status.HELD:
        return []
    path = generation.path / f"metadata/{entry.path}.json"
    try:
        return _keys(parse_json(generation.read(f"metadata/{entry.path}.json"), rows=True))
    except OSError:
        return []
    except ValueError as error:
        raise PublishError(
            "the metadata of a table cannot be read",
            where=str(path),
            found=str(error),
            remedy="See `broker verify`, then run the sync again.",
        ) from error


def widening_of(generation: Generation, entry: TableEntry) -> Widening | None:
    """The change of readers that holds a table, if that does and the caller may read it."""
    if entry.status is not Status.HELD:
        return None
    try:
        return generation.memory.widenings.get(entry.id)
    except PublishError as error:
        if isinstance(error.__cause__, PermissionError):
            return None
        raise


def _keys(metadata: Any) -> list[dict[str, Any]]:
    keys = metadata.get(LOST_KEYS, []) if isinstance(metadata, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError(f"{LOST_KEYS} is not a list of keys")
    return keys
