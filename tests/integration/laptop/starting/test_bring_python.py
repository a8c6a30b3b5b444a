"""uv from an index brings a Python where this machine has none; a stand-in plays uv."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import platform
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from ..homes import SCRIPTS

UV = f"""#!/bin/sh
test "$*" = "python install 3.13" || exit 2
mkdir -p "$UV_PYTHON_INSTALL_DIR/cpython-3.13.1-x/bin"
ln -s {sys.executable} "$UV_PYTHON_INSTALL_DIR/cpython-3.13.1-x/bin/python3.13"
"""
NAMES = {
    ("Linux", "x86_64"): "uv-9.9.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ("Linux", "aarch64"): "uv-9.9.9-py3-none-manylinux_2_28_aarch64.whl",
    ("Darwin", "arm64"): "uv-9.9.9-py3-none-macosx_11_0_arm64.whl",
    ("Darwin", "x86_64"): "uv-9.9.9-py3-none-macosx_10_12_x86_64.whl",
}
OTHERS = ("uv-9.9.8-py3-none-any.whl", "uv-9.9.9-py3-none-win_amd64.whl", "uv-9.9.9.tar.gz")


def wheel(program: str = UV) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in (("uv/__init__.py", ""), ("uv-9.9.9.data/scripts/uv", program)):
            archive.writestr(zipfile.ZipInfo(name), text)  # of one moment, so of one hash
    return content.getvalue()


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bring_python", SCRIPTS / "bring_python.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class Index(BaseHTTPRequestHandler):
    """The page of uv, with a file for each kind of machine."""

    content = wheel()

    def do_GET(self) -> None:
        names = (*OTHERS, *NAMES.values())
        page = {"files": [{"filename": name, "url": f"../../files/{name}"} for name in names]}
        is_page = self.path == "/simple/uv/"
        body = json.dumps(page).encode() if is_page else self.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", address)
        tools = tmp_path / "tools"
        tools.mkdir()
        for name in ("sh", "mkdir", "ln"):
            (tools / name).symlink_to(f"/bin/{name}")
        monkeypatch.setenv("PATH", str(tools))
        yield address
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "uv.txt"
    path.write_text(f"uv==9.9.9 \\\n    --hash=sha256:{hashlib.sha256(wheel()).hexdigest()}\n")
    return path


@pytest.mark.parametrize("machine", NAMES)
def test_uv_is_fetched_once_and_brings_a_python(
    module: ModuleType,
    index: str,
    lock: Path,
    tmp_path: Path,
    machine: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "system", lambda: machine[0])
    monkeypatch.setattr(platform, "machine", lambda: machine[1])
    python = module.bring_python(lock, tmp_path / "state", tmp_path / "wheels")
    assert python == str(tmp_path / "state/python/cpython-3.13.1-x/bin/python3.13")
    assert (tmp_path / "state/uv/9.9.9/uv").exists()
    monkeypatch.setenv("PIP_INDEX_URL", index.replace("simple", "gone"))
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") == python


def test_a_wheel_of_the_broker_needs_no_index(
    module: ModuleType, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.replace("simple", "gone"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / NAMES[platform.system(), platform.machine()]).write_bytes(wheel())
    assert module.bring_python(lock, tmp_path / "state", wheels) is not None


@pytest.mark.usefixtures("index")
def test_another_file_than_the_locked_one_is_not_run(
    module: ModuleType,
    lock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trace = tmp_path / "was_run"
    monkeypatch.setattr(Index, "content", wheel(f"#!/bin/sh\n: >{trace}\n"))
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") is None
    assert "offers another file of uv 9.9.9 than the one locked" in capsys.readouterr().err
    assert not trace.exists()
    assert not (tmp_path / "state/uv").exists()


def test_an_index_that_is_not_there_and_a_machine_that_uv_does_not_know_are_named(
    module: ModuleType,
    lock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: str,
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") is None
    assert "uv cannot be fetched" in capsys.readouterr().err
    monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}")
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") is None
    assert "is not an address of the web" in capsys.readouterr().err
    monkeypatch.setattr(platform, "machine", lambda: "riscv64\x1b[2J")
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") is None
    shown = capsys.readouterr().err
    assert "uv has no file for" in shown
    assert "\x1b" not in shown
    assert index


def test_a_uv_that_is_here_is_taken(
    module: ModuleType, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "bin/uv"
    place.parent.mkdir()
    place.write_text(UV)
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")
    assert module.bring_python(lock, tmp_path / "state", tmp_path / "wheels") is not None
