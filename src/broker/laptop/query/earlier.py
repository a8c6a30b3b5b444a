"""Earlier generations in a query: ``orders_at('2026-05-01')``, ``orders_diff(…, …)``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ...errors import LaptopError, nearest
from ...manifest import TableEntry
from ..history.kept_generations import KeptHistory
from ..history.macro_sql import from_views, macro_names, macros_of
from ..history.table_pasts import PastVersion, TablePast, pasts_of
from .refusals import refused_table_function

__all__ = ["EarlierTables", "earlier_tables"]

_ENDINGS = ("_at", "_diff")


@dataclass(frozen=True, slots=True)
class EarlierTables:
    """What a query may read by its macros.

    ``versions`` leads from names that no table has, those of views that the macros read, to what
    each view shows; ``macros`` is the SQL that makes the macros above these views.
    """

    versions: Mapping[str, PastVersion] = field(default_factory=dict, hash=False)
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    macros: tuple[str, ...] = ()

    @property
    def entries(self) -> dict[str, TableEntry]:
        """The table behind each view."""
        return {name: version.placed for name, version in self.versions.items()}

    @property
    def labelled(self) -> dict[str, TableEntry]:
        """The same by what a person reads of it."""
        return {self.labels[name]: entry for name, entry in self.entries.items()}

    def read_by(self, views: Collection[str]) -> EarlierTables:
        """The same with those that a plan reads; all where it reads none, as for DESCRIBE."""
        read = {name: version for name, version in self.versions.items() if name in views}
        return EarlierTables(read or self.versions, self.labels, self.macros)


def earlier_tables(functions: Collection[str], history: KeptHistory) -> EarlierTables:
    """The macros that a query calls, by their names in lower case.

    Raises ``LaptopError`` for what is not one, with what was probably wanted.
    """
    views = [*history.in_use.manifest.view_names.values()]
    owners = macro_names(pasts_of(history), views)
    versions: dict[str, PastVersion] = {}
    labels: dict[str, str] = {}
    macros: list[str] = []
    for function in sorted(functions):
        if function not in owners:
            raise _unknown(function, views, owners)
        past, start = owners[function], len(versions)
        names = {
            at: f"//{start + at}"  # no table's name has two slashes
            for at, version in enumerate(past.versions)
            if not version.problem
        }
        for at, name in names.items():
            versions[name] = past.versions[at]
            labels[name] = f"{past.view} of generation {past.versions[at].generation.id}"
        made = macros_of(past, from_views(names))
        macros += (sql for name, sql in made.items() if name.lower() == function)
    return EarlierTables(versions, labels, tuple(macros))


def _unknown(function: str, views: Collection[str], owners: Mapping[str, TablePast]) -> LaptopError:
    if function in {view.lower() for view in views}:
        return LaptopError(
            "this is a table, so no macro has its name",
            found=f"{function}()",
            remedy='Ask an earlier generation by: at TABLE WHEN "SELECT …".',
        )
    near = nearest(function, owners)
    if near is None or not function.endswith(_ENDINGS):
        return refused_table_function(function)
    return LaptopError(
        "there is no such macro", found=f"{function}()", remedy=f"Did you mean {near}()?"
    )
