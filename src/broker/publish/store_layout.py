"""Where things stand in a store, and the few moves that publish or take away a generation."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from urllib.parse import quote

from ..beneath import opened, read_file, walk
from ..catalog.facts import FACTS, CatalogNotes, unreadable_notes
from ..classes import AUDIENCES, CATALOG, VIEWS, view_path
from ..errors import PublishError
from ..files import fsync_dir, replace_link
from ..foreign.paths import is_generation
from ..manifest import NO_CLASS, Audience, DocumentEntry, Manifest
from ..metrics.bound import BOUND, BoundMetrics, unreadable_metrics
from .readers import READERS, Memory, Readers, unreadable

__all__ = ["Generation", "StoreLayout", "audiences_in", "next_id", "publish_errors", "taken_at"]

_TIME = "%Y-%m-%dT%H%M%SZ"
_TICKS = 0x10000  # of a second: the four digits at the end
_KEPT = "kept"  # of staging/: what sources leave to the run after a killed one
_LINKS = ("parquet", "metadata")  # the paths that scripts know


@dataclass(frozen=True)
class Generation:
    """A published folder. It never changes, so neither does what was read of it."""

    path: Path

    @property
    def id(self) -> str:
        """Its name; names sort in the order of publication."""
        return self.path.name

    @property
    def _store(self) -> Path:
        return self.path.parent.parent

    @property
    def _name(self) -> str:
        return str(self.path.relative_to(self._store))

    @cached_property
    def manifest(self) -> Manifest:
        """The whole manifest; raises ``PublishError`` unless it can be read."""
        path = self.path / "manifest.json"
        with publish_errors(path):
            content = self.read("manifest.json")
        return Manifest.from_json(content, where=str(path))

    @property
    def remembers(self) -> bool:
        """Whether it says who could read its tables: older releases did not write that."""
        return any(entry.path == READERS for entry in self.manifest.documents)

    @property
    def classes(self) -> Memory:
        """What the manifest alone says of who could read its tables."""
        tables = {e.id: Readers(e.access) for e in self.manifest.tables if e.access != NO_CLASS}
        return Memory(tables)

    @cached_property
    def memory(self) -> Memory:
        """Who could read its tables, and those before it; else what its manifest says of classes.

        Raises ``PublishError`` unless it is what the manifest lists.
        """
        content = self._listed(READERS, unreadable)
        if content is None:
            return self.classes
        return Memory.from_json(content, self.id, where=str(self.path / READERS))

    @cached_property
    def notes(self) -> CatalogNotes | None:
        """What its catalogs follow from, beside the rest; None in one of an older release.

        Raises ``PublishError`` unless it is what the manifest lists.
        """
        content = self._listed(FACTS, unreadable_notes)
        if content is None:
            return None
        return CatalogNotes.from_json(content, where=str(self.path / FACTS))

    @property
    def catalog(self) -> Path:
        """The folder of its catalogs."""
        return self._store / CATALOG / self.id

    @cached_property
    def metrics(self) -> BoundMetrics:
        """The metrics that DuckDB bound to its tables; none in one of an older release.

        Raises ``PublishError`` unless they are what the manifest lists.
        """
        content = self._listed(BOUND, unreadable_metrics)
        if content is None:
            return BoundMetrics()
        return BoundMetrics.from_json(content, where=str(self.path / BOUND))

    def document(self, path: str) -> DocumentEntry | None:
        """What the manifest says of a document; None where it lists none at this path."""
        return self._documents.get(path)

    @cached_property
    def _documents(self) -> Mapping[str, DocumentEntry]:
        return {entry.path: entry for entry in self.manifest.documents}

    def content(self, document: str) -> bytes | None:
        """A document as the manifest lists it; None where it lists none or what is here differs.

        For what can be made anew: nothing refuses a document that was damaged.
        """
        listed = self.document(document)
        try:
            content = self.read(document) if listed else b""
        except OSError:
            return None
        is_whole = listed and hashlib.sha256(content).hexdigest() == listed.sha256
        return content if is_whole else None

    def _listed(self, document: str, refusal: Callable[[str, str], PublishError]) -> bytes | None:
        """A document that the manifest lists, and as it does; None where it lists none."""
        listed = self.document(document)
        if listed is None:
            return None
        path = self.path / document
        with publish_errors(path):
            content = self.read(document)
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise refusal(str(path), "other content than was published")
        return content

    def audiences(self) -> list[Audience]:
        """Those that have a tree here; a stray folder does not count."""
        folders = (path for path, found in self.walk(VIEWS) if stat.S_ISDIR(found.st_mode))
        return audiences_in(folders)

    def read(self, path: str) -> bytes:
        """A file of it, by its relative path; raises ``OSError``, also for a link on the way."""
        return read_file(self._store, f"{self._name}/{path}")

    def readable(self, path: str) -> Path:
        """Where a file of it is; raises ``PublishError`` where the caller may not read it."""
        with publish_errors(self.path / path), self.opened(path):
            return self.path / path

    def opened(self, path: str) -> AbstractContextManager[BufferedReader]:
        """The same, open for reading."""
        return opened(self._store, f"{self._name}/{path}")

    def walk(self, path: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Everything in it, or below one of its folders: relative path and ``lstat``."""
        start = f"{self._name}/{path}".removesuffix("/")
        for found, status in walk(self._store, start):
            yield found[len(str(self.path)) :].lstrip("/"), status

    def view(self, audience: Audience) -> Path:
        """The folder that this audience reads."""
        return self.path / audience.path


