"""A generation in the making: a private folder, tables put into it, and one commit."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..catalog.facts import FACTS, CatalogFacts, CatalogNotes
from ..classes import PUBLIC
from ..config import PlacedMetric
from ..errors import PublishError
from ..files import lock, make_dir
from ..manifest import (
    NO_CLASS,
    ChangeFile,
    Manifest,
    Status,
    TableEntry,
    check_entry,
    extend_changes,
    version_of_files,
)
from ..metrics.bound import BoundMetrics
from ..tables.model import DataFile, TableVersion
from .audiences import wanted
from .build import Builder, Describe
from .cataloging import CatalogBuild, notes_before
from .catalogs import waiting_readers
from .readers import READERS, Memory, Readers, Widening
from .render import (
    KeptDocument,
    RenderedDocument,
    bound_document,
    metadata_documents,
    schema_documents,
    with_metrics,
)
from .sign import Signer
from .store_layout import Generation, StoreLayout, publish_errors
from .table_pages import table_pages
from .tree import PASSAGE_MODE, Rights, TreeBuilder, check_path, seal
from .views import cut

if TYPE_CHECKING:
    from ..metrics.values import Bounds

__all__ = ["PUBLISHING", "PUBLISH_WAIT_SECONDS", "Staging", "require_space"]

PUBLISHING = "publishing a generation"
PUBLISH_WAIT_SECONDS = 60
_GENERATION = "generation"  # in the folder of a run: what will be published


@dataclass(eq=False)
class Staging:
    """What a run writes before it is published. Leaving the ``with`` block without a commit
    clears it; the published generation is as it was.

    The engine writes new files below ``path`` at the paths that they will have
    (``parquet/…``, ``rejects/…``, ``changes/…``). Tables may be put from several threads.
    ``id`` is the id that the generation will have, ``memory`` what is known of who could read
    which table; ``closing`` releases the lock and clears the folder.
    """

    id: str
    previous: Generation | None
    memory: Memory
    run: str | None
    layout: StoreLayout
    rights: Rights
    signer: Signer
    closing: ExitStack
    _tables: dict[str, TableEntry] = field(default_factory=dict)
    _new: dict[str, Path] = field(default_factory=dict)
    _notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _readers: dict[str, tuple[Readers, frozenset[str]]] = field(default_factory=dict)
    _widenings: dict[str, Widening] = field(default_factory=dict)
    _metrics: BoundMetrics = field(default_factory=BoundMetrics)
    _catalog_notes: CatalogNotes = field(default_factory=CatalogNotes)
    _documents: dict[str, RenderedDocument | KeptDocument] = field(default_factory=dict)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Everything of this run, swept at the next start if the run dies."""
        return self.layout.staging / self.id

    @property
    def path(self) -> Path:
        """Where new files are written."""
        return self.folder / "new"

    def close(self) -> None:
        """Give up what was not committed, and the lock. May be called twice."""
        with publish_errors(self.folder):
            self.closing.close()

    def work(self, table_id: str) -> Path:
        """A scratch folder of this run for one table, on the same file system."""
        work = self.folder / "work"
        make_dir(work, mode=0o700)
        path = work / quote(table_id, safe="")
        make_dir(path, mode=0o700)
        return path

    def clear(self, table_id: str) -> None:
        """Free the scratch folder of a table that is through."""
        shutil.rmtree(self.folder / "work" / quote(table_id, safe=""), ignore_errors=True)

    def discard(self, path: str) -> None:
        """Free what was written of a table that failed, so that others find space.

        ``path`` is its place, as in its entry.
        """
        for top in ("parquet", "rejects", "changes"):
            (self.path / top / f"{path}.parquet").unlink(missing_ok=True)
            shutil.rmtree(self.path / top / path, ignore_errors=True)

    def drop(self, table_id: str) -> None:
        """Take back a table that was put."""
        self._tables.pop(table_id, None)

    def require(self, size: int, *, where: str) -> None:
        """Refuse work that the disk cannot take; raises ``PublishError``. ``size`` in bytes."""
        require_space(self.folder, size, where=where)

    def keep(self, entry: TableEntry) -> None:
        """Carry over the files of the generation before: a table that failed or was not due.

        ``entry`` is its last entry with its present status; a table that never had rows
        has no files. Its change files come along, while its readers stay the same.
        """
        before = self._published(entry.id)
        entry = replace(entry, change=None, changes=extend_changes(entry, before, None))
        self._add(entry, new=())

    @property
    def tables(self) -> tuple[TableEntry, ...]:
        """What was put and kept by now, by id."""
        return tuple(self._tables[name] for name in sorted(self._tables))

    def document(self, path: str, document: RenderedDocument) -> None:
        """Publish a document with this generation, in the place of one that was given before."""
        self._documents[path] = document

    def keep_document(self, path: str, access: str | None) -> bool:
        """Publish the document of the generation before again; False if it has none like that.

        So it is where the file is gone or has another size. Its content is not read.
        """
        listed = self.previous.document(path) if self.previous else None
        if self.previous is None or listed is None or listed.access != access:
            return False
        place = self.previous.path / path
        if not place.is_file() or place.stat().st_size != listed.bytes:
            return False
        self._documents[path] = KeptDocument(listed)
        return True

    def note(self, table_id: str, facts: Mapping[str, Any]) -> None:
        """Tell more of a table in its metadata, which none but its own class may read."""
        self._notes[table_id] = facts

    def read_by(self, table_id: str, readers: Readers, places: frozenset[str]) -> None:
        """Who may read a table of this generation, and where its rows come from.

        What is not given for a table is as it was in the generation before.
        """
        self._readers[table_id] = readers, places

    def hold(self, widening: Widening) -> None:
        """A table that waits: its readers are those of before."""
        self._widenings[widening.id] = widening

    def put(
        self, entry: TableEntry, version: TableVersion, *, keeps_changes: bool = True
    ) -> TableEntry:
        """Take a table as the engine made it; what the version says of the data wins.

        ``keeps_changes`` False ends the change files of older versions. New files are read again
        (footer, rows, columns), sealed and made durable. Raises ``PublishError`` if they are not
        what the version says; the table may then be kept.
        """
        with publish_errors(self.path):
            made = self._change_of(entry, version)
            new = [file for file in _files(version) if file.is_new]
            new += [made.file] if made is not None else []
            for file in new:
                self._check(file, version)
                if not self._has_before(entry, file):
                    seal(self.path / file.path, self.rights.gid(entry.access))
        entry = replace(
            entry,
            status=Status.OK if version.rows or version.rejects else Status.EMPTY,
            error=None,
            schema=version.schema,
            fingerprint=version.schema.fingerprint,
            rows=version.rows,
            rejects=version.rejects,
            duplicates=version.duplicates,
            files=tuple(replace(file, is_new=False) for file in version.files),
            reject_file=_settled(version.reject_file),
            change=None,
            warnings=(*entry.warnings, *version.warnings),
            issues=version.issues,
        )
        before = self._published(entry.id) if keeps_changes else None
        entry = replace(entry, changes=extend_changes(entry, before, made))
        self._add(entry, new=new)
        return entry

    def _published(self, table_id: str) -> TableEntry | None:
        return self.previous.manifest.table(table_id) if self.previous else None

    def _change_of(self, entry: TableEntry, version: TableVersion) -> ChangeFile | None:
        """The change file under the name that it keeps: that of the version which it changes."""
        change, before = version.change, self._published(entry.id)
        if change is None or before is None:
            return None
        name = version_of_files(before.files)
        file = replace(change, path=f"changes/{entry.path}/{name}.parquet", is_new=False)
        make_dir(self.path / "changes" / entry.path, mode=0o700)
        (self.path / change.path).rename(self.path / file.path)
        return ChangeFile(name, self.id, file)

    def bind(self, metrics: Sequence[PlacedMetric]) -> tuple[str, ...]:
        """Have metrics published to those who may read their tables, as these are put by now.

        Returns a warning for each that does not bind. It never fails: data do not wait for metrics.
        """
        if not metrics:
            self._metrics = BoundMetrics()
            return ()
        # Who binds nothing waits for no DuckDB.
        from ..metrics.binding import bind_metrics, failed  # noqa: PLC0415

        manifest = self._manifest(datetime.now(UTC))
        try:
            readers = wanted(self.layout, self.rights)
            audiences = {", ".join(one.names): cut(manifest, one) for one in readers}
            self._metrics = bind_metrics(metrics, manifest, audiences, self.place_of)
        except Exception as error:  # a bug in there must not take the tables with it
            self._metrics = failed(error)
        return self._metrics.warnings

    def evaluate(
        self, metrics: Sequence[PlacedMetric], bounds: Bounds, now: datetime
    ) -> tuple[str, ...]:
        """Run the metrics that bind to what was put, where a file of their tables changed.

        Returns a warning for each that has no value. It never fails: data do not wait for metrics.
        """
        if not self._metrics.metrics:
            return ()
        from ..metrics.values import MetricRun  # noqa: PLC0415 - as above

        run = MetricRun(
            bound=self._metrics,
            manifest=self._manifest(now),
            before=notes_before(self.previous).metrics,
            file_of=self.place_of,
            work=self.folder / "metrics",
            bounds=bounds,
            now=now,
            places={one.metric.name: one.where("sql") for one in metrics},
        )
        found = run()
        self._catalog_notes = replace(self._catalog_notes, metrics=found.pasts)
        return found.warnings

    def catalog(self, facts: CatalogFacts, warnings: Sequence[str] = ()) -> None:
        """What catalogs say beside the tables; ``warnings`` are of the run, for operators."""
        self._catalog_notes = replace(self._catalog_notes, facts=facts, warnings=tuple(warnings))

    def place_of(self, path: str) -> Path:
        """Where a data file is before the commit."""
        if path in self._new or self.previous is None:
            return self._new[path]
        return self.previous.path / path

    def commit(
        self,
        documents: Mapping[str, RenderedDocument] | None = None,
        describe: Describe = schema_documents,
        now: datetime | None = None,
    ) -> Generation:
        """Publish all that was put and kept as the next generation.

        ``documents`` (by path) belong to a class and appear wherever it is shown, beside the
        metadata and the page of each table;
        ``describe`` is called with the manifest of each tree, cut down to what its readers may
        know, and gives the documents written for that tree alone. Raises ``PublishError``;
        the published generation is then as it was.
        """
        _check_owners(self._tables.values())
        manifest = self._manifest(now or datetime.now(UTC))
        with publish_errors(self.folder), self._publish_lock():
            known = {**self._documents, **(documents or {})}
            catalogs = self._catalogs(manifest, known)
            self._build(
                manifest,
                {
                    **metadata_documents(manifest, self._notes),
                    **table_pages(manifest),
                    READERS: RenderedDocument(None, self._memory().to_json(self.id)),
                    **bound_document(self._metrics),
                    FACTS: RenderedDocument(None, catalogs.notes.to_json()),
                    **known,
                },
                with_metrics(describe, self._metrics),
            )
            catalog = catalogs.write(
                self.folder / "catalog",
                wanted(self.layout, self.rights),
                waiting_readers(self._memory().widenings),
                self._notes,
            )
            self.layout.publish(self.id, self.folder / _GENERATION, catalog)
        self.close()
        return self.layout.generation(self.id)

    def _catalogs(
        self, manifest: Manifest, documents: Mapping[str, RenderedDocument | KeptDocument]
    ) -> CatalogBuild:
        return CatalogBuild.of(
            manifest,
            self._catalog_notes,
            self._metrics,
            self.rights,
            documents,
            self.previous,
            wanted(self.layout, self.rights),
        )

    def _manifest(self, now: datetime) -> Manifest:
        """What the tables of by now make, without its documents."""
        return Manifest(
            generation=self.id,
            created_at=now,
            tables=self.tables,
            previous=self.previous.id if self.previous else None,
            run=self.run,
        )

    def _memory(self) -> Memory:
        """What the next generation knows of the readers of its tables."""
        waits = {**self._widenings}
        tables, places = {}, {}
        for entry in self._tables.values():
            known, waiting = self.memory.tables.get(entry.id), self.memory.widenings.get(entry.id)
            if entry.id in self._readers:
                tables[entry.id], places[entry.id] = self._readers[entry.id]
            elif waiting is not None:
                waits.setdefault(entry.id, waiting)
            elif entry.id not in waits and entry.access != NO_CLASS:
                is_known = known is not None and known.access == entry.access
                tables[entry.id] = known if known and is_known else Readers(entry.access)
        return self.memory.after(tables, places, waits)

    def _publish_lock(self) -> AbstractContextManager[None]:
        return lock(self.layout.publish_lock, purpose=PUBLISHING, wait_seconds=PUBLISH_WAIT_SECONDS)

    def _build(
        self,
        manifest: Manifest,
        documents: Mapping[str, RenderedDocument | KeptDocument],
        describe: Describe,
    ) -> None:
        before = self.previous.path if self.previous else None
        tree = TreeBuilder(self.folder / _GENERATION, self.rights, before)
        builder = Builder(tree, describe, self.signer)
        make_dir(tree.path, mode=PASSAGE_MODE, gid=self.rights.gid(PUBLIC))
        listed = builder.whole(manifest, documents, self._place)
        for audience in wanted(self.layout, self.rights):
            builder.view(tree.path, listed, audience)
        tree.sync()

    def _place(self, tree: TreeBuilder) -> None:
        """Put every data file into the tree: linked where the generation before has the same."""
        for entry in self._tables.values():
            for file in entry.all_files:
                if self.previous and self._has_before(entry, file):
                    tree.link(file.path, self.previous.path / file.path, entry.access)
                else:
                    tree.move(file.path, self._new[file.path])

    def _add(self, entry: TableEntry, new: Iterable[DataFile]) -> None:
        """Every file is either new or this table's in the generation before."""
        self.rights.gid(entry.access)
        check_entry(entry)
        arriving = {file.path: self.path / file.path for file in new}
        for file in entry.all_files:
            if file.path not in arriving and not self._has_before(entry, file):
                raise PublishError(
                    "this file is neither new nor this table's in the generation before",
                    where=entry.id,
                    found=file.path,
                )
        self._new.update(arriving)
        self._tables[entry.id] = entry

    def _has_before(self, entry: TableEntry, file: DataFile) -> bool:
        return self._before.get(file.path) == (file.sha256, entry.id)

    @cached_property
    def _before(self) -> dict[str, tuple[str, str]]:
        """sha256 and table of every data file of the generation before."""
        tables = self.previous.manifest.tables if self.previous else ()
        return {f.path: (f.sha256, table.id) for table in tables for f in table.all_files}

    def _check(self, file: DataFile, version: TableVersion) -> None:
        """Read the footer again: a file that cannot be opened is not published."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - who only reads what is published needs none

        check_path(file.path)
        path = self.path / file.path
        try:
            with pq.ParquetFile(path) as parquet:
                rows, columns = parquet.metadata.num_rows, tuple(parquet.schema_arrow.names)
        except (OSError, ValueError) as error:
            raise PublishError("a new file cannot be read", where=file.path) from error
        if (rows, path.stat().st_size) != (file.rows, file.bytes):
            raise PublishError(
                "a new file has other rows or bytes than the engine reported",
                where=file.path,
                expected=f"{file.rows} rows in {file.bytes} bytes",
                found=f"{rows} rows in {path.stat().st_size} bytes",
            )
        if file in version.files and columns != version.schema.names:
            raise PublishError(
                "a new file has other columns than its table",
                where=file.path,
                expected=", ".join(version.schema.names),
                found=", ".join(columns),
            )


def require_space(folder: Path, size: int, *, where: str) -> None:
    """Raises ``PublishError`` unless ``size`` bytes are free on this file system."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise PublishError(
            "there is not enough free space; nothing was changed",
            where=where,
            expected=f"{size / 2**20:,.0f} MiB",
            found=f"{free / 2**20:,.0f} MiB",
            remedy="Free some space or shorten the retention.",
        )


def _files(version: TableVersion) -> list[DataFile]:
    return [*version.files, *([version.reject_file] if version.reject_file is not None else [])]


def _settled(file: DataFile | None) -> DataFile | None:
    return replace(file, is_new=False) if file else None


def _check_owners(tables: Iterable[TableEntry]) -> None:
    """Two tables must not stand at one path."""
    owners: dict[str, str] = {}
    for entry in tables:
        for path in (entry.path, *(file.path for file in entry.all_files)):
            if owners.setdefault(path, entry.id) != entry.id:
                raise PublishError(
                    "two tables stand at one path", where=entry.id, found=f"{path}, {owners[path]}"
                )
