"""Which datasets the laptops of a person get. A choice gives no right: it leaves data out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..catalog.model import CatalogDataset, CatalogIndex
from ..errors import AccountsError
from .acts.accounts import AccountActs
from .acts.facts import AccountFacts
from .database.engine import Database
from .events import note_event
from .viewer import Viewer

__all__ = [
    "DatasetState",
    "choose_datasets",
    "dataset_states",
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


def left_out(account: AccountFacts | None) -> frozenset[str]:
    """The datasets that the laptops of an account leave out, as the host passes it on."""
    return account.datasets.without if account is not None and account.datasets else frozenset()


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


def choose_datasets(
    database: Database,
    accounts: AccountActs,
    viewer: Viewer,
    index: CatalogIndex,
    wish: Mapping[str, bool],
) -> frozenset[str]:
    """Pass a choice on to the host; a dataset that is not named stays. Returns what is left out.

    Raises ``AccountsError`` for a dataset that the person may not know of, where one is wanted
    without a dataset that it needs, and without an account, ``BrokerError`` where the host refuses.
    """
    known = {one.name for one in index.datasets}
    if wish.keys() - known:
        raise AccountsError("there is no such dataset", where="datasets")
    account = accounts.analyst_now(viewer.account) if viewer.account is not None else None
    if account is None or account.id != viewer.account_id:
        raise AccountsError(
            "you have no account on the host yet, and so no laptop that gets data",
            remedy="Begin with a key.",
        )
    before = left_out(account)
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
    seen = account.datasets.id if account.datasets is not None else ""
    accounts.choose_datasets(viewer.email, account.id, sorted(out), seen)
    with database.begin() as session:
        for name in sorted(out ^ before):
            verb = "datasets.leave_out" if name in out else "datasets.have"
            note_event(session, viewer.person_id, verb, name)
    return out
