"""A broker that ssh reaches, by the rsync of this laptop: rsync 3, or the openrsync of a Mac.

Each option stands in ``rsync_options.txt`` beside this file: both programs know it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from ...errors import LaptopError
from ...portable import inherited
from ..workspace import Workspace
from .complaints import NO_SESSION, as_rsync_3, complaint, is_absent, is_refusal, met_a_publish
from .connection import pause_seconds, ssh_options
from .patterns import pattern, rules
from .shared import SharedConnection
from .wanted import BytesProgress, Wanted

__all__ = ["RsyncSource"]

_TRIES = 3
# Socket, protocol, files that vanished, timeouts, and ssh itself: a second try may mend them.
_PASSING = frozenset({10, 12, 24, 30, 35, NO_SESSION, 255})
# "Total bytes received: 1,234" of rsync 3, "Total received: 1234 B" of openrsync.
_MOVED = re.compile(r"[Tt]otal (?:bytes )?(?:received|sent):\s*([0-9.,]+)")
_PROGRESS = re.compile(r"\s*([0-9][0-9,.]*)\s+([0-9]+)%")
_NO_QUESTION = ["-o", "BatchMode=yes"]


class RsyncSource:
    """Runs rsync, three times where the network may be the reason that it failed."""

    def __init__(
        self,
        name: str,
        workspace: Workspace,
        lock: int,
        progress: BytesProgress,
        say: Callable[[str], None],
    ) -> None:
        """``lock`` is held by rsync as well: it may outlive the sync that began it."""
        self.name = name
        self._workspace = workspace
        self._lock = lock
        self._progress = progress
        self._say = say
        self._shared = SharedConnection(name, workspace)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._interrupted = threading.Event()

    def close(self) -> None:
        """See ``FileSource``."""
        self._shared.close()

    def fetch(self, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None) -> int:
        """See ``FileSource``. A broker takes one folder per connection; several go side by side."""
        into.mkdir(parents=True, exist_ok=True)
        absent = frozenset(item.folder for item in wanted if item.may_be_absent)
        return self._side_by_side([self._fetching(item, into, basis) for item in wanted], absent)

    def push(self, folder: Path, excluded: Collection[str]) -> None:
        """See ``FileSource``."""
        left_out = self._workspace.state / "left-out"
        left_out.write_text("".join(f"/{pattern(path)}\n" for path in excluded))
        options = ["--recursive", "--links", "--times", f"--exclude-from={left_out}"]
        self._side_by_side([("user", [*options, f"{folder}/", f"{self.name}:user/"])])

    def _fetching(
        self, wanted: Wanted, into: Path, basis: Path | None
    ) -> tuple[str, Sequence[str]]:
        """What is fetched, and rsync's arguments for it."""
        chosen = self._workspace.state / f"wanted-{wanted.folder}"
        chosen.write_text("".join(f"{line}\n" for line in rules(wanted.paths, wanted.listed)))
        options = ["--recursive", "--times", "--partial-dir=.partial", f"--include-from={chosen}"]
        options += ["--exclude=*"]
        if wanted.by_content:
            options.append("--checksum")
        if wanted.most_bytes is not None:
            options.append(f"--max-size={wanted.most_bytes}")
        if basis is not None:
            options.append(f"--link-dest={basis}")
        place = f"{self.name}:server/{wanted.folder}/"
        return wanted.folder, [*options, place, f"{into}/"]

    def _side_by_side(
        self, transfers: Sequence[tuple[str, Sequence[str]]], absent: Collection[str] = ()
    ) -> int:
        """Run them all; returns the bytes that were moved. Folders in ``absent`` need not exist.

        openrsync leads a process group of its own, so Ctrl-C does not reach it.
        """
        with ThreadPoolExecutor(max_workers=len(transfers)) as pool:
            try:
                return sum(
                    pool.map(lambda one: self._run(*one, may_be_absent=one[0] in absent), transfers)
                )
            except KeyboardInterrupt:
                self._interrupted.set()
                for process in [*self._running]:
                    process.terminate()
                raise

    def _run(self, what: str, arguments: Sequence[str], *, may_be_absent: bool) -> int:
        if shutil.which("rsync") is None:
            raise LaptopError(
                "rsync is missing", remedy="Install it (on Debian: sudo apt install rsync)."
            )
        for attempt in range(1, _TRIES + 1):
            ended, moved, errors = self._once(what, arguments)
            if ended == 0 or (may_be_absent and is_absent(what, errors)):
                return moved
            code = as_rsync_3(ended, errors)
            is_passing = code in _PASSING or (code == 23 and met_a_publish(errors))
            if attempt == _TRIES or not is_passing or is_refusal(errors):
                break
            self._say(f"the transfer broke off (rsync exit code {ended}), trying again")
            if self._interrupted.wait(attempt * pause_seconds()):
                break
        raise LaptopError(
            complaint(code, errors, self.name, self._ssh(), root=self._workspace.root)
        )

    def _ssh(self) -> list[str]:
        options = ssh_options(self._workspace)
        named = os.environ.get("RSYNC_RSH")
        words = [*named.split(), *options[options.index("-o") :]] if named else ["ssh", *options]
        # Without a terminal ssh must not ask.
        return words if sys.stdin.isatty() else [*words, *_NO_QUESTION]

    def _ssh_of_rsync(self) -> list[str]:
        """The same for what rsync starts. In openrsync's own process group it would be stopped."""
        return [*self._ssh(), *(_NO_QUESTION if _is_openrsync() else [])]

    def _once(self, what: str, arguments: Sequence[str]) -> tuple[int, int, str]:
        """The exit code, bytes that were moved, and what was complained of."""
        if "RSYNC_RSH" not in os.environ:  # that may name anything
            code, complaints = self._shared.open(self._ssh())
            if code:
                return code, 0, complaints
        through = self._shared.words()
        shell = " ".join([*self._ssh_of_rsync(), *through])
        line = ["rsync", f"--rsh={shell}", "--timeout=60", "--stats", "--progress"]
        state = self._workspace.state
        with (
            (state / f"rsync-{what}.err").open("w+") as errors,
            (state / "rsync.log").open("a") as log,
        ):
            reading, writing = os.pipe()
            with (
                os.fdopen(reading, "rb") as output,
                subprocess.Popen(
                    [*line, *arguments],
                    cwd=self._workspace.root,
                    stdout=writing,
                    stderr=errors,
                    pass_fds=inherited(self._lock),
                ) as process,
            ):
                os.close(writing)
                self._running.add(process)
                if self._interrupted.is_set():
                    process.terminate()
                moved = self._follow(output, log)
            self._running.remove(process)
            errors.seek(0)
            complaints = errors.read(100_000)
            if through and as_rsync_3(process.returncode, complaints) in _PASSING:
                self._shared.leave()
            return process.returncode, moved, complaints

    def _follow(self, output: IO[bytes], log: IO[str]) -> int:
        """Tell of the progress while rsync runs; returns the bytes that it says it moved."""
        moved, done, current = 0, 0, 0
        for line in _lines(output):
            found = _PROGRESS.match(line)
            if found is None:
                log.write(line + "\n")
                moved += sum(_number(number) for number in _MOVED.findall(line))
                continue
            current = _number(found[1])
            if found[2] == "100":
                done, current = done + current, 0
            self._progress(done + current)
        return moved


@cache
def _is_openrsync() -> bool:
    shown = subprocess.run(["rsync", "--version"], check=False, capture_output=True, text=True)
    return shown.stdout.startswith("openrsync")


def _lines(output: IO[bytes]) -> Iterator[str]:
    """As they come: rsync ends a line of progress with a carriage return."""
    rest = b""
    while piece := os.read(output.fileno(), 65536):
        *whole, rest = re.split(rb"[\r\n]", rest + piece)
        yield from (line.decode(errors="replace") for line in whole if line.strip())
    if rest.strip():
        yield rest.decode(errors="replace")


def _number(text: str) -> int:
    """Digits in groups, by whichever mark this language has."""
    with suppress(ValueError):
        return int(re.sub(r"[^0-9]", "", text))
    return 0
