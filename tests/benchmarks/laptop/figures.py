"""What was measured, beside the bar that it has, and how that is shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure", "line_of", "median_of", "ratios"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a unit. ``most`` and ``least`` are its bar, ``runs`` those of which it is the
    median, and ``note`` says what else is worth knowing.
    """

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    runs: tuple[float, ...] = ()
    note: str = ""

    @property
    def is_within(self) -> bool | None:
        """Whether the bar is kept; None where there is none."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )


def median_of(
    name: str,
    runs: Sequence[float],
    unit: str,
    *,
    most: float | None = None,
    least: float | None = None,
    note: str = "",
) -> Figure:
    """The median of several runs."""
    return Figure(name, median(runs), unit, most, least, tuple(runs), note)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Of runs that went side by side, each to the one beside it."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def line_of(figure: Figure) -> str:
    """One figure for people."""
    most = f"at most {_number(figure.most)}" if figure.most is not None else ""
    least = f"at least {_number(figure.least)}" if figure.least is not None else ""
    verdict = {True: "(kept)", False: "(NOT KEPT)", None: ""}[figure.is_within]
    runs = figure.runs
    spread = f"[{_number(min(runs))} to {_number(max(runs))}, {len(runs)} runs]" if runs else ""
    words = [f"{most}{least}", verdict, spread, figure.note]
    start = f"{figure.name:44} {_number(figure.value):>10} {figure.unit:5}"
    return " ".join([start, *filter(None, words)]).rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