def audiences_in(folders: Iterable[str]) -> list[Audience]:
    """The audiences whose places are among these folders."""
    found = []
    for folder in folders:
        classes = folder.split("/")[1:-1]
        if folder == view_path(sorted({*classes})):
            with suppress(PublishError):  # no name of a class
                found.append(Audience.of(classes))
    return found


@dataclass(frozen=True)
class StoreLayout:
    """The folders and links below the root of a store."""

    root: Path

    @property
    def generations(self) -> Path:
        """What was published."""
        return self.root / "generations"

    @property
    def catalogs(self) -> Path:
        """What the portal reads of each generation, in a folder of its name."""
        return self.root / CATALOG

    @property
    def staging(self) -> Path:
        """What is on its way. A folder here belongs to a run; without a live run it is waste.

        Only ``kept`` outlives a run: see there.
        """
        return self.root / "staging"

    def kept(self, table_id: str) -> Path:
        """Where the source of a table may keep what a killed run leaves to the next one."""
        return self.staging / _KEPT / quote(table_id, safe="")

    @property
    def approvals(self) -> Path:
        """What a person approved: a file per table, by its id."""
        return self.root / "approvals"

    @property
    def superseded(self) -> Path:
        """An empty file per generation that was current: its mtime says until when."""
        return self.root / ".superseded"

    @property
    def signers(self) -> Path:
        """The public keys that sign here, in OpenSSH's ``allowed_signers`` format."""
        return self.root / "allowed_signers"

    @property
    def audiences(self) -> Path:
        """The audiences asked for beside the built-in ones: a JSON list of lists of classes."""
        return self.root / AUDIENCES

    @property
    def run_lock(self) -> Path:
        """Held as long as a generation is being made, or the pointer set back."""
        return self.root / ".lock"

    @property
    def publish_lock(self) -> Path:
        """Held for the moments in which folders appear, vanish or the pointer moves."""
        return self.root / ".publish.lock"

    def ids(self) -> list[str]:
        """Every generation's id, oldest first."""
        if not self.generations.is_dir():
            return []
        return sorted(
            entry.name for entry in self.generations.iterdir() if is_generation(entry.name)
        )

    def generation(self, generation_id: str) -> Generation:
        """One of them; raises ``PublishError`` if there is none of this id."""
        path = self.generations / generation_id
        if not is_generation(generation_id) or not path.is_dir():
            raise PublishError(
                "there is no such generation",
                where=str(self.generations),
                found=generation_id,
                remedy="`broker generations` lists them.",
            )
        return Generation(path)

    def current_id(self) -> str | None:
        """What ``current`` points at; None only if nothing was ever published."""
        link = self.root / "current"
        try:
            target = link.readlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PublishError(
                "the pointer to the current generation is not a link",
                where=str(link),
                remedy="Move it away, then `broker rollback GENERATION`.",
            ) from error
        return target.name

    def publish(self, generation_id: str, built: Path, catalog: Path) -> None:
        """Let finished folders appear, then point at them. The folder of the run still stands."""
        catalog.rename(self.catalogs / generation_id)
        fsync_dir(self.catalogs)
        built.rename(self.generations / generation_id)
        fsync_dir(self.generations)
        self.flip(generation_id)

    def flip(self, generation_id: str) -> None:
        """Point ``current`` at this generation: the one step that readers see."""
        left = self.current_id()
        if left is not None and left != generation_id:
            (self.superseded / left).touch(mode=0o600)
        replace_link(self.root / "current", f"generations/{generation_id}")
        (self.superseded / generation_id).unlink(missing_ok=True)
        for name in _LINKS:
            if not (self.root / name).is_symlink():
                replace_link(self.root / name, f"current/{name}")

    def sweep(self) -> None:
        """Clear what runs that died left behind. The caller holds both locks.

        A folder of the same name in ``generations/`` was renamed there but never became
        current: it is removed, never adopted, since it was never announced.
        """
        current = self.current_id()
        for left in sorted(self.staging.iterdir()):
            if left.name == _KEPT:
                continue
            unpublished = self.generations / left.name
            if left.name != current and unpublished.is_dir():
                unpublished.rename(left / "unpublished")
            shutil.rmtree(left)
        self._sweep_catalogs()
        for pattern in (f".{AUDIENCES}.*", ".allowed_signers.*", ".*.new"):
            for stray in self.root.glob(pattern):
                stray.unlink()

    def _sweep_catalogs(self) -> None:
        """Clear catalogs of generations that are gone, or never came to be."""
        for left in sorted(self.catalogs.iterdir()) if self.catalogs.is_dir() else ():
            if not (self.generations / left.name).is_dir():
                leaving = self.staging / f"catalog-{left.name}"
                left.rename(leaving)
                shutil.rmtree(leaving)

    def remove(self, generation_id: str) -> None:
        """Take a generation away in one rename, then free its space and that of its catalogs."""
        leaving = self.staging / f"removed-{generation_id}"
        (self.generations / generation_id).rename(leaving)
        shutil.rmtree(leaving)
        self._sweep_catalogs()
        (self.superseded / generation_id).unlink(missing_ok=True)

    def superseded_at(self, generation_id: str) -> datetime | None:
        """Until when a generation was current, where that is known."""
        try:
            stamp = (self.superseded / generation_id).stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(stamp, UTC)


