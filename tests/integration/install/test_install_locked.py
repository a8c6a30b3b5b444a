"""``bin/install_locked.py``: exactly what is locked, whatever the index has, or one sentence."""

from __future__ import annotations

import ensurepip
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.integration.disk import small_disk

from .index import locked, pip_wheel, serving, wheel

ROOT = Path(__file__).resolve().parents[3]
INSTALLER = ROOT / "bin" / "install_locked.py"
DEAD = "http://127.0.0.1:1/"


def module() -> ModuleType:
    """The installer, to call parts of it."""
    spec = importlib.util.spec_from_file_location("install_locked", INSTALLER)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


installer = module()


@dataclass
class Bench:
    """An index in a folder, and an environment to be made from it."""

    folder: Path
    index: Path
    address: str
    name: str = "venv"
    index_variable: str = "PIP_INDEX_URL"

    @property
    def venv(self) -> Path:
        return self.folder / self.name

    @property
    def settings(self) -> dict[str, str]:
        """Nothing of who runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            self.index_variable: self.address,
            "PIP_NO_COMPILE": "1",
            "PIP_RETRIES": "0",
            "PIP_CONFIG_FILE": os.devnull,
        }

    @property
    def pip(self) -> Path:
        """The wheel of the locked pip."""
        return next((self.index / "pip").glob("*.whl"))

    def lock(self, *wheels: Path, name: str = "lock.txt") -> Path:
        path = self.folder / name
        path.write_text(locked(wheels))
        return path

    def install(
        self, lock: Path, pip: Path | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """``pip`` is the lock of pip, if it is not of the one in the index."""
        pip = pip or self.lock(self.pip, name="pip.txt")
        return subprocess.run(
            [sys.executable, str(INSTALLER), str(self.venv), str(lock), "--pip", str(pip)],
            env={**self.settings, **settings},
            check=False,
            capture_output=True,
            text=True,
        )

    def version(self, module: str, attribute: str = "VERSION") -> str:
        code = f"import {module} as m; print(m.{attribute})"
        command = [str(self.venv / "bin/python"), "-Ic", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def modules(self) -> set[str]:
        return {path.name for path in self.venv.glob("lib/python*/site-packages/*.py")}

    def refused(self, lock: Path, pip: Path | None = None, **settings: str) -> str:
        """The one sentence of an installation that failed, after what it said it would do."""
        done = self.install(lock, pip, **settings)
        assert done.returncode == 1
        *_, sentence = done.stderr.splitlines()
        assert len(done.stderr.splitlines()) <= 2
        assert sentence.startswith(f"{self.venv} cannot be made: ")
        assert not (self.venv / ".locked").exists()
        return sentence


@pytest.fixture(scope="module")
def packed_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the pip that ``requirements/pip.txt`` names."""
    path = pip_wheel(tmp_path_factory.mktemp("index"))
    assert (
        (ROOT / "requirements/pip.txt").read_text().startswith(f"pip=={path.name.split('-')[1]} ")
    )
    return path


@pytest.fixture
def bench(tmp_path: Path, packed_pip: Path) -> Iterator[Bench]:
    index = tmp_path / "index"
    (index / "pip").mkdir(parents=True)
    (index / "pip" / packed_pip.name).hardlink_to(packed_pip)
    with serving(index) as address:
        yield Bench(tmp_path, index, address)


def test_newer_releases_and_the_settings_of_a_careful_root_change_nothing(bench: Bench) -> None:
    """Even where an extra asks for one: pip 23 resolves it anew, as google-auth[pyopenssl],
    although the lock names both. What is installed is where it belongs, and others may run it.
    """
    pinned = [
        wheel(bench.index, "app", "1.0", "auth[more]>=1"),
        wheel(bench.index, "auth", "1.0", "crypto>=1; extra == 'more'"),
        wheel(bench.index, "crypto", "1.0"),
    ]
    pip = bench.lock(bench.pip, name="pip.txt")
    for name in ("pip", "app", "auth", "crypto"):
        wheel(bench.index, name, "99.0")
    elsewhere = str(bench.folder / "elsewhere")
    before = os.umask(0o077)
    try:
        done = bench.install(bench.lock(*pinned), pip, PIP_TARGET=elsewhere, PYTHONPATH=elsewhere)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert [bench.version(name) for name in ("app", "auth", "crypto")] == ["1.0"] * 3
    assert f"pip=={bench.version('pip', '__version__')} " in pip.read_text()
    modes = [path.stat().st_mode for path in bench.venv.rglob("*") if not path.is_symlink()]
    assert all(mode & 0o004 for mode in modes)


