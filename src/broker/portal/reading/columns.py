"""What the page of a column shows beside its figures: plots, and the columns before and after."""

from __future__ import annotations

from dataclasses import dataclass

from ...catalog.model import CatalogColumn
from ..drawing.gaps import GapStrip, gap_strip
from ..drawing.histogram import Histogram
from ..drawing.spread import Spread, spread
from ..drawing.steps import Steps, steps
from .catalogs import TableView
from .profile import ColumnProfile, PointedOut, ProfileVersion, taken_at
from .tables import plot_of

__all__ = ["ColumnPage", "column_page"]


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """``rows`` is of the profile, whose plots add up to it. ``history`` has NULL over versions, and
    ``nulls`` is None where there never was any."""

    column: CatalogColumn
    before: str | None
    after: str | None
    rows: int
    profile: ColumnProfile | None
    alerts: tuple[PointedOut, ...]
    plot: Histogram | None
    gaps: GapStrip | None
    spread: Spread | None
    nulls: Steps | None
    history: tuple[ProfileVersion, ...]

    @property
    def charted(self) -> int:
        """The rows in all bars."""
        return sum(bar.count for bar in self.profile.bars) if self.profile else 0


def column_page(view: TableView, name: str) -> ColumnPage | None:
    """None where the table has no column of this name."""
    names = [column.name for column in view.table.columns]
    if name not in names:
        return None
    at = names.index(name)
    profile = view.profile.column(name) if view.profile else None
    history = tuple(
        one for one in (view.profile.history if view.profile else ()) if name in one.nulls
    )
    shares = [
        (taken_at(one.generation), one.nulls[name] / one.rows if one.rows else 0.0)
        for one in history
    ]
    coverage = profile.coverage if profile else None
    return ColumnPage(
        column=view.table.columns[at],
        before=names[at - 1] if at else None,
        after=names[at + 1] if at + 1 < len(names) else None,
        rows=view.profile.rows if view.profile else view.table.rows,
        profile=profile,
        alerts=view.profile.alerts_of(name) if view.profile else (),
        plot=plot_of(profile) if profile else None,
        gaps=gap_strip(coverage.first, coverage.last, coverage.gaps) if coverage else None,
        spread=spread({q.share: q.value for q in profile.quantiles}) if profile else None,
        nulls=steps(shares, view.published_at, 0.05) if any(nulls for _, nulls in shares) else None,
        history=history,
    )