def next_id(now: datetime, latest: str | None) -> str:
    """The id of a generation begun now: the second and the 65,536th part of it.

    Later than ``latest`` even where the clock was set back, so that names sort.
    """
    tick = int(now.timestamp()) * _TICKS + now.microsecond * _TICKS // 1_000_000
    if latest is not None:
        tick = max(tick, _tick(latest) + 1)
    second, part = divmod(tick, _TICKS)
    return f"{datetime.fromtimestamp(second, UTC):{_TIME}}-{part:04x}"


def taken_at(generation_id: str) -> datetime:
    """When the generation was begun, from its id."""
    return datetime.strptime(generation_id[:-5], _TIME).replace(tzinfo=UTC)


def _tick(generation_id: str) -> int:
    return int(taken_at(generation_id).timestamp()) * _TICKS + int(generation_id[-4:], 16)


@contextmanager
def publish_errors(where: Path) -> Iterator[None]:
    """Tell what the operating system refused as a ``PublishError`` that says what to do."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            _MESSAGES.get(error.errno or 0, "the operating system refused"),
            where=str(error.filename or where),
            found=error.strerror,
            remedy=_REMEDIES.get(error.errno or 0),
        ) from error


_MESSAGES = {
    errno.ENOSPC: "the disk is full; what was published before still stands",
    errno.EDQUOT: "the quota is used up; what was published before still stands",
    errno.EROFS: "the file system is read-only",
}
_REMEDIES = {
    errno.ENOSPC: "Free some space (or inodes, where `df --inodes` shows none), or shorten the "
    "retention, then run the sync again.",
    errno.EDQUOT: "Raise the quota or shorten the retention, then run the sync again.",
    errno.EACCES: "Run this as the user who owns the store.",
    errno.EPERM: "Run this as the user who owns the store, a member of every class's group.",
}
