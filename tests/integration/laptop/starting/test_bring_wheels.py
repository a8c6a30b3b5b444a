"""Wheels of the broker on their way to a laptop: what the locks name, by sftp or from a folder."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ..homes import ROOT, SCRIPTS

NAME = f"3.12-{platform.system().lower()}-{platform.machine().lower()}"
# The broker's own server of sftp, as sshd starts it for an analyst.
SERVER = """
import os, sys
from broker.transport.sftp import Served, serve
from broker.transport.tree import Tree
serve(Tree(sys.argv[1], owner=os.getuid()), Served())
"""


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bring_wheels", SCRIPTS / "bring_wheels.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class Broker:
    """A home on a broker with wheels, and a laptop's folder whose locks name some of them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.offered = folder / "data/wheels" / NAME
        self.offered.mkdir(parents=True)
        (self.home / "server").mkdir(parents=True)
        (self.home / "server/wheels").symlink_to(self.offered.parent)
        self.root = folder / "a laptop's folder"
        self.scripts = self.root / "server/scripts"
        self.scripts.mkdir(parents=True)
        self.locks: dict[str, str] = {}

    def offer(self, name: str, content: bytes, *, locked: bool = True) -> None:
        (self.offered / name).write_bytes(content)
        if locked:
            self.locks[name] = hashlib.sha256(content).hexdigest()
        self.write()

    def write(self) -> None:
        """The lists of both sides, from what is there."""
        digests = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.offered.glob("*"))
            if path.name != "SHA256SUMS"
        }
        text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        (self.offered / "SHA256SUMS").write_text(text)
        locks = "".join(f"x==1 --hash=sha256:{digest}\n" for digest in self.locks.values())
        (self.scripts / "requirements.txt").write_text(locks)
        for name in ("pip.txt", "uv.txt"):
            (self.scripts / name).write_text("")

    def here(self) -> dict[str, bytes]:
        place = self.root / "server/wheels" / NAME
        return {path.name: path.read_bytes() for path in sorted(place.glob("*"))}


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    made = Broker(tmp_path)
    made.offer("one-1-py3-none-any.whl", b"one")
    made.offer("two-2-cp312-cp312-x.whl", b"two" * 100_000)
    return made


Fetch = Callable[[], "Path | None"]


@pytest.fixture(params=["folder", "sftp"])
def fetch(
    request: pytest.FixtureRequest,
    module: ModuleType,
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Fetch:
    """One attempt: from a folder, or by the real client of sftp and the broker's server."""
    name = str(broker.home)
    if request.param == "sftp":
        name = "anna@broker.example.com"
        programs = tmp_path / "programs"
        programs.mkdir()
        line = f"PYTHONPATH={ROOT}/src exec {sys.executable} -c '{SERVER}' {broker.home}"
        (programs / "ssh").write_text(f"#!/bin/sh\n{line}\n")
        (programs / "sftp").write_text(f'#!/bin/sh\nexec /usr/bin/sftp -S {programs}/ssh "$@"\n')
        for program in programs.iterdir():
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return lambda: module.bring_wheels(broker.root, broker.scripts, name, "3.12")


def test_what_the_locks_name_comes_and_what_is_here_stays(broker: Broker, fetch: Fetch) -> None:
    broker.offer("other-1-py3-none-any.whl", b"other", locked=False)
    assert fetch() == broker.root / "server/wheels" / NAME
    assert broker.here() == {
        "one-1-py3-none-any.whl": b"one",
        "two-2-cp312-cp312-x.whl": b"two" * 100_000,
    }
    before = (broker.root / "server/wheels" / NAME / "one-1-py3-none-any.whl").stat()
    assert fetch() is not None
    after = (broker.root / "server/wheels" / NAME / "one-1-py3-none-any.whl").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not (broker.root / ".broker/offered-wheels").exists()


def test_a_file_that_is_not_as_the_locks_have_it_does_not_count(
    broker: Broker, fetch: Fetch
) -> None:
    (broker.offered / "one-1-py3-none-any.whl").write_bytes(b"one!")
    fetch()
    assert [*broker.here()] == ["two-2-cp312-cp312-x.whl"]


def test_wheels_of_other_locks_go_and_a_damaged_one_comes_again(
    broker: Broker, fetch: Fetch
) -> None:
    fetch()
    place = broker.root / "server/wheels" / NAME
    (place / "one-1-py3-none-any.whl").write_bytes(b"damaged")
    (place / "old-1-py3-none-any.whl").write_bytes(b"old")
    fetch()
    assert broker.here()["one-1-py3-none-any.whl"] == b"one"
    assert "old-1-py3-none-any.whl" not in broker.here()


def test_a_broker_that_offers_none_is_nothing(broker: Broker, fetch: Fetch) -> None:
    (broker.offered / "SHA256SUMS").unlink()
    assert fetch() is None
    broker.offered.parent.rename(broker.offered.parent.with_name("gone"))
    assert fetch() is None
    assert not (broker.root / "server/wheels").exists()


@pytest.mark.parametrize(
    "name", ["../../scripts/x.whl", ".hidden.whl", "-x.whl", "a b.whl", "x.py", "x\x1b.whl"]
)
def test_a_list_that_names_another_place_brings_nothing(
    broker: Broker, fetch: Fetch, name: str
) -> None:
    digest = hashlib.sha256(b"evil").hexdigest()
    broker.locks[name] = digest
    broker.write()
    (broker.offered / "SHA256SUMS").write_text(f"{digest}  {name}\n")
    assert fetch() is None
    assert broker.here() == {}


def test_a_file_without_end_is_cut_off(
    module: ModuleType, broker: Broker, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_WHEEL", 1000)
    fetch()
    assert [*broker.here()] == ["one-1-py3-none-any.whl"]
    (broker.offered / "SHA256SUMS").write_bytes(b"x" * (module.MOST_OF_LIST + 1))
    assert fetch() is None
