"""Take over the scripts that a broker offers: ``python3 -m laptop.scripts OFFERED SERVER``.

``OFFERED`` holds ``scripts`` and ``examples`` as they were fetched, ``SERVER`` those in use.
Only a set of which each listed file is there as listed is taken over, and nothing that the list
does not name: the caller has checked its signature. Each file is replaced in one rename,
the script that people start last: a run that is cut off leaves scripts that fetch the rest.
This module knows of the others only what shows text, so that it works whatever they have become.

Exit code 4: the set is not whole, and one sentence on stdout says why; nothing was changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from .foreign.text import shown

LIST = "scripts/SHA256SUMS"
# Beside what the list names: no more than data, of which the list cannot hold the hash.
NOT_LISTED = {LIST, f"{LIST}.sig", "scripts/allowed_signers"}
START = "scripts/sync_data.sh"
PARTS = ("scripts", "examples")
NOT_WHOLE = 4
_LINE = re.compile(r"([0-9a-f]{64})  ((?:scripts|examples)(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+)")
_MOST_BYTES = 1 << 20


class NotWholeError(ValueError):
    """What is offered is not a whole set."""


def check(offered: Path) -> None:
    """Raise ``NotWholeError`` unless each file of the list is there as the list has it."""
    listed = read_list(offered / LIST)
    if START not in listed:
        raise NotWholeError(f"{LIST} does not list {START}")
    there = set(all_files(offered))
    for path, digest in listed.items():
        if path not in there:
            raise NotWholeError(f"{path} is missing")
        if hashlib.sha256((offered / path).read_bytes()).hexdigest() != digest:
            raise NotWholeError(f"{path} is not as {LIST} has it")


def read_list(path: Path) -> dict[str, str]:
    """The SHA-256 of each file by its path."""
    try:
        with path.open("rb") as stream:
            lines = stream.read(_MOST_BYTES).decode("ascii", "replace").splitlines()
    except OSError:
        raise NotWholeError(f"{LIST} is missing") from None
    found = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotWholeError(f"line {number} of {LIST} cannot be read")
        found[match[2]] = match[1]
    return found


def take_over(offered: Path, server: Path) -> None:
    """Bring ``server`` to what is offered, file by file. Raises ``OSError``."""
    wanted = read_list(offered / LIST).keys() | NOT_LISTED & {*all_files(offered)}
    for path in sorted(wanted, key=lambda path: (path == START, path)):
        replace(offered / path, server / path)
    for path in all_files(server):
        if path not in wanted:
            (server / path).unlink()


def all_files(folder: Path) -> list[str]:
    """What is a plain file in either part, and no link to one."""
    return [path for part in PARTS for path in files(folder / part, f"{part}/")]


def files(folder: Path, base: str) -> Iterator[str]:
    """The plain files of a folder that Python did not make itself."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from files(folder / entry.name, f"{base}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield base + entry.name


def replace(source: Path, target: Path) -> None:
    """Let ``target`` be ``source`` in one rename, if it is not."""
    content = source.read_bytes()
    if target.is_file() and not target.is_symlink() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    arriving = target.with_name(f".{target.name}.new")
    arriving.unlink(missing_ok=True)
    arriving.write_bytes(content)
    shutil.copystat(source, arriving)
    arriving.replace(target)


def main(offered: str, server: str) -> int:
    """The command line."""
    try:
        check(Path(offered))
    except NotWholeError as error:
        sys.stdout.write(f"{shown(error, 300)}\n")
        return NOT_WHOLE
    take_over(Path(offered), Path(server))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError as error:
        sys.exit(f"sync_data: {shown(error, 2_000)}")
