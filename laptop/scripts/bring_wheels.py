"""Wheels that the broker itself offers, for a laptop that reaches no index.

They stand there in ``server/wheels/``, in a folder for each Python and kind of machine, such as
``3.11-linux-x86_64``. Of these only files are fetched whose hash is in the signed locks beside this
file, and each is checked by it before it counts; what installs them checks them again.

Standard library only, and Python 3.9 can read it.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["bring_wheels"]

LIST = "SHA256SUMS"
LOCKS = ("requirements.txt", "pip.txt", "uv.txt")
LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}\.whl)")
MOST_OF_LIST = 1 << 18
MOST_OF_WHEEL = 300_000_000
SECONDS = 1800
LOOK_SECONDS = 0.05
OPTIONS = ("ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4")


def bring_wheels(root: Path, scripts: Path, broker: str, python: str) -> Path | None:
    """The folder in ``root/server/wheels`` with what the broker offers; None where that is nothing.

    ``broker`` is a host as ssh takes it, or a folder, ``python`` a version such as 3.11, or ``uv``.
    """
    name = f"{python}-{platform.system().lower()}-{platform.machine().lower()}"
    place = root / "server" / "wheels" / name
    arriving = root / ".broker" / "offered-wheels"
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    locked = {
        digest
        for lock in LOCKS
        for digest in re.findall(r"sha256:([0-9a-f]{64})", (scripts / lock).read_text())
    }
    try:
        _fetch(root, broker, name, [LIST], arriving, MOST_OF_LIST)
        offered = {file: digest for digest, file in _listed(arriving / LIST) if digest in locked}
        missing = sorted(file for file in offered if not _is(place / file, offered[file]))
        if missing:
            sys.stderr.write(f"fetching {len(missing)} wheels of {name} from the broker\n")
            _fetch(root, broker, name, missing, arriving, MOST_OF_WHEEL)
        for file in missing:
            if _is(arriving / file, offered[file]):
                place.mkdir(parents=True, exist_ok=True)
                (arriving / file).replace(place / file)
        for old in place.glob("*"):
            if old.name not in offered:
                old.unlink()
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return place if offered and place.is_dir() else None


def _listed(place: Path) -> list[tuple[str, str]]:
    """Hash and name of each wheel of a list; none of what has another form."""
    if not place.is_file():
        return []
    lines = place.read_bytes()[:MOST_OF_LIST].decode("ascii", "replace").splitlines()
    return [(found[1], found[2]) for found in map(LINE.fullmatch, lines) if found]


def _is(place: Path, digest: str) -> bool:
    """Whether a plain file has this content."""
    if place.is_symlink() or not place.is_file():
        return False
    return hashlib.sha256(place.read_bytes()).hexdigest() == digest


def _fetch(
    root: Path, broker: str, name: str, files: list[str], into: Path, most_bytes: int
) -> None:
    """Bring what is there of these files, none longer than ``most_bytes``."""
    if "/" in broker:
        for file in files:
            offered = Path(broker, "server", "wheels", name, file)
            if offered.is_file() and offered.stat().st_size <= most_bytes:
                shutil.copyfile(offered, into / file)
        return
    own = root / ".broker" / "ssh_config"
    options = [f"-o{option}" for option in OPTIONS]
    options += ["-F", own.relative_to(root).as_posix()] if own.is_file() else []
    # The wishes come in a file, and ssh may still ask the person at a terminal.
    options += ["-oBatchMode=no"] if sys.stdin.isatty() else []
    batch = into / "wishes"
    here = into.relative_to(root).as_posix()  # no name in it needs quotes
    wishes = (f"-get server/wheels/{name}/{file} {here}/{file}\n" for file in files)
    batch.write_bytes("".join(wishes).encode())
    try:
        with subprocess.Popen(
            ["sftp", "-q", *options, "-b", f"{here}/{batch.name}", broker],
            cwd=root,  # the paths of ssh_config begin there
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as sftp:
            deadline = time.monotonic() + SECONDS
            while sftp.poll() is None:
                if _too_long(into, files, most_bytes) or time.monotonic() > deadline:
                    sftp.kill()
                time.sleep(LOOK_SECONDS)
        for place in _too_long(into, files, most_bytes):
            place.unlink()
    except OSError:
        return  # as where the broker offers none


def _too_long(into: Path, files: list[str], most_bytes: int) -> list[Path]:
    """Of what has arrived, that which is longer than any may be."""
    places = [into / file for file in files]
    return [place for place in places if place.exists() and place.stat().st_size > most_bytes]
