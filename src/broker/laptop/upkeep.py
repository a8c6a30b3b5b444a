"""This program kept as the broker has it: a whole set of files, whose list a pinned key signed.

Who can write the scripts of a broker, but cannot sign, has nothing run here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..errors import LaptopError
from ..foreign.text import shown
from .announcement import LIST, offered_in
from .shelf import digest_of, present
from .transfer import FileSource, Wanted
from .trust import check_signature
from .workspace import Workspace

__all__ = ["take_over"]

_START = "scripts/sync_data.sh"
_PARTS = ("scripts", "examples")
# Beside what the list names: no more than data, of which the list cannot hold the hash.
_SIGNED = (f"scripts/{LIST}", f"scripts/{LIST}.sig")
_LINE = re.compile(r"([0-9a-f]{64})  ((?:scripts|examples)(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+)")
_MOST_BYTES = 1 << 20


def take_over(workspace: Workspace, source: FileSource) -> bool:
    """Bring ``server/scripts`` and ``server/examples`` to what the broker offers, if it differs.

    Returns whether anything changed. Raises ``LaptopError`` with nothing changed where what is
    offered is not signed, or not a whole set, as on a broker that is just being deployed.
    """
    offered = offered_in(workspace) / LIST
    try:
        content = offered.read_bytes()
    except FileNotFoundError:
        raise _not_whole(source.name, f"{LIST} is missing") from None
    listed = _read(content, source.name)
    if _is_here(workspace, content, listed):
        return False
    check_signature(
        workspace, content, offered.with_name(f"{LIST}.sig"), f"the scripts of {source.name}"
    )
    arriving = workspace.state / "offered-scripts"
    shutil.rmtree(arriving, ignore_errors=True)
    for part in _PARTS:
        names = {path.partition("/")[2] for path in listed if path.startswith(f"{part}/")}
        source.fetch([Wanted(part, names)], arriving / part)
    for path, digest in listed.items():
        place = arriving / path
        if place.is_symlink() or not place.is_file():
            raise _not_whole(source.name, f"{path} is missing")
        if digest_of(place) != digest:
            raise _not_whole(source.name, f"{path} is not as {LIST} has it")
    for name in (LIST, f"{LIST}.sig"):
        shutil.copyfile(offered.with_name(name), arriving / "scripts" / name)
    _replace(workspace, arriving, [*listed, *_SIGNED])
    shutil.rmtree(arriving)
    return True


def _read(content: bytes, name: str) -> dict[str, str]:
    """The SHA-256 of each file by its path."""
    found = {}
    lines = content[:_MOST_BYTES].decode("ascii", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise _not_whole(name, f"line {number} of {LIST} cannot be read")
        found[match[2]] = match[1]
    if _START not in found:
        raise _not_whole(name, f"{LIST} does not list {_START}")
    return found


def _not_whole(name: str, why: str) -> LaptopError:
    return LaptopError(
        f"{name} does not offer a whole set of scripts ({shown(why, 200)})",
        remedy="Yours and your data stay as they are. Run this again in a minute; if it says the "
        "same, tell the operator.",
    )


def _is_here(workspace: Workspace, content: bytes, listed: dict[str, str]) -> bool:
    own = workspace.server / "scripts" / LIST
    if not own.is_file() or own.read_bytes() != content:
        return False
    places = {path: workspace.server / path for path in listed}
    return all(p.is_file() and digest_of(p) == listed[path] for path, p in places.items())


def _replace(workspace: Workspace, arriving: Path, wanted: Iterable[str]) -> None:
    """File by file, each in one rename, the script that people start last: a run that is cut off
    leaves scripts that fetch the rest."""
    paths = set(wanted)
    for path in sorted(paths, key=lambda path: (path == _START, path)):
        target = workspace.server / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        (arriving / path).replace(target)
    for part in _PARTS:
        folder = workspace.server / part
        for path, entry in list(present(folder, f"{part}/")) if folder.is_dir() else ():
            if path not in paths and "/__pycache__/" not in path:
                Path(entry.path).unlink()
