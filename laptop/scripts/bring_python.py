"""A Python that is new enough, brought by uv where this machine has none, as a Mac.

uv is the one on PATH, or the release that ``uv.txt`` beside this file names by its hashes: its file
for this machine from the index that this person's pip uses, or from ``server/wheels``. It brings a
CPython of python-build-standalone into ``.broker/python``, and checks it by a hash of its own.

Standard library only, and Python 3.9 can read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urljoin

__all__ = ["bring_python"]

VERSION = "3.13"
INDEX = "https://pypi.org/simple"
MOST_BYTES = 200_000_000
SECONDS = 60
JSON = "application/vnd.pypi.simple.v1+json"
IS_WINDOWS = sys.platform == "win32"
UV = "uv.exe" if IS_WINDOWS else "uv"
# What the file of uv for a machine is called by.
TAGS = {
    ("Darwin", "arm64"): r"macosx_\d+_\d+_arm64\.whl",
    ("Darwin", "x86_64"): r"macosx_\d+_\d+_x86_64\.whl",
    ("Linux", "x86_64"): r"manylinux[\w.]*_x86_64\.whl",
    ("Linux", "aarch64"): r"manylinux[\w.]*_aarch64[\w.]*\.whl",
    ("Windows", "AMD64"): r"win_amd64\.whl",
    ("Windows", "ARM64"): r"win_arm64\.whl",
}


def bring_python(lock: Path, state: Path, wheels: Path) -> str | None:
    """The path of a Python below ``state``; None where it cannot be had, after saying why."""
    target = state / "python"
    found = _in(target)
    if found is not None:
        return found
    uv = shutil.which("uv") or _uv(lock, state / "uv", wheels)
    if uv is None:
        return None
    sys.stderr.write(f"bringing Python {VERSION} into {target} (may take a minute)\n")
    done = subprocess.run(
        [uv, "python", "install", VERSION],
        env={**os.environ, "UV_PYTHON_INSTALL_DIR": str(target), "UV_PYTHON_INSTALL_BIN": "0"},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    return None if done.returncode else _in(target)


def _in(folder: Path) -> str | None:
    """The Python that uv put into a folder."""
    program = "python.exe" if IS_WINDOWS else f"bin/python{VERSION}"
    places = sorted(folder.glob(f"cpython-{VERSION}*/{program}"))
    return str(places[-1]) if places and os.access(places[-1], os.X_OK) else None


def _uv(lock: Path, folder: Path, wheels: Path) -> str | None:
    """The locked uv, fetched once."""
    text = lock.read_text()
    version = re.search(r"^uv==(\S+)", text, re.MULTILINE)
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", text))
    tag = TAGS.get((platform.system(), platform.machine()))
    if version is None or tag is None:
        return _failed(f"uv has no file for {platform.system()} on {platform.machine()}")
    program = folder / version[1] / UV
    if program.exists():
        return str(program)
    name = re.compile(rf"uv-{re.escape(version[1])}-py3-none-{tag}")
    try:
        content = _beside(wheels, name) or _fetched(name)
    except (OSError, ValueError, KeyError) as error:
        return _failed(f"uv cannot be fetched: {error}")
    if content is None:
        return _failed(f"the index has no file of uv {version[1]} for this machine")
    if hashlib.sha256(content).hexdigest() not in hashes:
        return _failed(f"the index offers another file of uv {version[1]} than the one locked")
    return _unpacked(content, program)


def _failed(why: str) -> None:
    """Say it on one line, whatever an index wrote."""
    words = "".join(c if c.isascii() and c.isprintable() else "?" for c in why)
    sys.stderr.write(f"broker: no Python could be brought: {words[:300]}\n")


def _beside(wheels: Path, name: re.Pattern[str]) -> bytes | None:
    """From what the broker itself offers."""
    found = [place for place in sorted(wheels.glob("uv-*.whl")) if name.fullmatch(place.name)]
    return found[0].read_bytes() if found else None


def _fetched(name: re.Pattern[str]) -> bytes | None:
    """From the index."""
    index = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/")
    page = json.loads(_get(f"{index}/uv/", JSON))
    for file in page["files"]:
        if name.fullmatch(file["filename"]):
            return _get(urljoin(f"{index}/uv/", file["url"]), "*/*")
    return None


def _get(address: str, kind: str) -> bytes:
    """What stands at an address of the web; raises ``OSError``."""
    if not address.startswith(("https://", "http://")):
        raise OSError(f"{address} is not an address of the web")
    request = urllib.request.Request(address, headers={"Accept": kind})  # noqa: S310  see above
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  see above
        content: bytes = answer.read(MOST_BYTES)
    return content


def _unpacked(content: bytes, program: Path) -> str:
    """The program of a wheel, put to its place in one rename."""
    program.parent.mkdir(parents=True, exist_ok=True)
    arriving = program.with_name(f"arriving-{UV}")
    wheel = program.with_name("uv.whl")
    wheel.write_bytes(content)
    with zipfile.ZipFile(wheel) as archive:
        (inside,) = [one for one in archive.namelist() if one.endswith(f".data/scripts/{UV}")]
        arriving.write_bytes(archive.read(inside))
    arriving.chmod(0o755)
    arriving.replace(program)
    wheel.unlink()
    return str(program)
