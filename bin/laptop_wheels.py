#!/usr/bin/env python3
"""Have in a folder the locked wheels that laptops install, for laptops that reach no index.

    python bin/laptop_wheels.py FOLDER SCRIPTS [--remove] [--check] TARGET...

TARGET is ``3.11:manylinux_2_28_x86_64`` (a Python and a platform as wheels name it) or ``all``.
SCRIPTS is the folder ``scripts`` of bin/laptop_set.py, with the locks. For each target FOLDER gets
a folder such as ``3.11-linux-x86_64`` of exactly the wheels that its locks name there, and one such
as ``uv-linux-x86_64`` with uv, each with ``SHA256SUMS``. Wheels of other locks stay, for laptops
that have not heard of a new release; ``--remove`` removes these instead, and fetches nothing.

Run by a Python whose pip is the locked one; it gets wheels by their locked hashes alone. Prints a
line for each folder that changed, or with ``--check`` would. Exit code 1: one sentence on standard
error; what is in FOLDER is whole all the same.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # where -I leaves it out

from install_locked import OPTIONS, keep_settings_of_the_index, last_words, reason

LIST = "SHA256SUMS"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    *("manylinux_2_28_x86_64", "manylinux_2_28_aarch64"),
    *("macosx_12_0_arm64", "macosx_12_0_x86_64", "win_amd64"),
)
PLATFORM = re.compile(r"(manylinux|macosx)_(\d+)_(\d+)_(x86_64|aarch64|arm64)|win_(amd64)")
SYSTEMS = {
    "manylinux": ("linux", "posix", "Linux"),
    "macosx": ("darwin", "posix", "Darwin"),
    "win": ("win32", "nt", "Windows"),
}
LEGACY = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}


class WheelsError(Exception):
    """The wheels cannot be offered; the text is one sentence for a person."""


@dataclass(frozen=True)
class Target:
    """The laptops of one Python and one platform; ``python`` is empty for uv, which needs none."""

    python: str
    platform: str

    @property
    def system(self) -> str:
        """``manylinux``, ``macosx`` or ``win``."""
        return self.platform.partition("_")[0]

    @property
    def machine(self) -> str:
        """As Python's ``platform.machine()`` names it there, but in small letters."""
        found = PLATFORM.fullmatch(self.platform)
        return found[4] or found[5] if found else ""

    @property
    def name(self) -> str:
        """Of its folder, as a laptop asks for it."""
        return f"{self.python or 'uv'}-{SYSTEMS[self.system][2].lower()}-{self.machine}"

    @property
    def markers(self) -> dict[str, str]:
        """The environment of PEP 508's markers there."""
        version = self.python or PYTHONS[-1]
        sys_platform, os_name, system = SYSTEMS[self.system]
        return {
            **dict.fromkeys(("platform_release", "platform_version"), ""),
            **dict.fromkeys(("implementation_version", "python_full_version"), f"{version}.0"),
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": os_name,
            "platform_machine": self.machine,
            "platform_system": system,
            "python_version": version,
            "sys_platform": sys_platform,
        }

    @property
    def tags(self) -> Iterator[str]:
        """The platforms whose wheels work there; pip knows by itself those of an older macOS."""
        if self.system != "manylinux":
            yield self.platform
            return
        minor = int(self.platform.split("_")[2])
        yield from (f"manylinux_2_{older}_{self.machine}" for older in range(minor, 4, -1))
        yield from (f"{name}_{self.machine}" for name in LEGACY[self.machine])


def main() -> int:
    """Parse the command line and carry it out."""
    parser = argparse.ArgumentParser(description="Offer laptops the wheels that they install.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("scripts", type=Path, metavar="SCRIPTS")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--remove", action="store_true", help="what these do not name")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_intermixed_args()
    os.umask(0o022)  # laptops' owners read what root fetches
    try:
        wanted = {target: locks_of(target, options.scripts) for target in parse(options.targets)}
        act = remove if options.remove else fetch
        for line in act(options.folder, wanted, check=options.check):
            sys.stdout.write(f"{line}\n")
    except (WheelsError, OSError) as error:
        sys.stderr.write(f"{error}.\n")
        return 1
    return 0


def parse(words: list[str]) -> list[Target]:
    """The targets, and for each platform that of uv; raises ``WheelsError``."""
    every = [f"{python}:{platform}" for python in PYTHONS for platform in PLATFORMS]
    found: dict[str, Target] = {}
    for word in every if words == ["all"] else words:
        python, _, platform = word.partition(":")
        named = PLATFORM.fullmatch(platform)
        if python not in PYTHONS or named is None or not is_known(platform):
            raise WheelsError(
                f"no wheels can be offered for {word!r}; expected a Python of "
                f"{', '.join(PYTHONS)}, and a platform such as {', '.join(PLATFORMS)}"
            )
        target = Target(python, platform)
        if target.name in found:
            raise WheelsError(f"{target.name} is named twice; expected one platform for each")
        found[target.name] = target
        uv = Target("", platform)
        found.setdefault(uv.name, uv)
    return list(found.values())