def test_another_lock_or_pip_or_a_cut_off_run_makes_it_anew_and_a_second_run_does_nothing(
    bench: Bench,
) -> None:
    """The first pip is the one that Python brings, which may be what is locked."""
    one, two = wheel(bench.index, "one", "1.0"), wheel(bench.index, "two", "1.0")
    newer = bench.lock(bench.pip, name="pip.txt")
    stock = bench.lock(
        Path(shutil.copy(installer.stock_pip().parent, bench.index / "pip")), name="stock.txt"
    )
    lock = bench.lock(one)
    assert bench.install(lock, stock).returncode == 0
    assert bench.version("pip", "__version__") == ensurepip.version()
    made = (bench.venv / "pyvenv.cfg").stat().st_ino
    again = bench.install(lock, stock, PIP_INDEX_URL=DEAD)
    assert (again.returncode, again.stderr) == (0, "")
    assert (bench.venv / "pyvenv.cfg").stat().st_ino == made
    assert bench.modules() == {"one.py"}
    lock = bench.lock(two)
    assert bench.install(lock, stock).returncode == 0
    assert bench.modules() == {"two.py"}
    assert "cannot be reached" in bench.refused(lock, newer, PIP_INDEX_URL=DEAD)
    (bench.venv / "bin/python").unlink()
    assert bench.install(lock, newer).returncode == 0
    assert f"pip=={bench.version('pip', '__version__')} " in newer.read_text()
    assert bench.modules() == {"two.py"}


@pytest.mark.parametrize("moved", [False, True])
def test_an_environment_at_another_place_or_half_cleared_is_made_anew(
    bench: Bench, moved: bool
) -> None:
    """Its programs name the place at which it was made: in a copy they would run the original."""
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    assert bench.install(lock).returncode == 0
    if moved:
        bench.venv.rename(bench.folder / "before")
        shutil.copytree(bench.folder / "before", bench.venv.with_name("after"), symlinks=True)
        bench = Bench(bench.folder, bench.index, bench.address, name="after")
    else:  # killed while it cleared the environment for another lock, which is then taken back
        stopped = installer_stopped_while_clearing(bench)
        assert stopped.returncode == 9, stopped.stderr
    done = bench.install(lock)
    assert done.returncode == 0, done.stderr
    assert bench.version("one") == "1.0"
    program = (bench.venv / "bin/pip").read_text()
    assert program.startswith(f"#!{bench.venv}/bin/python")


def installer_stopped_while_clearing(bench: Bench) -> subprocess.CompletedProcess[str]:
    """As ``kill -9`` does it, after the first half of what ``venv --clear`` removes."""
    other = bench.lock(wheel(bench.index, "two", "1.0"), name="other.txt")
    code = f"""if True:
        import os, runpy, shutil, subprocess, sys
        subprocess.run = lambda *_, **__: (shutil.rmtree({str(bench.venv / "lib")!r}), os._exit(9))
        runpy.run_path({str(INSTALLER)!r}, run_name="__main__")
    """
    pip = bench.folder / "pip.txt"
    return subprocess.run(
        [sys.executable, "-c", code, str(bench.venv), str(other), "--pip", str(pip)],
        env=bench.settings,
        check=False,
        capture_output=True,
        text=True,
    )


# Each would install nothing, elsewhere, something else or not at all.
SETTINGS = """
[global]
index-url = {address}
quiet = 3
user = true
[install]
dry-run = true
target = {folder}/else
root = {folder}/else
requirement = {folder}/more.txt
constraint = {folder}/less.txt
"""


@pytest.mark.parametrize("place", ["file", "environment"])
def test_no_setting_of_a_persons_pip_counts_but_those_of_the_index(
    bench: Bench, place: str
) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    bench.lock(wheel(bench.index, "extra", "1.0"), name="more.txt")
    (bench.folder / "less.txt").write_text("one<1\n")
    text = SETTINGS.format(address=bench.address, folder=bench.folder)
    pairs = re.findall(r"^(\S+) = (.+)$", text, re.MULTILINE)
    settings = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in pairs}
    if place == "file":
        file = bench.folder / "pip.conf"
        file.write_text(text)
        settings = {"PIP_CONFIG_FILE": str(file)}
        bench.index_variable = "UNUSED"
    done = bench.install(lock, **settings)
    assert done.returncode == 0, done.stderr
    assert bench.modules() == {"one.py"}
    assert not (bench.folder / "else").exists()


def test_settings_of_pip_that_nobody_can_read_are_reported(bench: Bench) -> None:
    file = bench.folder / "pip.conf"
    file.write_text("[install\nuser = true\n")
    sentence = bench.refused(bench.lock(), PIP_CONFIG_FILE=str(file))
    assert f"the settings of pip in {file} are invalid" in sentence


