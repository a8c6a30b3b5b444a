"""The limits of analysts' slices: one drop-in for all, and a link to it beside each slice.

logind puts whoever logs in into ``user-UID.slice``. A drop-in for ``user-.slice`` would limit
root and every administrator as well, so each analyst's slice has a link of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..files import make_dir

__all__ = ["place_limits", "read_limited"]

_LINK = "50-data-broker.conf"
_FRESH = f".{_LINK}.new"
_TARGET = Path("../broker-analyst.slice.d/limits.conf")  # written by the role `base`
_FOLDER = re.compile(r"user-([0-9]{1,9})\.slice\.d")


def read_limited(units: Path) -> frozenset[int]:
    """The uids whose slices have the limits of analysts."""
    found = set()
    for folder in units.glob("user-*.slice.d"):
        uid, link = _FOLDER.fullmatch(folder.name), folder / _LINK
        if uid is not None and link.is_symlink() and link.readlink() == _TARGET:
            found.add(int(uid[1]))
    return frozenset(found)


def place_limits(units: Path, added: Iterable[int], removed: Iterable[int]) -> None:
    """Link the limits to some slices and unlink them from others; other drop-ins stay.

    systemd finds a new folder when it next loads that slice (its search path is newer than its
    cache), so only a slice that is in use needs a reload.
    """
    for uid in added:
        folder = _folder(units, uid)
        make_dir(folder, mode=0o755)
        (folder / _FRESH).unlink(missing_ok=True)
        (folder / _FRESH).symlink_to(_TARGET)
        (folder / _FRESH).replace(folder / _LINK)
    for uid in removed:
        folder = _folder(units, uid)
        for name in (_FRESH, _LINK):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # somebody else has a drop-in there
            folder.rmdir()


def _folder(units: Path, uid: int) -> Path:
    return units / f"user-{uid}.slice.d"
