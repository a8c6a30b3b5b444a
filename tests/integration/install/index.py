"""A package index on this machine: of packages with nothing in them, and of pip."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread

__all__ = ["locked", "pip_wheel", "serving", "wheel"]


def pip_wheel(index: Path) -> Path:
    """Put the pip that installed this checkout's environment into the index, as a wheel again."""
    pip = distribution("pip")
    path = index / "pip" / f"pip-{pip.version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    left_out = ("INSTALLER", "REQUESTED", "RECORD")  # what an installation adds
    with zipfile.ZipFile(path, "w") as archive:
        for file in pip.files or ():
            if ".." not in file.parts and file.suffix != ".pyc" and file.name not in left_out:
                archive.write(str(file.locate()), str(file))
        archive.writestr(f"pip-{pip.version}.dist-info/RECORD", "")
    return path


def wheel(index: Path, name: str, version: str, *requires: str, size: int = 0) -> Path:
    """Put a package of this many bytes into ``INDEX/NAME/NAME-VERSION-py3-none-any.whl``."""
    module = name.replace("-", "_")
    path = index / name / f"{module}-{version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    info = f"{module}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", f"VERSION = {version!r}\n")
        if size:
            archive.writestr(f"{module}.bin", bytes(size))
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Provides-Extra: more\n{needs}",
        )
        tag = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tag)
        archive.writestr(f"{info}/RECORD", "")
    return path


def locked(wheels: Iterable[Path]) -> str:
    """A lock file that names exactly these."""
    lines = []
    for path in wheels:
        module, version, *_ = path.name.split("-")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{module.replace('_', '-')}=={version} \\\n    --hash=sha256:{digest}\n")
    return "".join(lines)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(index: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of the index while it is served; folders are listed as pip reads them."""
    server = ThreadingHTTPServer((host, 0), partial(_Quiet, directory=str(index)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
