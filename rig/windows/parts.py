"""What a Python of Windows is put together from: a library, programs, a standard library."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

from ..venvs import ROOT

__all__ = ["add_packages", "add_programs", "make_python"]

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
COMPILER = "x86_64-w64-mingw32-gcc"
DUMP = "x86_64-w64-mingw32-objdump"
BRIDGED = ("sftp", "ssh", "ssh-keygen")
PIP = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
FOR_WINDOWS = ("--platform", "win_amd64", "--python-version", "311")
BESIDE = ("python311.dll", "VCRUNTIME140.dll")  # all else of the library goes into DLLs


def make_python(folder: Path, work: Path) -> None:
    """Have ``folder/python.exe`` with its library; raises ``OSError`` or a failed command."""
    listed = ("--require-hashes", "--requirement", str(HERE / "library.txt"))
    _run(sys.executable, *PIP, *FOR_WINDOWS, *listed, "--dest", str(work))
    (wheel,) = work.glob("panda3d-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            file = Path(name).name
            if name.startswith("deploy_libs/") and not file.startswith(("api-ms", "t", "_tk")):
                place = folder if file in BESIDE else folder / "DLLs"
                place.mkdir(parents=True, exist_ok=True)
                (place / file).write_bytes(archive.read(name))
    own = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns("__pycache__", "site-packages", "dist-packages", "test")
    shutil.copytree(own, folder / "Lib", ignore=ignored)
    program = folder / "python.exe"
    library = folder / "python311.dll"
    _compile(PROGRAMS / "python.c", program, "-municode", str(library))
    shutil.copy(program, folder / "venvlauncher.exe")  # finds the library by PATH
    _make_stable_library(folder, work)


def _make_stable_library(folder: Path, work: Path) -> None:
    """``python3.dll``, which hands every call on: modules for several versions ask for it."""
    shown = _run(DUMP, "-p", str(folder / "python311.dll"))
    table = shown.split("[Ordinal/Name Pointer] Table")[1]
    names = re.findall(r"^\s*\[ *\d+\].* (\S+)$", table, re.MULTILINE)
    lines = [f"{name}=python311.{name}" for name in names]
    definition = work / "python3.def"
    definition.write_text("\n".join(["LIBRARY python3.dll", "EXPORTS", *lines]) + "\n")
    source = work / "python3.c"
    source.write_text("int DllMainCRTStartup(void *a, int b, void *c) { return 1; }\n")
    options = ("-shared", "-nostdlib", "-e", "DllMainCRTStartup", str(definition))
    _compile(source, folder / "python3.dll", *options)


def add_programs(tools: Path, system: Path) -> None:
    """Have OpenSSH's programs of this Linux in a folder for Windows, and what wine has not."""
    tools.mkdir(exist_ok=True)
    for name in BRIDGED:
        _compile(PROGRAMS / "bridge.c", tools / f"{name}.exe", "-municode")
    shutil.copy(PROGRAMS / "bridge.sh", tools)
    source, target = PROGRAMS / "bcryptprimitives.c", system / "bcryptprimitives.dll"
    _compile(source, target, "-shared", "-ladvapi32")


def add_packages(python: Path, wheels: Path, work: Path) -> None:
    """Have the locked packages of a laptop in a Python of Windows, and their wheels in a folder."""
    offered = work / "set"
    _run(sys.executable, str(ROOT / "bin/laptop_set.py"), str(offered))
    line = (str(ROOT / "bin/laptop_wheels.py"), str(wheels), str(offered / "scripts"))
    _run(sys.executable, *line, "3.11:win_amd64")
    place = python / "Lib" / "site-packages"
    place.mkdir()
    for wheel in (wheels / "3.11-windows-amd64").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        if wheel.name.startswith("pip-"):  # Debian keeps it elsewhere
            bundled = python / "Lib" / "ensurepip" / "_bundled"
            bundled.mkdir(exist_ok=True)
            shutil.copy(wheel, bundled)
    (place / "checkout.pth").write_text(f"Z:{ROOT}/src\n")


def _compile(source: Path, target: Path, *options: str) -> None:
    _run(COMPILER, "-O1", str(source), *options, "-o", str(target))


def _run(*line: str) -> str:
    """Its output; raises ``subprocess.CalledProcessError``, whose ``stderr`` says why."""
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=600).stdout
