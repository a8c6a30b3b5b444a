"""Ends a process at its n-th change of the disk, as ``kill -9`` does: nothing cleans up.

``python -m tests.unit.accounts.killing`` tries every n on copies of one host, in one process
without threads (so that it may fork), and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.records.host import Observed
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths

from .scratch import ScratchSystem, make_root, memory, public_key

NAMES = ("anna", "bob", "eve")
STEPS = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "os.chown"}
KILLED = 137


def look(layout: HostPaths) -> Observed:
    return replace(observe(Host(layout, ScratchSystem(layout.root)), NAMES), free_bytes=None)


def prepare(root: Path) -> None:
    layout = make_root(root)
    first = [
        parse_request("anna", keys=[public_key("anna")], private=True),
        parse_request("bob", keys=[public_key("bob")]),
    ]
    converge(first, Host(layout, ScratchSystem(root)))


def change(root: Path) -> None:
    """Adds one, revokes another's rights and key, and removes a third: every kind of action."""
    requests = [
        parse_request("anna", keys=[public_key("new")], private=False),
        parse_request("bob", state="absent"),
        parse_request("eve", keys=[public_key("eve")], private=True),
    ]
    converge(requests, Host(HostPaths(root=root), ScratchSystem(root)))


def die_at(step: int) -> None:
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        writes = event == "open" and bool(int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR))
        if event in STEPS or writes:
            seen += 1
            if seen == step:
                os._exit(KILLED)

    sys.addaudithook(hook)


def killed_at(step: int, root: Path) -> bool:
    """Run the change in a child that dies at a step; False when it came to its end before."""
    child = os.fork()
    if not child:
        die_at(step)
        change(root)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def copy(source: Path, target: Path) -> Path:
    """A copy with the same owners: they are remembered by inode, which a copy changes."""
    shutil.copytree(source, target, symlinks=True)
    system, fresh = ScratchSystem(source), ScratchSystem(target)
    for path in [source, *source.rglob("*")]:
        twin = target / path.relative_to(source)
        uid, gid = system.owner(path.lstat())
        if path.is_dir() and not path.is_symlink() and uid:
            descriptor = os.open(twin, os.O_RDONLY)
            fresh.set_owner(descriptor, uid, gid)
            os.close(descriptor)
    return target


def main() -> None:
    with tempfile.TemporaryDirectory(dir=memory()) as folder, mock.patch("os.fsync"):
        base = Path(folder)
        prepare(base / "start")
        change(copy(base / "start", base / "whole"))
        goal = look(HostPaths(root=base / "whole"))
        step, wrong = 1, []
        while True:
            root = copy(base / "start", base / f"cut-{step}")
            if not killed_at(step, root):
                break
            change(root)
            ours = (".owners", HostPaths().archive.name)
            left = [path for path in root.rglob(".*") if path.name not in ours]
            if look(HostPaths(root=root)) != goal or left:
                wrong.append(step)
            shutil.rmtree(root)
            step += 1
        sys.stdout.write(json.dumps({"kills": step - 1, "wrong": wrong}))


if __name__ == "__main__":
    main()
