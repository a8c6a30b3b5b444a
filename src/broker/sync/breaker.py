"""The breaker: when more is gone than was promised, or more could read, a person decides. Pure."""

from __future__ import annotations

from typing import Any

from ..errors import TableError
from ..publish import Approval, Widening

__all__ = ["HeldError", "check_losses", "more_readers"]


class HeldError(TableError):
    """So many rows would be lost, or so many more people could read, that the table waits.

    ``losses`` says how many rows, ``examples`` are some of their keys; ``widening`` says who
    could read: never part of the message, which is shown to the readers of before.
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
        self.examples: list[dict[str, Any]] = []


def check_losses(table: str, before: int, losses: int, fraction: float, approval: Approval) -> None:
    """Raise ``HeldError`` if ``losses`` of ``before`` rows are more than what is allowed."""
    if losses <= fraction * before or losses <= approval.rows:
        return
    raise HeldError(
        f"{losses:,} of {before:,} rows are gone ({losses / before:.0%})",
        losses=losses,
        where=table,
        expected=f"at most {fraction:.0%} (max_delete_fraction)",
        found=approval.problem and f"an approval that cannot be read, {approval.problem}",
        remedy=f"If that is right, run `broker approve {table}` and sync again.",
    )


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