def is_known(platform: str) -> bool:
    """Whether there is such a machine of this system."""
    target = Target("", platform)
    machines = {"manylinux": LEGACY, "macosx": ("arm64", "x86_64"), "win": ("amd64",)}
    return target.machine in machines[target.system]


def locks_of(target: Target, scripts: Path) -> dict[str, set[str]]:
    """The hashes of each ``name==version`` that is installed there."""
    names = ("requirements.txt", "pip.txt") if target.python else ("uv.txt",)
    found = {}
    for name in names:
        for entry in re.split(r"\n(?=\S)", (scripts / name).read_text().strip()):
            if entry.startswith(("#", "./")):  # the program itself comes with the scripts
                continue
            requirement, _, marker = entry.splitlines()[0].rstrip("\\ ").partition(" ; ")
            if not marker or applies(marker.split(" --hash")[0], target):
                hashes = set(re.findall(r"sha256:([0-9a-f]{64})", entry))
                found[requirement.split(" --hash")[0]] = hashes
    return found


def applies(marker: str, target: Target) -> bool:
    """Whether a requirement with this marker is installed there."""
    # pip is locked, so this does not move; the environment has no other reader of markers.
    from pip._vendor.packaging.markers import Marker  # noqa: PLC0415

    return bool(Marker(marker).evaluate(target.markers))


def fetch(folder: Path, wanted: dict[Target, dict[str, set[str]]], *, check: bool) -> Iterator[str]:
    """Have the wheels of each target; those that are there stay."""
    keep_settings_of_the_index()
    for target, locks in wanted.items():
        place = folder / target.name
        here = set(listed(place).values())
        missing = {name: hashes for name, hashes in locks.items() if not hashes & here}
        if missing and not check:
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".arriving-") as arriving:
                download(target, missing, Path(arriving))
                place.mkdir(exist_ok=True)
                for wheel in sorted(Path(arriving, "wheels").glob("*.whl")):
                    put(wheel, place / wheel.name, folder)
            write_list(place)
        if missing:
            yield f"{target.name}: {len(missing)} wheels fetched"


def download(target: Target, locks: dict[str, set[str]], place: Path) -> None:
    """Have exactly these in ``place/wheels``; raises ``WheelsError`` with pip's reason."""
    lines = [
        " ".join([name, *(f"--hash=sha256:{digest}" for digest in sorted(hashes))])
        for name, hashes in locks.items()
    ]
    (place / "requirements.txt").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "pip", "download", *OPTIONS),
            *("--dest", str(place / "wheels"), "--requirement", str(place / "requirements.txt")),
            *("--implementation", "cp", "--python-version", target.python or PYTHONS[-1]),
            *(f"--platform={tag}" for tag in target.tags),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        words = reason(done.stdout) or last_words(done.stdout)
        raise WheelsError(f"the wheels for {target.python} {target.platform}: {words}")


def put(wheel: Path, place: Path, folder: Path) -> None:
    """Move a wheel to its place; one that another target has as well is stored once."""
    digest = digest_of(wheel)
    for twin in folder.glob(f"*/{wheel.name}"):
        if twin.parent != wheel.parent and digest_of(twin) == digest:
            wheel.unlink()
            os.link(twin, wheel)
            break
    wheel.chmod(0o644)
    wheel.replace(place)


def remove(
    folder: Path, wanted: dict[Target, dict[str, set[str]]], *, check: bool
) -> Iterator[str]:
    """Have nothing in the folder but what the locks of these targets name."""
    needed = {target.name: set[str]().union(*locks.values()) for target, locks in wanted.items()}
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if place.name not in needed:
            if not check:
                shutil.rmtree(place) if place.is_dir() else place.unlink()
            yield f"{place.name}: removed"
            continue
        others = [
            name for name, digest in listed(place).items() if digest not in needed[place.name]
        ]
        if others and not check:
            for name in others:
                (place / name).unlink()
            write_list(place)
        if others:
            yield f"{place.name}: {len(others)} wheels removed"


def listed(place: Path) -> dict[str, str]:
    """The SHA-256 of each wheel that is there, by its name."""
    if not (place / LIST).is_file():
        return {}
    pairs = (line.split("  ", 1) for line in (place / LIST).read_text().splitlines())
    return {name: digest for digest, name in pairs if (place / name).is_file()}


def write_list(place: Path) -> None:
    """Name what is there, in one rename."""
    wheels = sorted(place.glob("*.whl"))
    arriving = place / f".{LIST}"
    arriving.write_text("".join(f"{digest_of(wheel)}  {wheel.name}\n" for wheel in wheels))
    arriving.replace(place / LIST)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
