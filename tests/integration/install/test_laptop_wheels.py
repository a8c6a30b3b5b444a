"""Wheels that a broker offers to laptops: exactly the locked ones, for each kind of laptop."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documented import ROOT

from .index import locked, serving, wheel

LINUX, WINDOWS = "3.12:manylinux_2_28_x86_64", "3.12:win_amd64"


@dataclass
class Broker:
    """The folder of wheels, the locks of a release, and the index from which they come."""

    folder: Path
    scripts: Path
    index: Path
    address: str

    def lock(self, *wheels: Path, marker: str = "", on: str = "") -> None:
        """Write the locks of a release with these packages; ``marker`` is of the one ``on``."""
        text = locked(wheels)
        if marker:
            text = re.sub(rf"^({on}==\S+) ", rf"\1 ; {marker} ", text, flags=re.MULTILINE)
        (self.scripts / "requirements.txt").write_text(text + "./own.whl --hash=sha256:00\n")

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script as a deploy does."""
        program = [sys.executable, "-I", ROOT / "bin/laptop_wheels.py"]
        return subprocess.run(
            [*program, self.folder, self.scripts, *words],
            env={"PATH": os.environ["PATH"], "PIP_INDEX_URL": self.address, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def files(self) -> dict[str, set[str]]:
        """The wheels by their folder."""
        return {
            place.name: {path.name for path in place.iterdir()} for place in self.folder.iterdir()
        }


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    index, scripts, folder = (tmp_path / name for name in ("index", "scripts", "wheels"))
    for place in (index, scripts, folder):
        place.mkdir()
    (scripts / "pip.txt").write_text(locked([wheel(index, "pip-like", "26")]))
    (scripts / "uv.txt").write_text(locked([wheel(index, "uv", "9")]))
    with serving(index) as address:
        yield Broker(folder, scripts, index, address)


def test_each_kind_of_laptop_gets_what_its_markers_want(broker: Broker) -> None:
    everywhere, special = (wheel(broker.index, name, "1.0") for name in ("all-over", "special"))
    broker.lock(everywhere, special, marker="sys_platform == 'win32'", on="special")
    ended = broker.run(LINUX, WINDOWS)
    assert (ended.returncode, ended.stderr) == (0, "")
    every = {"SHA256SUMS", "pip_like-26-py3-none-any.whl", everywhere.name}
    uv = {"SHA256SUMS", "uv-9-py3-none-any.whl"}
    assert broker.files() == {
        "3.12-linux-x86_64": every,
        "3.12-windows-amd64": every | {special.name},
        "uv-linux-x86_64": uv,
        "uv-windows-amd64": uv,
    }
    place = broker.folder / "3.12-linux-x86_64"
    lines = (place / "SHA256SUMS").read_text().splitlines()
    digest = hashlib.sha256(everywhere.read_bytes()).hexdigest()
    assert f"{digest}  {everywhere.name}" in lines
    assert len(lines) == len(every) - 1
    twin = broker.folder / "3.12-windows-amd64" / everywhere.name
    assert twin.samefile(place / everywhere.name), "what several have is stored once"
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o644}


def test_what_is_there_is_not_fetched_again(broker: Broker) -> None:
    broker.lock(wheel(broker.index, "some", "1.0"))
    assert "3.12-linux-x86_64: 2 wheels fetched" in broker.run(LINUX).stdout
    again = broker.run(LINUX, PIP_INDEX_URL="http://127.0.0.1:1/")
    assert (again.returncode, again.stdout) == (0, "")


def test_wheels_of_the_release_before_stay_until_they_are_removed(broker: Broker) -> None:
    old, new = (wheel(broker.index, "some", version) for version in ("1.0", "2.0"))
    broker.lock(old)
    broker.run(LINUX)
    broker.lock(new)
    foreseen = broker.run("--check", LINUX)
    assert foreseen.stdout == "3.12-linux-x86_64: 1 wheels fetched\n"
    place = broker.folder / "3.12-linux-x86_64"
    assert not (place / new.name).exists()
    broker.run(LINUX)
    assert {old.name, new.name} <= broker.files()[place.name]
    assert {old.name, new.name} <= {*re.findall(r"\S+\.whl", (place / "SHA256SUMS").read_text())}
    assert broker.run("--remove", "--check", LINUX).stdout == f"{place.name}: 1 wheels removed\n"
    assert (place / old.name).exists()
    broker.run("--remove", LINUX)
    assert broker.files()[place.name] & {old.name, new.name} == {new.name}
    assert old.name not in (place / "SHA256SUMS").read_text()
    assert broker.run("--remove", LINUX).stdout == ""


def test_what_is_not_named_any_more_goes(broker: Broker) -> None:
    broker.lock(wheel(broker.index, "some", "1.0"))
    broker.run(LINUX, WINDOWS)
    (broker.folder / ".arriving-x").mkdir()
    broker.run("--remove", LINUX)
    assert {*broker.files()} == {"3.12-linux-x86_64", "uv-linux-x86_64"}
    broker.run("--remove")
    assert broker.files() == {}


def test_a_host_that_has_no_folder_for_them_yet_gets_one(broker: Broker) -> None:
    broker.lock(wheel(broker.index, "some", "1.0"))
    broker.folder.rmdir()
    ended = broker.run("--remove")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert broker.run("--check", LINUX).returncode == 0
    assert not broker.folder.exists()
    assert broker.run(LINUX).returncode == 0
    assert {*broker.files()} == {"3.12-linux-x86_64", "uv-linux-x86_64"}


def test_another_file_than_the_locked_one_is_refused(broker: Broker) -> None:
    package = wheel(broker.index, "some", "1.0")
    broker.lock(package)
    package.write_bytes(package.read_bytes() + b"more")
    ended = broker.run(LINUX)
    assert ended.returncode == 1
    assert "the wheels for 3.12 manylinux_2_28_x86_64: the index offers another file" in (
        ended.stderr
    )
    assert broker.files() == {}


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (("3.10:win_amd64",), "no wheels can be offered for '3.10:win_amd64'"),
        (("3.12:win_arm64",), "no wheels can be offered for '3.12:win_arm64'"),
        (("3.12:manylinux_2_28_arm64",), "no wheels can be offered"),
        (("3.12:../../etc",), "no wheels can be offered"),
        (("all", LINUX), "no wheels can be offered for 'all'"),
        ((LINUX, "3.12:manylinux_2_17_x86_64"), "3.12-linux-x86_64 is named twice"),
    ],
)
def test_a_target_that_cannot_be_is_refused(
    broker: Broker, targets: tuple[str, ...], sentence: str
) -> None:
    broker.lock(wheel(broker.index, "some", "1.0"))
    ended = broker.run(*targets)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert sentence in ended.stderr
    assert broker.files() == {}


