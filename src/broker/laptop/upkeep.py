"""This program kept as the broker has it: a whole set of files, whose list a pinned key signed.

Who can write the scripts of a broker, but cannot sign, has nothing run here; not even an older set.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..errors import LaptopError
from ..foreign.text import shown
from ..manifest.signature import FOR_SCRIPTS
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
_MOST_OF_A_FILE = 64 << 20  # the program itself is one of them
# When a broker took its set of scripts into use.
_MADE = "scripts/made"
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MOST_OF_A_MOMENT = 100


def take_over(workspace: Workspace, source: FileSource) -> bool:
    """Bring ``server/scripts`` and ``server/examples`` to what the broker offers, if it differs.

    Returns whether anything changed. Raises ``LaptopError`` with nothing changed where what is
    offered is not signed, older than what is here, or not a whole set, as on a broker that is just
    being deployed.
    """
    offered = offered_in(workspace) / LIST
    try:
        with offered.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise _not_whole(source.name, f"{LIST} is missing") from None
    listed = _read(content, source.name)
    if _is_here(workspace, content, listed):
        return False
    signature = offered.with_name(f"{LIST}.sig")
    what = f"the scripts of {source.name}"
    check_signature(workspace, content, signature, what, namespace=FOR_SCRIPTS)
    arriving = workspace.server / ".scripts"  # server/ may be a link to another disk
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        _fetch(source, arriving, listed)
        _refuse_older(workspace, arriving, source.name)
        for name in (LIST, f"{LIST}.sig"):
            shutil.copyfile(offered.with_name(name), arriving / "scripts" / name)
        _replace(workspace, arriving, [*listed, *_SIGNED])
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return True


def _fetch(source: FileSource, arriving: Path, listed: dict[str, str]) -> None:
    """Have the whole set in a folder of its own, or raise ``LaptopError``."""
    for part in _PARTS:
        names = {path.partition("/")[2] for path in listed if path.startswith(f"{part}/")}
        source.fetch([Wanted(part, names, most_bytes=_MOST_OF_A_FILE)], arriving / part)
    for path, digest in listed.items():
        place = arriving / path
        if place.is_symlink() or not place.is_file():
            raise _not_whole(source.name, f"{path} is missing")
        if digest_of(place) != digest:
            raise _not_whole(source.name, f"{path} is not as {LIST} has it")


def _read(content: bytes, name: str) -> dict[str, str]:
    """The SHA-256 of each file by its path."""
    found = {}
    if len(content) > _MOST_BYTES:
        raise _not_whole(name, f"{LIST} has more than {_MOST_BYTES} bytes")
    lines = content.decode("ascii", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise _not_whole(name, f"line {number} of {LIST} cannot be read")
        found[match[2]] = match[1]
    if _START not in found:
        raise _not_whole(name, f"{LIST} does not list {_START}")
    return found


def _refuse_older(workspace: Workspace, arriving: Path, name: str) -> None:
    """An old set keeps its signature, and its flaws: who cannot sign could offer it again."""
    here = _made(workspace.server / _MADE)
    offered = _made(arriving / _MADE)
    if here is None or (offered is not None and offered >= here):
        return
    of = f"of {offered}" if offered is not None else "of an older release"
    raise LaptopError(
        f"{name} offers scripts {of}, and yours are of {here}",
        remedy="Yours and your data stay as they are. Ask its operator; if they went back on "
        f"purpose, remove server/{_MADE} and sync again.",
    )


def _made(place: Path) -> str | None:
    """When the set in a folder came into use, as text that sorts; None for one that hides it."""
    try:
        with place.open("rb") as stream:
            text = stream.read(_MOST_OF_A_MOMENT).decode("ascii", "replace").strip()
    except OSError:
        return None
    return text if _MOMENT.fullmatch(text) else None


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


def _is_same(offered: Path, here: Path) -> bool:
    is_file = here.is_file() and not here.is_symlink()
    return is_file and here.read_bytes() == offered.read_bytes()


def _replace(workspace: Workspace, arriving: Path, wanted: Iterable[str]) -> None:
    """File by file, each in one rename, the script that people start last: a run that is cut off
    leaves scripts that fetch the rest."""
    paths = set(wanted)
    for path in sorted(paths, key=lambda path: (path == _START, path)):
        target = workspace.server / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        # Windows does not let a script be replaced that is being run.
        if not _is_same(arriving / path, target):
            (arriving / path).replace(target)
    for part in _PARTS:
        folder = workspace.server / part
        for path, entry in list(present(folder, f"{part}/")) if folder.is_dir() else ():
            if path not in paths and "/__pycache__/" not in path:
                Path(entry.path).unlink()
