"""What the chunks of a first load have found so far: the last one says all of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..manifest import TableEntry
from ..tables.intake.rejects import duplicate_keys
from ..tables.issues import Issue, IssueKind
from ..tables.model import TableVersion
from .plan import RowAction, Step

__all__ = ["with_earlier_chunks"]


def with_earlier_chunks(
    before: TableEntry | None, step: Step, key: Sequence[str], version: TableVersion
) -> TableVersion:
    """``version`` with the warnings and duplicates of the chunks that ``step`` goes on from.

    A row that replaces one of an earlier chunk is a duplicate, as it would be in a load at once.
    """
    if before is None or not before.loading or step.action is not RowAction.MERGE:
        return version
    all_displaced = [one for one in before.issues if one.kind is IssueKind.DISPLACED]
    all_displaced += [duplicate_keys(key, version.updated)] if version.updated else []
    others = [one for one in version.issues if one.kind is not IssueKind.DISPLACED]
    all_displaced += [one for one in version.issues if one.kind is IssueKind.DISPLACED]
    displaced = _added_up(all_displaced)
    return replace(
        version,
        warnings=tuple(dict.fromkeys((*before.warnings, *version.warnings))),
        duplicates=sum(one.count for one in displaced),
        issues=(*others, *displaced),
    )


def _added_up(issues: Iterable[Issue]) -> list[Issue]:
    """One issue for each column and reason, with the places of the first that has any.

    Rows without a time come with every chunk: those of the same places are the same rows.
    """
    found: dict[tuple[str | None, str], Issue] = {}
    for one in issues:
        first = found.get((one.column, one.reason))
        if first is None:
            found[one.column, one.reason] = one
        elif not first.places or first.places != one.places:
            places = first.places or one.places
            found[one.column, one.reason] = replace(
                first, places=places, count=first.count + one.count
            )
    return list(found.values())
