"""Hold a generation to its manifest: every file there, of its size and sha256, and no other."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .foreign.paths import inside
from .foreign.text import shown
from .manifest import NAME, File, Manifest, ManifestError, read_in

__all__ = ["amount_to_fetch", "remove", "wrong_files"]

OWN = {NAME, f"{NAME}.sig"}
CHUNK_BYTES = 1 << 20
SPARE_BYTES = 64 << 20


def wrong_files(tree: Path, *, sizes_only: bool = False) -> list[str]:
    """The paths that are missing, different, or not in the manifest; sorted.

    Raises ``ValueError`` where something is neither a folder nor a plain file: a broker publishes
    no links, and behind one everything that is done to a path is done to another.
    """
    listed = read_in(tree).files
    present = set(_present(tree))

    def differs(path: str) -> bool:
        return path not in present or not _fits(tree / path, listed[path], sizes_only)

    with ThreadPoolExecutor(max_workers=4) as pool:
        wrong = {path for path, is_wrong in pool.map(lambda p: (p, differs(p)), listed) if is_wrong}
    return sorted(wrong | (present - listed.keys() - OWN))


def remove(tree: Path, paths: list[str]) -> None:
    """Remove files of the tree. Raises ``ValueError``, before anything is removed, if one leads
    out of it."""
    places = [inside(tree, path) for path in paths]
    for place in places:
        place.unlink(missing_ok=True)


def _present(folder: Path, base: str = "") -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = base + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _present(folder / entry.name, f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                yield path
            else:
                raise ValueError(
                    f"{shown(path, 300)} is a link or a device, which no broker publishes. "
                    "Nothing was changed here. Tell the broker's operator."
                )


def _fits(path: Path, file: File, sizes_only: bool) -> bool:
    if path.stat().st_size != file.bytes:
        return False
    return sizes_only or _sha256(path) == file.sha256


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def amount_to_fetch(offered: Path, tree: Path) -> str:
    """How much there is to fetch, in words; raises ``OSError`` where the disk has no room.

    Raises ``ValueError`` where no table is offered and some are here: a broker that lost its data
    looks the same, and nothing is given up for it.
    """
    manifest, here = read_in(offered), _known(tree)
    if not manifest.tables and here is not None and here.tables:
        raise ValueError(
            f"generation {manifest.generation} has no table, and you have {len(here.tables)}. "
            "Nothing was changed here. Ask the broker's operator; if that is right, remove the "
            "link server/current and sync again."
        )
    wanted = manifest.files.values()
    known = {file.sha256 for file in here.files.values()} if here is not None else set()
    sizes = [file.bytes for file in wanted if file.sha256 not in known]
    free = shutil.disk_usage(offered).free
    if sum(sizes) + SPARE_BYTES > free:
        raise OSError(
            f"the new data needs {sum(sizes) / 1e6:.0f} MB, "
            f"but only {free / 1e6:.0f} MB are left on this disk."
        )
    return (
        f"generation {manifest.generation}: "
        f"{len(sizes)} of {len(wanted)} files are new, {sum(sizes) / 1e6:.1f} MB"
    )


def _known(tree: Path) -> Manifest | None:
    """What is here already; where that is not known, all is fetched."""
    try:
        return read_in(tree)
    except (FileNotFoundError, ManifestError):
        return None