def test_a_lock_that_is_not_whole_is_reported(bench: Bench) -> None:
    sentence = bench.refused(bench.lock(wheel(bench.index, "one", "1.0", "two>=1")))
    assert "the lock files are not whole: one 1.0 requires two, which is not installed" in sentence


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, packed_pip: Path) -> Path:
    """An environment with nothing but the locked pip."""
    folder = tmp_path_factory.mktemp("prepared")
    index = packed_pip.parents[1]
    with serving(index) as address:
        bench = Bench(folder, index, address)
        done = bench.install(bench.lock(bench.pip))
    assert done.returncode == 0, done.stderr
    return bench.venv


@pytest.fixture(scope="module", params=["the pip that Python brings", "the locked pip"])
def pip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """As ``installer.install`` takes it; what Python brings is unpacked, so compiled only once."""
    if request.param == "the locked pip":
        return ["-m", "pip"]
    folder = tmp_path_factory.mktemp("stock")
    shutil.unpack_archive(installer.stock_pip().parent, folder, "zip")
    return [str(folder / "pip")]


@pytest.fixture
def failure(
    bench: Bench, prepared: Path, pip: list[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """What the installer says of a lock that cannot be installed, with either pip."""

    def sentence(lock: Path, **settings: str) -> str:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        for name, value in {**bench.settings, **settings}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(installer.InstallError) as caught:
            installer.install(prepared, pip, [lock])
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return sentence


def test_another_file_than_the_locked_one_is_reported(
    bench: Bench, failure: Callable[..., str]
) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    wheel(bench.index, "one", "1.0", "something>=1")
    assert "the index offers another file for one==1.0 than" in failure(lock)


def test_an_index_without_the_locked_file_is_reported(
    bench: Bench, failure: Callable[..., str]
) -> None:
    path = wheel(bench.index, "one", "1.0")
    lock = bench.lock(path)
    path.rename(path.with_name("one-2.0-py3-none-any.whl"))
    assert "the index has no file of one==1.0 that Python" in failure(lock)


def test_an_index_that_knows_nothing_of_a_package_is_reported(
    bench: Bench, failure: Callable[..., str]
) -> None:
    path = wheel(bench.index, "one", "1.0")
    lock = bench.lock(path)
    path.unlink()
    assert "the index does not know one==1.0, or cannot be reached" in failure(lock)


@pytest.mark.parametrize("what", ["index", "TLS", "files"])
def test_an_index_that_does_not_answer_is_reported(
    bench: Bench, failure: Callable[..., str], what: str
) -> None:
    """Nothing listens, or it speaks no TLS, or it is there and the files behind it are not."""
    path = wheel(bench.index, "one", "1.0")
    lock = bench.lock(path)
    link = f'<!DOCTYPE html><a href="{DEAD}{path.name}">{path.name}</a>'
    path.with_name("index.html").write_text(link)
    settings = {
        "index": {"PIP_INDEX_URL": DEAD, "PIP_RETRIES": "1"},
        # by name, as with an address Debian 13's pip 25.1 ends in a traceback of its own
        "TLS": {"PIP_INDEX_URL": bench.address.replace("http://127.0.0.1", "https://localhost")},
        "files": {},
    }[what]
    assert "the package index cannot be reached. Check the network" in failure(lock, **settings)


def test_a_missing_lock_file_is_reported(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    assert "none.txt" in bench.refused(bench.folder / "none.txt")
    assert "none.txt" in bench.refused(lock, bench.folder / "none.txt")


@pytest.mark.parametrize("size", ["8k", "4m", "24m"])
def test_a_full_disk_is_reported(bench: Bench, size: str) -> None:
    """Too small for an environment with nothing in it, for pip, for what pip is to install."""
    lock = bench.lock(wheel(bench.index, "one", "1.0", size=24 << 20))
    pip = bench.lock(bench.pip, name="pip.txt")
    with small_disk(bench.folder, size) as disk:
        full = Bench(disk, bench.index, bench.address)
        assert "the disk is full. Make room" in full.refused(lock, pip)
        assert (full.venv / "install.log").exists() == (size != "8k")
        assert (full.venv / "bin/pip").exists() == (size == "24m")


def test_pip_has_to_be_locked() -> None:
    command = [sys.executable, str(INSTALLER), "venv", "lock.txt"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.search(r"required: --pip$", done.stderr)


@pytest.mark.parametrize(
    "output",
    [
        "ERROR: No matching distribution found for x\x1b]0;owned\x07",
        "ERROR: \x1b[2Jall is well",
        "\u202egnp.exe",
        "x" * 10_000,
    ],
)
def test_what_an_index_says_does_nothing_to_a_terminal(output: str) -> None:
    sentence = installer.reason(output) or installer.last_words(output)
    assert sentence.isascii()
    assert sentence.isprintable()
    assert len(sentence) < 500


def test_of_a_traceback_the_last_line_is_told() -> None:
    output = "ERROR: Exception:\nTraceback (most recent call last):\nValueError: no such host\n"
    assert installer.last_words(output) == "ValueError: no such host"
