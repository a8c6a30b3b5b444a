"""Whether the catalogs of a generation are still what was published: bytes, modes and groups.

They are not signed, as no laptop reads them: what they say follows from the generation, which is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from stat import S_ISDIR, S_ISREG

from .. import __version__
from ..beneath import read_file, walk
from ..catalog.facts import CatalogNotes
from ..catalog.index import index_of
from ..catalog.operators import operators_index
from ..catalog.places import INDEX, OPERATORS, STANDING, details_path, keys_path
from ..catalog.written import index_from_json, keys_from_json, operators_from_json, to_json
from ..classes import CATALOG
from ..errors import CatalogError
from ..manifest import Audience
from .catalogs import waiting_readers
from .store_layout import Generation, audiences_in
from .tree import FILE_MODE, FOLDER_MODE, Rights, folder_classes
from .views import cut

__all__ = ["catalog_problems"]

_OTHER = "has other content than was published"


def catalog_problems(
    generation: Generation, rights: Rights, *, content: bool
) -> Iterator[tuple[str, str]]:
    """Each path below ``catalog/``, and what is wrong with it.

    Nothing of a generation without catalogs, which an older release published. Raises ``OSError``
    and ``PublishError`` where it cannot be read what its catalogs follow from.
    """
    notes = generation.notes
    if notes is None:
        return
    store, name = generation.catalog.parent.parent, f"{CATALOG}/{generation.id}"
    top = str(generation.catalog)
    found = {path[len(top) :].lstrip("/"): status for path, status in walk(store, name)}
    if not found:
        yield "", "is missing"
        return
    # One whose view is still to come, where that was cut off, is as good as the others.
    audiences = sorted({*generation.audiences(), *audiences_in(found)})
    files = dict(_digests(generation, notes, audiences))
    for keys in (f"{OPERATORS}/{keys_path(e.access)}" for e in generation.manifest.tables):
        if keys in found:
            files[keys] = None
    folders = {"", *folder_classes(dict.fromkeys(files))}
    for path in sorted(found.keys() - files.keys() - folders):
        yield path, "was not published"
    for path in sorted({*files, *folders}):
        problems = list(_wrong_rights(found.get(path), rights, is_folder=path in folders))
        if not problems and content and path in files:
            problems = list(_wrong_content(path, read_file(store, f"{name}/{path}"), files[path]))
        yield from ((path, problem) for problem in problems)


def _digests(
    generation: Generation, notes: CatalogNotes, audiences: Iterable[Audience]
) -> Iterator[tuple[str, str | None]]:
    """Each file with its SHA-256; None where another release wrote it, perhaps otherwise."""
    is_ours = generation.manifest.broker == __version__
    for audience in audiences:
        known = cut(generation.manifest, audience)
        index = index_of(known, audience, notes, generation.metrics)
        yield f"{audience.path}/{INDEX}", _digest(to_json(index)) if is_ours else None
        for table in index.tables:
            yield f"{audience.path}/{details_path(table.path)}", table.sha256
    readers = waiting_readers(generation.memory.widenings)
    standing = to_json(operators_index(generation.manifest, notes, readers))
    yield f"{OPERATORS}/{STANDING}", _digest(standing) if is_ours else None


def _wrong_rights(
    found: os.stat_result | None, rights: Rights, *, is_folder: bool
) -> Iterator[str]:
    if found is None:
        yield "is missing"
        return
    if not (S_ISDIR(found.st_mode) if is_folder else S_ISREG(found.st_mode)):
        yield "is not a folder" if is_folder else "is not a plain file"
        return
    mode = FOLDER_MODE if is_folder else FILE_MODE
    if found.st_mode & 0o7777 != mode:
        yield f"has mode {found.st_mode & 0o7777:04o} instead of {mode:04o}"
    if found.st_gid != rights.catalog:
        yield f"belongs to group {found.st_gid} instead of {rights.catalog}"


def _wrong_content(path: str, content: bytes, sha256: str | None) -> Iterator[str]:
    if sha256 is not None:
        if _digest(content) != sha256:
            yield _OTHER
        return
    name = path.rpartition("/")[2]
    try:
        if name == INDEX:
            index_from_json(content, where=path)
        elif name == STANDING:
            operators_from_json(content, where=path)
        else:
            keys_from_json(content, where=path)
    except CatalogError as error:
        yield f"cannot be read: {error.found}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
