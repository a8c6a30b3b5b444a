"""``bin/install_locked.py``: exactly what is locked, whatever the index has, or one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.disk import small_disk

from .index import locked, serving, wheel

ROOT = Path(__file__).resolve().parents[3]
INSTALLER = ROOT / "bin" / "install_locked.py"


@dataclass
class Bench:
    """An index in a folder, and an environment to be made from it."""

    folder: Path
    index: Path
    address: str

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    def lock(self, *wheels: Path) -> Path:
        path = self.folder / "lock.txt"
        path.write_text(locked(wheels))
        return path

    def install(self, lock: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PIP_INDEX_URL": self.address,
            "PIP_RETRIES": "0",
            "PIP_CONFIG_FILE": os.devnull,
            **settings,
        }
        return subprocess.run(
            [sys.executable, str(INSTALLER), str(self.venv), str(lock)],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def version(self, module: str) -> str:
        command = [str(self.venv / "bin/python"), "-Ic", f"import {module} as m; print(m.VERSION)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def refused(self, lock: Path, **settings: str) -> str:
        """The one sentence of an installation that failed, after what it said it would do."""
        done = self.install(lock, **settings)
        assert done.returncode == 1
        *_, sentence = done.stderr.splitlines()
        assert len(done.stderr.splitlines()) <= 2
        assert sentence.startswith(f"{self.venv} cannot be made: ")
        return sentence


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    index = tmp_path / "index"
    index.mkdir()
    with serving(index) as address:
        yield Bench(tmp_path, index, address)


def test_newer_releases_change_nothing_even_where_an_extra_asks_for_them(bench: Bench) -> None:
    """pip 23 resolves an extra anew, as google-auth[pyopenssl], although the lock names both."""
    pinned = [
        wheel(bench.index, "app", "1.0", "auth[more]>=1"),
        wheel(bench.index, "auth", "1.0", "crypto>=1; extra == 'more'"),
        wheel(bench.index, "crypto", "1.0"),
    ]
    for name in ("app", "auth", "crypto"):
        wheel(bench.index, name, "9.0")
    done = bench.install(bench.lock(*pinned))
    assert done.returncode == 0, done.stderr
    assert [bench.version(name) for name in ("app", "auth", "crypto")] == ["1.0"] * 3


def test_a_second_run_does_nothing_and_another_lock_leaves_nothing_of_the_first(
    bench: Bench,
) -> None:
    one, two = wheel(bench.index, "one", "1.0"), wheel(bench.index, "two", "1.0")
    lock = bench.lock(one)
    assert bench.install(lock).returncode == 0
    made = (bench.venv / "pyvenv.cfg").stat().st_ino
    again = bench.install(lock, PIP_INDEX_URL="http://127.0.0.1:1/")
    assert (again.returncode, again.stderr) == (0, "")
    assert (bench.venv / "pyvenv.cfg").stat().st_ino == made
    assert bench.install(bench.lock(two)).returncode == 0
    packages = {path.name for path in (bench.venv / "lib").glob("python*/site-packages/*.py")}
    assert "two.py" in packages
    assert "one.py" not in packages


def test_what_a_run_left_that_was_cut_off_is_made_anew(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    assert bench.install(lock).returncode == 0
    (bench.venv / ".locked").unlink()
    (bench.venv / "bin/python").unlink()
    assert bench.install(lock).returncode == 0
    assert bench.version("one") == "1.0"


def test_others_may_run_what_a_careful_root_installed(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    before = os.umask(0o077)
    try:
        assert bench.install(lock).returncode == 0
    finally:
        os.umask(before)
    modes = [path.stat().st_mode for path in bench.venv.rglob("*") if not path.is_symlink()]
    assert all(mode & 0o004 for mode in modes)


def test_settings_of_a_person_that_install_elsewhere_do_not_count(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    elsewhere = str(bench.folder / "elsewhere")
    done = bench.install(lock, PIP_TARGET=elsewhere, PYTHONPATH=elsewhere)
    assert done.returncode == 0, done.stderr
    assert bench.version("one") == "1.0"


def test_a_lock_that_is_not_whole_is_reported(bench: Bench) -> None:
    sentence = bench.refused(bench.lock(wheel(bench.index, "one", "1.0", "two>=1")))
    assert "the lock files are not whole: one 1.0 requires two, which is not installed" in sentence
    assert not (bench.venv / ".locked").exists()


def test_another_file_than_the_locked_one_is_reported(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    wheel(bench.index, "one", "1.0", "something>=1")
    assert "the index offers another file for one==1.0" in bench.refused(lock)


def test_an_index_without_the_locked_file_is_reported(bench: Bench) -> None:
    path = wheel(bench.index, "one", "1.0")
    lock = bench.lock(path)
    path.rename(path.with_name("one-2.0-py3-none-any.whl"))
    assert "the index has no file of one==1.0" in bench.refused(lock)


def test_an_index_that_does_not_answer_is_reported(bench: Bench) -> None:
    lock = bench.lock(wheel(bench.index, "one", "1.0"))
    sentence = bench.refused(lock, PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="1")
    assert "the package index cannot be reached" in sentence


def test_an_index_that_knows_nothing_of_a_package_is_reported(bench: Bench) -> None:
    path = wheel(bench.index, "one", "1.0")
    lock = bench.lock(path)
    path.unlink()
    assert "the index does not know one==1.0, or cannot be reached" in bench.refused(lock)


def test_a_missing_lock_file_is_reported(bench: Bench) -> None:
    assert "none.txt" in bench.refused(bench.folder / "none.txt")


def test_a_full_disk_is_reported(bench: Bench) -> None:
    with small_disk(bench.folder, "4m") as disk:
        full = Bench(disk, bench.index, bench.address)
        lock = bench.lock(wheel(bench.index, "one", "1.0"))
        assert "the disk is full. Make room" in full.refused(lock)
