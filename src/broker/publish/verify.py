"""Whether a generation is still what was published: signatures, bytes, modes and groups."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ..beneath import read_file
from ..classes import CATALOG, PUBLIC
from ..errors import PublishError
from ..manifest import Audience, DocumentEntry, Manifest
from ..manifest.signature import refusal
from ..tables.model import DataFile
from .build import MANIFEST, SIGNATURE, TOPS, leaves
from .store_layout import Generation
from .tree import FILE_MODE, FOLDER_MODE, PASSAGE_MODE, Rights, folder_classes
from .verify_catalogs import catalog_problems
from .views import is_cut_of

__all__ = ["Defect", "verify", "verify_catalogs"]


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that is not as it was published.

    ``path`` is relative to the generation; a file of its catalogs begins with ``catalog/``.
    """

    path: str
    problem: str


@dataclass(frozen=True, slots=True)
class _Node:
    """What must stand at a path."""

    is_folder: bool
    mode: int
    access: str | None
    sha256: str | None = None
    bytes: int | None = None


def verify(
    generation: Generation, rights: Rights, signers: Path, *, content: bool = True
) -> list[Defect]:
    """Everything that is not as published; empty if all is well.

    ``content=False`` compares sizes instead of hashing every file.
    """
    whole, defects = _signed(generation, "", signers)
    if whole is None:
        return defects
    expected = _whole_nodes(whole)
    for audience in generation.audiences():
        base = f"{audience.path}/"
        view, more = _signed(generation, base, signers)
        defects += more
        if view is not None:
            if not is_cut_of(view, whole, audience):
                defects.append(Defect(base + MANIFEST, "is not a part of the whole manifest"))
            expected.update(_view_nodes(view, audience))
    if whole.generation != generation.id:
        defects.append(Defect(MANIFEST, f"belongs to generation {whole.generation}"))
    defects += _compare(generation, expected, rights, content=content)
    return sorted(defects, key=lambda defect: (defect.path, defect.problem))


def verify_catalogs(generation: Generation, rights: Rights, *, content: bool) -> list[Defect]:
    """The same of its catalogs."""
    try:
        problems = list(catalog_problems(generation, rights, content=content))
    except (OSError, PublishError) as error:
        return [Defect(CATALOG, f"cannot be verified: {error}")]
    return [Defect(f"{CATALOG}/{path}".removesuffix("/"), problem) for path, problem in problems]


def _signed(
    generation: Generation, base: str, signers: Path
) -> tuple[Manifest | None, list[Defect]]:
    """A manifest whose signature holds, or what is wrong with it."""
    try:
        content = generation.read(base + MANIFEST)
        known = read_file(signers.parent, signers.name)
        problem = refusal(content, generation.read(base + SIGNATURE), known)
        if problem is None:
            where = str(generation.path / base / MANIFEST)
            return Manifest.from_json(content, where=where), []
    except FileNotFoundError as error:
        problem = f"there is no {error.filename}"
    except (OSError, PublishError) as error:
        problem = f"cannot be read: {error}"
    return None, [Defect(base + MANIFEST, problem)]


def _whole_nodes(manifest: Manifest) -> dict[str, _Node]:
    folders = dict.fromkeys(TOPS) | folder_classes(leaves(manifest))
    return {
        "": _Node(True, PASSAGE_MODE, PUBLIC),
        **{path: _Node(True, FOLDER_MODE, access) for path, access in folders.items()},
        **_file_nodes(manifest, "", None),
    }


def _view_nodes(manifest: Manifest, audience: Audience) -> dict[str, _Node]:
    base, owner = audience.path, audience.owner
    passages = audience.passages().items()
    inside = (f"{base}/{path}" for path in (*TOPS, *folder_classes(leaves(manifest))))
    return {
        **{path: _Node(True, PASSAGE_MODE, access) for path, access in passages},
        **{path: _Node(True, FOLDER_MODE, owner) for path in (base, *inside)},
        **_file_nodes(manifest, f"{base}/", owner),
    }


def _file_nodes(manifest: Manifest, base: str, owner: str | None) -> dict[str, _Node]:
    """Data and documents by their listing; manifest and signature were checked by themselves."""
    classes = leaves(manifest)
    files = (file for entry in manifest.tables for file in entry.all_files)
    listed: list[DocumentEntry | DataFile] = [*manifest.documents, *files]
    return {
        base + MANIFEST: _Node(False, FILE_MODE, owner),
        base + SIGNATURE: _Node(False, FILE_MODE, owner),
        **{
            base + item.path: _Node(
                False, FILE_MODE, classes[item.path] or owner, item.sha256, item.bytes
            )
            for item in listed
        },
    }


def _compare(
    generation: Generation, expected: dict[str, _Node], rights: Rights, *, content: bool
) -> list[Defect]:
    defects = []
    hashed: dict[int, str] = {}  # by inode: a view's links need no second reading
    found = dict(generation.walk())
    for path in sorted(found.keys() - expected.keys()):
        defects.append(Defect(path, "was not published"))
    for path, node in sorted(expected.items()):
        stat = found.get(path)
        if stat is None:
            defects.append(Defect(path, "is missing"))
            continue
        defects += [Defect(path, problem) for problem in _wrong_rights(node, stat, rights)]
        if not node.is_folder and S_ISREG(stat.st_mode):
            known = hashed if content else None
            problem = _wrong_content(generation, path, node, stat, known)
            defects += [Defect(path, problem)] if problem else []
    return defects


def _wrong_rights(node: _Node, stat: os.stat_result, rights: Rights) -> Iterator[str]:
    is_right_kind = S_ISDIR(stat.st_mode) if node.is_folder else S_ISREG(stat.st_mode)
    if not is_right_kind:
        yield "is not a folder" if node.is_folder else "is not a plain file"
        return
    if stat.st_mode & 0o7777 != node.mode:
        yield f"has mode {stat.st_mode & 0o7777:04o} instead of {node.mode:04o}"
    if stat.st_gid != rights.gid(node.access):
        yield f"belongs to group {stat.st_gid} instead of {rights.gid(node.access)}"


def _wrong_content(
    generation: Generation,
    path: str,
    node: _Node,
    stat: os.stat_result,
    hashed: dict[int, str] | None,
) -> str | None:
    if node.bytes is None:
        return None
    if stat.st_size != node.bytes:
        return f"has {stat.st_size} bytes instead of {node.bytes}"
    if hashed is None:
        return None
    if stat.st_ino not in hashed:
        with generation.opened(path) as stream:
            hashed[stat.st_ino] = hashlib.file_digest(stream, "sha256").hexdigest()
    return None if hashed[stat.st_ino] == node.sha256 else "has other content than was published"
