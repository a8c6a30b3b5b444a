"""A broker that ssh reaches, by OpenSSH's sftp: for a laptop without rsync.

Whole files alone: sftp knows no differences and no lists of hashes. What has arrived of a file
stays in ``.partial/``, and the next attempt goes on behind it; what comes of a file that changed
meanwhile is found by its hash, as everything is, and fetched anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import IO

from ...errors import LaptopError
from ...portable import inherited
from ..workspace import Workspace
from .complaints import complaint, is_refusal
from .connection import pause_seconds, ssh_options
from .wanted import BytesProgress, Wanted

__all__ = ["SftpSource"]

_TRIES = 3
_PARTIAL = ".partial"
_LOOK_SECONDS = 0.05
_BROKEN = 255
_FULL = "No space left on device"
_ABSENT = re.compile(r'^File ".*" not found\.$', re.MULTILINE)  # and so not wanted
_PROMPT = b"sftp> "  # before each command of a batch, as it begins


class SftpSource:
    """Runs sftp, three times where the network may be the reason that it failed."""

    def __init__(
        self,
        name: str,
        workspace: Workspace,
        lock: int,
        progress: BytesProgress,
        say: Callable[[str], None],
    ) -> None:
        """``lock`` is held by sftp as well: it may outlive the sync that began it."""
        self.name = name
        self._workspace = workspace
        self._lock = lock
        self._progress = progress
        self._say = say

    def fetch(self, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None) -> int:  # noqa: ARG002  whole files alone
        """See ``FileSource``. Several folders come side by side, each with its own limit."""
        with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
            return sum(pool.map(lambda item: self._fetch(item, into), wanted))

    def push(self, folder: Path, excluded: Collection[str]) -> None:  # noqa: ARG002  see below
        """Always raises ``LaptopError``: brokers let nothing be written by sftp."""
        raise LaptopError(
            "user/ can be sent by rsync alone",
            remedy="The data are up to date. Install rsync, and sync with --push again.",
        )

    def close(self) -> None:
        """See ``FileSource``. Nothing stays open."""

    def _fetch(self, wanted: Wanted, into: Path) -> int:
        """Bring the files that are there, and return what they weigh."""
        session = _Session(wanted, into, self._workspace.root)
        for attempt in range(1, _TRIES + 1):
            code, errors = self._once(session)
            if code == 0:
                break
            if attempt == _TRIES or code != _BROKEN or is_refusal(errors):
                arrived = 12 if session.began and code == _BROKEN else code
                line, root = ["ssh", *ssh_options(self._workspace)], self._workspace.root
                raise LaptopError(
                    complaint(arrived, errors, self.name, line, root=root, program="sftp")
                )
            self._say("the transfer broke off, trying again")
            time.sleep(attempt * pause_seconds())
        moved = session.take()
        self._progress(moved)
        return moved

    def _once(self, session: _Session) -> tuple[int, str]:
        """The exit code of sftp, and what it complained of."""
        state = self._workspace.state
        batch = state / f"sftp-{session.wanted.folder}.batch"
        batch.write_text(session.commands(), encoding="utf-8", newline="\n")
        # -b keeps ssh from asking, also where a person could answer.
        asks = ["-oBatchMode=no"] if sys.stdin.isatty() else []
        commands = _seen_from(self._workspace.root, batch)
        line = ["sftp", "-q", *asks, *ssh_options(self._workspace), "-b", commands, self.name]
        reading, writing = os.pipe()
        with (
            (state / f"sftp-{session.wanted.folder}.err").open("w+", errors="replace") as errors,
            os.fdopen(reading, "rb") as output,
            subprocess.Popen(
                line,
                cwd=self._workspace.root,
                stdin=None if asks else subprocess.DEVNULL,
                stdout=writing,
                stderr=errors,
                pass_fds=inherited(self._lock),
            ) as process,
        ):
            os.close(writing)
            reader = Thread(target=session.follow, args=(output,), daemon=True)
            reader.start()
            while process.poll() is None:
                time.sleep(_LOOK_SECONDS)
                self._progress(session.size())
                if session.is_too_long():
                    process.kill()
            reader.join()
            errors.seek(0)
            complaints = _ABSENT.sub("", errors.read(100_000))
        if session.leave_too_long():
            return self._once(session)
        code = 11 if _FULL in complaints else process.returncode
        return code, complaints


class _Session:
    """The files of one transfer, and how far it is."""

    def __init__(self, wanted: Wanted, into: Path, root: Path) -> None:
        """``root`` is the folder in which sftp runs."""
        self.wanted = wanted
        self._root = root
        self.began = False
        self._into = into
        self._paths = sorted(wanted.paths)
        self._current = 0
        self._done = 0
        self._before = sum(self._size(path) for path in self._paths if _can_go_on(path))

    def commands(self) -> str:
        """What sftp is to do; a file that is not there is none of its errors."""
        self._current = self._done = 0
        lines = []
        for path in self._paths:
            place = self._partial(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not _can_go_on(path):  # it may be gone at the broker by now
                place.unlink(missing_ok=True)
            verb = "reget" if place.exists() else "get"
            far = _quoted(f"server/{self.wanted.folder}/{path}")
            lines.append(f"-{verb} {far} {_quoted(_seen_from(self._root, place))}\n")
        return "".join(lines)

    def follow(self, output: IO[bytes]) -> None:
        """Count the commands as sftp begins them."""
        begun = 0
        for line in output:
            if line.startswith(_PROMPT):
                if begun:
                    self._done += self._size_of(begun - 1)
                begun += 1
                self._current = begun
                self.began = True

    def size(self) -> int:
        """The bytes that have arrived."""
        return self._done + self._size_of(self._current - 1)

    def is_too_long(self) -> bool:
        """Whether the file that is arriving is longer than any may be."""
        most = self.wanted.most_bytes
        return most is not None and self._size_of(self._current - 1) > most

    def leave_too_long(self) -> bool:
        """Give up on files that are longer; returns whether there were some."""
        most = self.wanted.most_bytes
        if most is None:
            return False
        longer = [path for path in self._paths if self._size(path) > most]
        for path in longer:
            self._partial(path).unlink()
            self._paths.remove(path)
        return bool(longer)

    def take(self) -> int:
        """Move what has arrived to its place; returns the bytes that came over the wire.

        The folders stay, empty: another session may be at work in them.
        """
        moved = 0
        for path in self._paths:
            arrived = self._partial(path)
            if arrived.is_file():
                moved += arrived.stat().st_size
                arrived.replace(self._into / path)
        return max(0, moved - self._before)

    def _partial(self, path: str) -> Path:
        """Where a file is while it arrives: as with rsync, in a folder beside its place."""
        place = self._into / path
        return place.parent / _PARTIAL / place.name

    def _size_of(self, number: int) -> int:
        return self._size(self._paths[number]) if 0 <= number < len(self._paths) else 0

    def _size(self, path: str) -> int:
        try:
            return self._partial(path).stat().st_size
        except OSError:
            return 0


def _can_go_on(path: str) -> bool:
    """Of other files the broker may have another version each time."""
    return path.endswith(".parquet")


def _seen_from(root: Path, place: Path) -> str:
    """A place of this laptop as sftp takes it on every system: with slashes, from its folder."""
    return (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()


def _quoted(path: str) -> str:
    """As a word of a batch: in quotes a pattern is its own characters; see sftp(1)."""
    if "\n" in path or "\0" in path:
        raise LaptopError("sftp cannot name a file with a line end in its path", where=path)
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
