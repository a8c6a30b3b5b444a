"""Which datasets the laptops of a person get. A choice gives no right: it leaves data out."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..catalog.model import CatalogDataset, CatalogIndex
from ..errors import AccountsError
from .database.models import DatasetChoice
from .events import note_event
from .viewer import Viewer

__all__ = [
    "DatasetState",
    "changed_at",
    "choose_datasets",
    "dataset_states",
    "laptop_command",
    "left_out",
]


@dataclass(frozen=True, slots=True)
class DatasetState:
    """A dataset for one person. ``needs`` are the datasets that come with it, ``needed_by`` those
    that are wanted and need it, ``refers_to`` the tables of datasets that are left out to which
    its tables refer."""

    dataset: CatalogDataset
    is_wanted: bool
    needs: tuple[str, ...]
    needed_by: tuple[str, ...]
    refers_to: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people read."""
        return self.dataset.label or self.dataset.name


def left_out(session: Session, person_id: int) -> frozenset[str]:
    """The datasets that a person does not want."""
    chosen = select(DatasetChoice.dataset).where(
        DatasetChoice.person_id == person_id, DatasetChoice.is_wanted.is_(False)
    )
    return frozenset(session.scalars(chosen))


def changed_at(session: Session, person_id: int) -> datetime | None:
    """When the person last changed their choice."""
    chosen = select(DatasetChoice.changed_at).where(DatasetChoice.person_id == person_id)
    return max(session.scalars(chosen), default=None)


def dataset_states(index: CatalogIndex, out: frozenset[str]) -> list[DatasetState]:
    """Every dataset of an audience, by title; ``out`` are those that are left out."""
    known = {one.name for one in index.datasets}
    needs = {one.name: tuple(sorted({*one.requires} & known)) for one in index.datasets}
    place = {one.path: one.dataset for one in index.tables}
    refers: dict[str, set[str]] = {}
    for one in index.relations:
        source, target = place.get(one.table), place.get(one.target)
        if source is not None and target in out and target != source:
            refers.setdefault(source, set()).add(one.target)
    found = [
        DatasetState(
            one,
            one.name not in out,
            needs[one.name],
            tuple(sorted(name for name in known - out if one.name in needs[name])),
            tuple(sorted(refers.get(one.name, ()))),
        )
        for one in index.datasets
    ]
    return sorted(found, key=lambda state: state.title.casefold())


def laptop_command(states: Iterable[DatasetState]) -> str:
    """What to type in the folder of a laptop, so that it has exactly these datasets."""
    words = [
        f"--{'dataset' if one.is_wanted else 'without'} {shlex.quote(one.dataset.name)}"
        for one in states
    ]
    return " ".join(["bash", "server/scripts/sync_data.sh", *words])


def choose_datasets(
    session: Session, viewer: Viewer, index: CatalogIndex, wish: Mapping[str, bool]
) -> frozenset[str]:
    """Keep a choice; one that is not named stays. Returns the datasets that are left out then.

    Raises ``AccountsError`` for a dataset that the person may not know of, and where one is
    wanted without a dataset that it needs.
    """
    known = {one.name for one in index.datasets}
    if wish.keys() - known:
        raise AccountsError("there is no such dataset", where="datasets")
    before = left_out(session, viewer.person_id)
    out = (before - {name for name, wanted in wish.items() if wanted}) | {
        name for name, wanted in wish.items() if not wanted
    }
    for state in dataset_states(index, out):
        missing = sorted({*state.needs} & out)
        if state.is_wanted and missing:
            raise AccountsError(
                "this dataset needs another one that is left out",
                where=state.dataset.name,
                found=", ".join(missing),
                remedy="Choose both, or leave out both.",
            )
    now = datetime.now(UTC)
    for name in sorted(out ^ before):
        choice = DatasetChoice(
            person_id=viewer.person_id, dataset=name, is_wanted=name not in out, changed_at=now
        )
        session.merge(choice)
        verb = "datasets.leave_out" if name in out else "datasets.have"
        note_event(session, viewer.person_id, verb, name)
    return out
