"""How runs come and go: made under one lock of the machine, swept when their owner is dead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import disk, machine, network, places, state
from .network import Network
from .processes import Process
from .run import Run, check_name
from .shell import locked, sh

__all__ = ["at", "destroy", "find", "open_run", "runs", "sweep", "temporary"]


def open_run(name: str, *, owner: Process | None = None) -> Run:
    """The run of this name, made when there is none; a new one ends with ``owner`` (this process).

    Leftovers of runs whose owner is dead are cleared first.
    """
    run = at(name)
    with _machine():
        _sweep()
        if state.load(run.folder) is None:
            try:
                _make(run, owner or Process.current())
            except BaseException:
                _destroy(run.folder)
                raise
    return run


def at(name: str) -> Run:
    """The place of a run of this name, whether it stands or not."""
    check_name(name)
    return Run(places.runs() / name)


def find(name: str) -> Run:
    """The run of this name, which must stand."""
    run = at(name)
    run.hosts()
    return run


def runs() -> list[Run]:
    """The runs of this checkout."""
    return [Run(path.parent) for path in sorted(places.runs().glob("*/state.json"))]


def destroy(run: Run) -> None:
    """End every host of a run, if it has any, and put the outer machine back as it was."""
    with _machine():
        _destroy(run.folder)


def sweep() -> None:
    """Clear what killed runs left, whichever checkout they came from."""
    with _machine():
        _sweep()


@contextmanager
def temporary(name: str | None = None) -> Iterator[Run]:
    """A run for the length of a ``with`` block."""
    run = open_run(name or f"run-{os.getpid()}")
    try:
        yield run
    finally:
        destroy(run)


@contextmanager
def _machine() -> Iterator[None]:
    with locked(places.MACHINE / "lock"):
        yield


def _registered() -> dict[int, Path]:
    """Every run of this machine: its network's number and its folder."""
    links = [path for path in places.MACHINE.iterdir() if path.is_symlink()]
    return {int(link.name): link.readlink() for link in links}


def _make(run: Run, owner: Process) -> None:
    shutil.rmtree(run.folder, ignore_errors=True)
    ssh = run.folder / "ssh"
    ssh.mkdir(parents=True)
    ssh.chmod(0o700)
    comment = f"root of run {run.name}"
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(ssh / "id_ed25519"))
    taken = [Network(number).subnet for number in _registered()]
    number = network.free_number([*taken, *network.busy()])
    (places.MACHINE / str(number)).symlink_to(run.folder)
    state.save(run.folder, state.RunState(run.name, number, owner))
    network.turn_up(Network(number))


def _sweep() -> None:
    folders = {*_registered().values(), *(run.folder for run in runs())}
    for folder in folders:
        if not Run(folder).alive():
            _destroy(folder)


def _destroy(folder: Path) -> None:
    numbers = [number for number, place in _registered().items() if place == folder]
    for number in numbers:
        machine.kill_all(folder, Network(number).bridge)
    _harvest(folder)
    disk.unmount_below(folder)
    disk.remove(folder)
    for number in numbers:
        network.take_down(Network(number))
        (places.MACHINE / str(number)).unlink()
    if not _registered():
        network.put_back_forwarding()


def _harvest(folder: Path) -> None:
    now = state.load(folder)
    for name in now.hosts if now else ():
        Run(folder).harvest(name)
