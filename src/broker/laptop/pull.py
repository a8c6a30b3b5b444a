"""The newest generation of a broker, brought here whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ..errors import LaptopError
from ..files import write_atomic
from ..manifest import Manifest
from ..portable import IS_WINDOWS
from .announcement import Announcement, ask, offered_in, read_announcement
from .arrival import Arrival, Brought
from .choice import TableChoice, check_typed, chosen
from .generations import adopt, check_place, is_in_use, is_whole, kept, use
from .plan import Offer, SyncPlan, plan_sync
from .shelf import Shelf
from .starting import SYNC
from .transfer import FileSource
from .windows_names import check_names
from .wording import lines_of
from .workspace import MANIFEST, Workspace, as_here, read_tree

__all__ = ["Pull", "Pulled"]

_TRIES = 3  # a broker that publishes while its data are fetched is asked again


@dataclass(frozen=True, slots=True)
class Pulled:
    """The generation that is in use now, and what it took to bring it."""

    manifest: Manifest
    tree: Path
    brought: Brought
    gone: tuple[str, ...]
    is_new: bool
    news: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pull:
    """From what the broker announces to a generation in use.

    ``accept`` gets a plan before anything is fetched, and may raise. ``older`` names the
    generation to which the broker may go back, and the only one that is taken then. ``typed`` are
    the names that the analyst has just typed: the broker must know each.
    """

    workspace: Workspace
    source: FileSource
    choice: TableChoice
    accept: Callable[[SyncPlan], None]
    older: str | None = None
    typed: TableChoice | None = None

    def announced(self) -> Announcement:
        """What the broker offers, once it is believed."""
        announced = read_announcement(self.workspace, offered_in(self.workspace), self.source.name)
        self._check(announced.manifest)
        if self.typed is not None:
            check_typed(announced.manifest, self.typed, self.choice)
        return announced

    def plan(self, announced: Announcement, shelf: Shelf) -> SyncPlan:
        """What would be done for it; ``shelf`` is asked for each file."""
        tree = self.workspace.tree()
        previous = read_tree(tree) if tree is not None else None
        offered = chosen(announced.manifest, self.choice)
        return plan_sync(
            Offer(offered, previous, lambda p, d: shelf.find(p, d) is not None, duckdb.__version__)
        )

    def run(self) -> Pulled:
        """Bring it here. What fails leaves the generation in use as it is."""
        announced = self.announced()
        place = self.kept_as(announced)
        if place is not None:
            is_new = place.resolve() != self.workspace.tree()
            if not is_in_use(self.workspace, place):
                use(self.workspace, place)
            return self._ended(announced, place, Brought(), (), is_new=is_new)
        check_place(self.workspace)
        for _ in range(_TRIES):
            arrived = self._attempt(announced)
            if arrived is not None:
                return arrived
            announced = self.announced()
        raise LaptopError(
            f"{self.source.name} published again each time while its data were fetched",
            remedy="What has arrived is kept. Run this again.",
        )

    def _attempt(self, announced: Announcement) -> Pulled | None:
        """None where the broker offers something else by now."""
        incoming = self.workspace.generations / ".incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        tree = self.workspace.tree()
        shelf = Shelf([incoming, tree or self.workspace.server])
        shelf.look(file.path for file in chosen(announced.manifest, self.choice).listed)
        plan = self.plan(announced, shelf)
        self.accept(plan)
        basis = tree or self.workspace.server
        arrival = Arrival(announced, plan, self.source, incoming, basis, shelf)
        self._check_room(arrival)
        arrival.prepare()
        work = self.workspace.generations / ".replay"
        try:
            is_same = arrival.fetch() and arrival.replay(work) and arrival.verify()
        except LaptopError:
            if not self._has_moved_on(announced):
                raise
            return None
        if not is_same:
            ask(self.workspace, self.source)
            return None
        tables = {entry.path for entry in plan.offered.tables}
        is_all = len(tables) == len(announced.manifest.tables)
        name = announced.manifest.generation
        place = adopt(self.workspace, incoming, name, None if is_all else tables)
        use(self.workspace, place)
        ended = self._ended(announced, place, arrival.brought, plan.gone, is_new=True)
        return replace(ended, news=tuple(lines_of(plan)))

    def _check_room(self, arrival: Arrival) -> None:
        try:
            arrival.check_room()
        except LaptopError as error:
            if not self.choice.history_days:
                raise
            shorter = f"A history in broker.toml that is shorter than {self.choice.history} helps."
            raise LaptopError(error.message, remedy=f"{error.remedy} {shorter}") from error

    def _has_moved_on(self, announced: Announcement) -> bool:
        """Whether the generation was replaced, and perhaps removed, while it was fetched."""
        try:
            ask(self.workspace, self.source)
            offered = (offered_in(self.workspace) / MANIFEST).read_bytes()
        except (LaptopError, OSError):
            return False
        return offered != announced.content

    def _ended(
        self,
        announced: Announcement,
        place: Path,
        brought: Brought,
        gone: tuple[str, ...],
        *,
        is_new: bool,
    ) -> Pulled:
        newest = self.workspace.state / "newest"
        write_atomic(newest, f"{announced.manifest.generation}\n", mode=0o644)
        return Pulled(as_here(announced.manifest, place), place, brought, gone, is_new)

    def kept_as(self, announced: Announcement) -> Path | None:
        """Where this very generation is, whole and with these tables."""
        offered = chosen(announced.manifest, self.choice)
        for place in reversed(kept(self.workspace)):
            if (place / MANIFEST).read_bytes() != announced.content:
                continue
            previous = as_here(announced.manifest, place)
            if {e.path for e in previous.tables} != {e.path for e in offered.tables}:
                continue
            if is_whole(place, previous):
                return place
        return None

    def _check(self, offered: Manifest) -> None:
        """Refuse what would take data away without a word of the operator."""
        tree = self.workspace.tree()
        previous = read_tree(tree) if tree is not None else None
        if IS_WINDOWS:
            check_names(offered)
        if previous is not None and previous.tables and not offered.tables:
            raise LaptopError(
                f"generation {offered.generation} has no table, and you have "
                f"{len(previous.tables)}",
                remedy="Nothing was changed here. Ask the broker's operator; if that is right, "
                "remove server/current and sync again.",
            )
        if self.older is not None and offered.generation != self.older:
            raise LaptopError(
                "this generation is neither kept here nor what the broker offers",
                expected=f"previous, latest, {offered.generation}, or one that is kept here",
                found=self.older,
                remedy="Nothing was changed here.",
            )
        newest = self._newest()
        is_older = newest is not None and offered.generation < newest
        if is_older and offered.generation != self.older:
            raise LaptopError(
                f"the broker went back to generation {offered.generation}, and you have had "
                f"{newest}",
                remedy="Nothing was changed here. Ask the broker's operator; if they went back on "
                f"purpose: {SYNC} --generation {offered.generation}",
            )

    def _newest(self) -> str | None:
        try:
            return (self.workspace.state / "newest").read_text().strip()
        except FileNotFoundError:
            return None
