"""Writes the files for agents after each sync, and leaves alone what is not as we may change it."""

from __future__ import annotations

import errno
from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ..workspace import Workspace
from . import commands
from .block import BEGIN
from .files import FILES, FileFacts, Render

__all__ = ["read_own", "write_agent_files"]

_MODE = 0o644
_PRIVATE = 0o600
_OURS = (BEGIN.encode(), commands.MODULE.encode())  # in each file that has a part of ours
_MOST_BYTES = 4 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}


def write_agent_files(workspace: Workspace) -> tuple[str, ...]:
    """Bring them to the generation in use; returns a sentence for each that was left as it was.

    A file that would not change is not written. Raises ``LaptopError`` before the first sync, and
    ``OSError`` where the disk is full.
    """
    manifest, _ = workspace.in_use()
    facts = FileFacts(workspace.root, manifest)
    problems = []
    for path, render in FILES.items():
        try:
            _write(workspace.root, path, render, facts)
        except LaptopError as error:
            problems.append(str(error))
        except OSError as error:
            if error.errno in _FULL:
                raise  # one sentence, not one for each file
            problems.append(str(LaptopError(f"it cannot be written: {error}", where=path)))
    return tuple(problems)


def _write(root: Path, path: str, render: Render, facts: FileFacts) -> None:
    place = root / path
    if path == "CLAUDE.md" and place.is_symlink() and place.resolve() == root / "AGENTS.md":
        return  # as good as the import
    existing = read_own(root, path)
    content = render(existing, facts)
    if content == existing:
        return
    if existing is not None and not any(mark in existing for mark in _OURS):
        _back_up(root, path, existing)
    place.parent.mkdir(exist_ok=True)
    mode = place.stat().st_mode & 0o777 if existing is not None else _MODE
    write_atomic(place, content, mode=mode, durable=False)


def _back_up(root: Path, path: str, existing: bytes) -> None:
    """Keep a file as it was before it was changed here for the first time."""
    backup = Workspace(root).state / "agents" / "before" / path
    if not backup.exists():
        backup.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(backup, existing, mode=_PRIVATE, durable=False)


def read_own(root: Path, path: str) -> bytes | None:
    """The content of a file in the folder; None if there is none.

    Raises ``LaptopError`` for what is not a plain file there: a link may lead anywhere.
    """
    place = root / path
    for part in (place.parent, place):
        if part.is_symlink():
            raise _strange(path, f"a link at {part.relative_to(root)}")
    if not place.exists():
        return None
    if not place.is_file():
        raise _strange(path, "something else")
    with place.open("rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise _strange(path, f"more than {_MOST_BYTES:,} bytes")
    return content


def _strange(path: str, found: str) -> LaptopError:
    return LaptopError(
        "this file is left as it is, without the broker's part",
        where=path,
        expected="a plain file in this folder, or none",
        found=found,
        remedy="Move it away; the next sync writes it.",
    )