def test_all_is_every_python_and_platform_that_is_known(broker: Broker) -> None:
    broker.lock(wheel(broker.index, "some", "1.0"))
    lines = broker.run("--check", "all").stdout.splitlines()
    names = {line.partition(":")[0] for line in lines}
    machines = ("linux-x86_64", "linux-aarch64", "darwin-arm64", "darwin-x86_64", "windows-amd64")
    pythons = ("uv", "3.11", "3.12", "3.13", "3.14")
    assert names == {f"{python}-{machine}" for python in pythons for machine in machines}


def test_the_real_locks_name_for_each_platform_what_it_installs(tmp_path: Path) -> None:
    """The locks of this checkout, without an index: what a deploy would look for."""
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", tmp_path / "set"], check=True)
    (tmp_path / "wheels").mkdir()
    program = [sys.executable, "-I", ROOT / "bin/laptop_wheels.py", tmp_path / "wheels"]
    ended = subprocess.run(
        [*program, tmp_path / "set/scripts", "--check", LINUX, WINDOWS],
        capture_output=True,
        text=True,
        check=True,
    )
    counts = dict(re.findall(r"(\S+): (\d+) wheels", ended.stdout))
    assert int(counts["3.12-windows-amd64"]) > int(counts["3.12-linux-x86_64"]) > 20
