"""A generation on its way into a folder beside those in use: linked, fetched, replayed, verified.

What has arrived stays there when a sync is cut off, and the next one goes on from it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BrokerError, LaptopError
from ..foreign.strict_json import MOST_BYTES
from ..foreign.text import shown
from ..manifest import DocumentEntry
from ..tables.model import DataFile, Limits
from .announcement import Announcement
from .plan import SyncPlan, TablePlan, Way
from .shelf import Shelf, digest_of, present
from .transfer import FileSource, Wanted
from .workspace import MANIFEST, SIGNATURE

__all__ = ["Arrival", "Brought"]

_OWN = (MANIFEST, SIGNATURE)
_PARTIAL = ".partial"  # rsync keeps there what it has of a file
_SPARE_BYTES = 64 << 20
_LIMITS = Limits(memory_bytes=1 << 30)


@dataclass(slots=True)
class Brought:
    """What it took: bytes over the wire, tables that were replayed, and those that could not be."""

    moved: int = 0
    replayed: int = 0
    fallbacks: tuple[str, ...] = ()


class Arrival:
    """One attempt to bring what a plan says into ``incoming``.

    ``current`` is the folder of the generation in use, if there is one.
    """

    def __init__(
        self,
        announced: Announcement,
        plan: SyncPlan,
        source: FileSource,
        incoming: Path,
        current: Path | None,
        shelf: Shelf,
    ) -> None:
        """Nothing happens yet."""
        self._announced = announced
        self._plan = plan
        self._source = source
        self._incoming = incoming
        self._current = current
        self._shelf = shelf
        self._listed = [file.path for file in announced.manifest.listed]
        self.brought = Brought()

    def check_room(self) -> None:
        """Raise ``LaptopError`` where the disk cannot hold what is to come."""
        written = [f for table in self._plan.tables for f in table.missing]
        needed = sum(file.bytes for file in {f.path: f for f in written}.values())
        needed += sum(document.bytes for document in self._plan.documents)
        free = shutil.disk_usage(self._incoming).free + self._partial_bytes()
        if needed + _SPARE_BYTES > free:
            raise LaptopError(
                f"the new data need {needed / 1e6:,.0f} MB and {_SPARE_BYTES / 1e6:,.0f} MB beside "
                f"them, and {free / 1e6:,.0f} MB are left on this disk",
                remedy="Make room, or leave out a dataset (--without), and sync again.",
            )

    def _partial_bytes(self) -> int:
        """What an earlier attempt left here counts: it is not fetched again."""
        found = present(self._incoming)
        return sum(e.stat().st_size for path, e in found if f"/{_PARTIAL}/" in f"/{path}")

    def prepare(self) -> None:
        """Have in ``incoming`` what is here already, and nothing that does not belong there."""
        needed = self._plan.needed
        for path, entry in list(present(self._incoming)):
            is_partial = path.replace(f"{_PARTIAL}/", "") in needed and f"{_PARTIAL}/" in path
            if path not in needed and not is_partial:
                Path(entry.path).unlink()
        for file in self._files():
            found = self._shelf.find(file.path, file.sha256)
            target = self._incoming / file.path
            if found is not None and found != target:
                _link(found, target)
                self._shelf.forget(file.path)

    def _files(self) -> list[DataFile | DocumentEntry]:
        needed = self._plan.needed
        return [file for file in self._plan.offered.listed if file.path in needed]

    def fetch(self) -> bool:
        """Bring what is not here; returns whether the broker still offers that generation.

        The manifest comes along each time: the broker may have published another one meanwhile.
        """
        files = [f for table in self._plan.tables for f in table.fetched]
        return self._bring([*files, *self._plan.documents])

    def _bring(self, files: Sequence[DataFile | DocumentEntry]) -> bool:
        for name in _OWN:
            (self._incoming / name).unlink(missing_ok=True)
        wanted = {file.path for file in files} | {*_OWN}
        most = max([MOST_BYTES, *(file.bytes for file in files)])
        item = Wanted("generation", wanted, [*self._listed, *_OWN], most_bytes=most)
        self.brought.moved += self._source.fetch([item], self._incoming, basis=self._current)
        self._open_folders()
        for file in files:
            self._shelf.forget(file.path)
        return self._is_same()

    def _is_same(self) -> bool:
        try:
            return (self._incoming / MANIFEST).read_bytes() == self._announced.content
        except FileNotFoundError:
            return False

    def _open_folders(self) -> None:
        """The modes of folders are the broker's; without these bits nothing can be removed."""
        for folder, _, _ in os.walk(self._incoming):
            if os.stat(folder).st_mode & 0o700 != 0o700:  # noqa: PTH116  os.walk gives text
                Path(folder).chmod(0o755)

    def replay(self, work: Path) -> bool:
        """Write from change files what was not fetched; what fails is fetched whole.

        Returns whether the broker still offers that generation, if it was asked.
        """
        failed: list[TablePlan] = []
        for table in self._plan.tables:
            if table.way is Way.REPLAYED:
                shutil.rmtree(work, ignore_errors=True)
                if self._replay(table, work):
                    self.brought.replayed += 1
                else:
                    failed.append(table)
        shutil.rmtree(work, ignore_errors=True)
        if not failed:
            return True
        self.brought.fallbacks = tuple(table.entry.path for table in failed)
        return self._bring([file for table in failed for file in table.missing_rows])

    def _replay(self, table: TablePlan, work: Path) -> bool:
        """Whether each file came out as it was signed; only such files are taken."""
        # A sync that has nothing to replay waits for no Arrow.
        from ..tables.files.change import read_recipe  # noqa: PLC0415  see above
        from ..tables.replay import replay  # noqa: PLC0415  see above

        if table.before is None or self._current is None:
            return False
        changes = [self._incoming / change.path for change in table.changes]
        if not all(map(_is, changes, (change.sha256 for change in table.changes))):
            return False
        out = work / "out"
        out.mkdir(parents=True)
        try:
            if any(read_recipe(change).path != table.entry.path for change in changes):
                return False
            before = table.before.files
            replay(self._current, before, changes, out=out, work=work, limits=_LIMITS)
        except BrokerError:
            return False
        if any(not _is(out / file.path, file.sha256) for file in table.missing_rows):
            return False
        for file in table.missing_rows:
            target = self._incoming / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            (out / file.path).replace(target)
            self._shelf.forget(file.path)
        return True

    def verify(self) -> bool:
        """Hold every file to the manifest; what is wrong is fetched once more, without a basis.

        Returns whether the broker still offers that generation, if it was asked. Raises
        ``LaptopError`` where a file is still wrong: nothing has been changed by then.
        """
        wrong = self._wrong()
        if wrong:
            for file in wrong:
                (self._incoming / file.path).unlink(missing_ok=True)
            self._current = None
            if not self._bring(wrong):
                return False
            wrong = self._wrong()
        if wrong:
            raise LaptopError(
                f"what {self._source.name} sent is not what its manifest says ({len(wrong)} files, "
                f"{shown(wrong[0].path, 300)} among them)",
                remedy="Nothing was changed here. Tell its operator.",
            )
        self._clear()
        return True

    def _wrong(self) -> list[DataFile | DocumentEntry]:
        files = self._files()
        here = Shelf([self._incoming])
        here.look(file.path for file in files)
        return [file for file in files if here.find(file.path, file.sha256) is None]

    def _clear(self) -> None:
        """Leave the files of the generation and no other."""
        kept = {*self._plan.needed, *_OWN}
        for path, entry in list(present(self._incoming)):
            if path not in kept:
                Path(entry.path).unlink()
        _remove_empty(self._incoming)


def _is(place: Path, sha256: str) -> bool:
    return place.is_file() and digest_of(place) == sha256


def _link(source: Path, target: Path) -> None:
    """A second name of the file, or a copy on a file system that knows no such names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _remove_empty(folder: Path) -> None:
    """Folders in which nothing is left, such as those of rsync's own."""
    for place, _, _ in os.walk(folder, topdown=False):
        if place != str(folder) and not any(Path(place).iterdir()):
            Path(place).rmdir()
