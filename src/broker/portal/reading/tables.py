"""What the page of a table draws: a sketch for each column, its history, its relations. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ...catalog.model import CatalogIndex
from ..drawing.histogram import Histogram, ValueRange, histogram, spark
from ..drawing.relations import RelationGraph, relation_graph
from ..drawing.steps import Steps, steps
from .profile import ColumnProfile, ProfileVersion, TableProfile, taken_at

__all__ = ["TableHistory", "graph_of", "history_of", "plot_of", "sketches_of"]


@dataclass(frozen=True, slots=True)
class TableHistory:
    """Rows, and NULL of all columns together as a share of the values, over the versions."""

    versions: tuple[ProfileVersion, ...]
    rows: Steps | None
    nulls: Steps | None


def plot_of(profile: ColumnProfile) -> Histogram | None:
    """Bars of numbers and times; of other values the frequent ones, and the others as one."""
    if profile.bars:
        return histogram([ValueRange(bar.low, bar.high, bar.count) for bar in profile.bars])
    return spark([one.count for one in profile.top], profile.others)


def sketches_of(profile: TableProfile | None) -> Mapping[str, Histogram]:
    """A small plot of each column that has one."""
    columns = profile.columns if profile else ()
    found = ((one.name, plot_of(one)) for one in columns)
    return {name: plot for name, plot in found if plot is not None}


def history_of(profile: TableProfile | None, until: datetime) -> TableHistory | None:
    """Up to the generation that is shown, made at ``until``. None where there is no profile."""
    if profile is None:
        return None
    rows = [(taken_at(one.generation), float(one.rows)) for one in profile.history]
    nulls = [(taken_at(one.generation), null_share(one)) for one in profile.history]
    return TableHistory(profile.history, steps(rows, until), steps(nulls, until, 0.05))


def null_share(version: ProfileVersion) -> float:
    """Of all values of a version, from 0 to 1."""
    values = version.rows * len(version.nulls)
    return sum(version.nulls.values()) / values if values else 0.0


def graph_of(index: CatalogIndex, path: str) -> RelationGraph | None:
    """The table among its neighbours. A table that refers to itself stands on both sides."""
    referring: dict[str, list[str]] = {}
    referred: dict[str, list[str]] = {}
    for one in index.relations_of(path):
        if one.table == path:
            referred.setdefault(one.target, []).append(one.column)
        if one.target == path:
            referring.setdefault(one.table, []).append(one.column)
    return relation_graph(path, list(referring.items()), list(referred.items()))
