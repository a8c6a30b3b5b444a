"""The breaker: when more of a table is gone than was ever promised, a person decides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import TableError

__all__ = ["Approval", "HeldError", "check_losses"]


@dataclass(frozen=True, slots=True)
class Approval:
    """``rows`` may go in any case. ``problem``: an approval is there and cannot be read."""

    rows: int = 0
    problem: str | None = None


class HeldError(TableError):
    """So many rows would be lost that the table waits for a person.

    ``losses`` says how many, ``examples`` are some of their keys: never part of the message.
    """

    def __init__(
        self,
        message: str,
        *,
        losses: int,
        where: str,
        expected: str,
        found: str | None,
        remedy: str,
    ) -> None:
        """``where`` is the table's id."""
        super().__init__(message, where=where, expected=expected, found=found, remedy=remedy)
        self.losses = losses
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
