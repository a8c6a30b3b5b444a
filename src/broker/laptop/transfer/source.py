"""A broker as a source of files: a host that ssh reaches, or a folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from ...errors import LaptopError
from ..starting import SYNC
from ..workspace import Workspace
from .local import LocalSource
from .rsync import RsyncSource
from .sftp import SftpSource
from .wanted import BytesProgress, Wanted

__all__ = ["FileSource", "Wanted", "name_of", "open_source", "remembered_name"]

_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9a-fA-F:]+")


class FileSource(Protocol):
    """Where files come from."""

    name: str

    def fetch(self, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None) -> int:
        """Bring what is there of these files below ``into``; returns the bytes that were moved.

        ``basis`` is a folder with versions of the same files. Raises ``LaptopError``; what has
        arrived by then stays.
        """

    def push(self, folder: Path, excluded: Collection[str]) -> None:
        """Send what is below ``folder`` to the analyst's ``user/``, and remove nothing there."""

    def close(self) -> None:
        """End what is open towards the broker."""


def name_of(words: str) -> str:
    """The name of a broker as a person gives it; raises ``LaptopError`` for what ssh cannot use."""
    if "/" in words and not words.startswith("ssh:"):
        return words.rstrip("/") or "/"
    if _HOST.fullmatch(words) is None:
        raise LaptopError(
            "this does not name a broker",
            expected="NAME@HOST as ssh takes it, or a folder",
            found=words,
            remedy="A port belongs into .broker/ssh_config, as: Port 2222",
        )
    return words


def remembered_name(workspace: Workspace) -> str:
    """The broker that this folder synced from last; raises ``LaptopError`` where there is none."""
    try:
        return (workspace.state / "host").read_text().strip()
    except FileNotFoundError:
        raise LaptopError(
            "which broker?",
            remedy=f"Say it once: {SYNC} YOU@HOST",
        ) from None


def open_source(
    name: str,
    workspace: Workspace,
    lock: int,
    progress: BytesProgress,
    say: Callable[[str], None],
    *,
    by_sftp: bool = False,
) -> FileSource:
    """The source of this name. ``lock`` is a descriptor that lives as long as a transfer.

    A host is asked by rsync, or by sftp where that is missing or ``by_sftp`` wants it.
    """
    if "/" in name:
        return LocalSource(name, Path(name), progress)
    if by_sftp or (shutil.which("rsync") is None and shutil.which("sftp") is not None):
        return SftpSource(name, workspace, lock, progress, say)
    return RsyncSource(name, workspace, lock, progress, say)
