"""A broker that is a folder of this machine, as in the demo without hosts."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from ...errors import LaptopError
from .wanted import BytesProgress, Wanted

__all__ = ["LocalSource"]


class LocalSource:
    """Copies files; needs no rsync."""

    def __init__(self, name: str, folder: Path, progress: BytesProgress) -> None:
        """``folder`` holds ``server/`` and ``user/`` as an analyst's home on a broker does."""
        self.name = name
        self._folder = folder
        self._progress = progress

    def fetch(self, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None) -> int:  # noqa: ARG002  nothing is gained by it
        """See ``FileSource``."""
        if not (self._folder / "server").is_dir():
            raise LaptopError(
                "this is not the folder of a broker",
                where=self.name,
                expected="a folder with server/ in it",
            )
        moved = 0
        for item in wanted:
            # Once: a broker moves the link while files are copied.
            root = (self._folder / "server" / item.folder).resolve()
            for path in item.paths:
                if (root / path).is_file() and _is_short(root / path, item.most_bytes):
                    moved += _copy(root / path, into / path)
                    self._progress(moved)
        return moved

    def push(self, folder: Path, excluded: Collection[str]) -> None:
        """See ``FileSource``."""
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder).as_posix()
            if path.is_file() and not path.is_symlink() and relative not in excluded:
                _copy(path, self._folder / "user" / relative)

    def close(self) -> None:
        """See ``FileSource``. Nothing stays open."""


def _is_short(place: Path, most_bytes: int | None) -> bool:
    return most_bytes is None or place.stat().st_size <= most_bytes


def _copy(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target)
    return target.stat().st_size
