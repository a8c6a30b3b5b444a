"""A host in a folder: real files, and Debian's user database as text that no root is needed for."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from broker.accounts.debian.system import DebianSystem
from broker.accounts.records.host import Accounts, HostUser
from broker.accounts.records.paths import HostPaths

OS_RELEASE_TEXT = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
ACCOUNTS_TEXT = "root:x:0:0:root:/root:/bin/bash\nwww:x:33:33::/var/www:/usr/sbin/nologin\n"
GROUPS_TEXT = "root:x:0:\nwww:x:33:\noperators:x:1500:\n"
SHADOW_TEXT = "root:*:20000:0:99999:7:::\nwww:*:20000:0:99999:7:::\n"


def memory() -> str | None:
    """A folder in memory for tests that make thousands of files; None is the usual place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder inside is private


def make_root(root: Path) -> HostPaths:
    """A virgin Debian host below ``root``."""
    for folder in (
        "etc/sudoers.d",
        "etc/systemd/system",
        "home",
        "run",
        "usr/bin",
        "tmp",
        "var/lib",
        "var/spool/cron/crontabs",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "usr/bin/sudo").touch()
    (root / "etc/sudoers").write_text("root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
    (root / "etc/os-release").write_text(OS_RELEASE_TEXT)
    (root / "etc/passwd").write_text(ACCOUNTS_TEXT)
    (root / "etc/group").write_text(GROUPS_TEXT)
    (root / "etc/shadow").write_text(SHADOW_TEXT)
    return HostPaths(root=root)


class ScratchSystem(DebianSystem):
    """Reads as the real one does; writes the text itself, and remembers owners beside it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.groups_of: dict[int, frozenset[int]] = {}
        self.ended: list[int] = []
        self._given: dict[int, int] = {}
        self._log = root / ".owners"
        self._owners = dict(self._remembered())
        self._held_open = ExitStack()

    def _remembered(self) -> Iterator[tuple[int, tuple[int, int]]]:
        alive = set()
        for place, _, _ in os.walk(self.root):
            with suppress(FileNotFoundError):  # another thread of a test is at work
                alive.add(Path(place).lstat().st_ino)
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        for line in lines:
            inode, uid, gid = map(int, line.split())
            if inode in alive:  # a file system gives the number of what is gone to something new
                yield inode, (uid, gid)

    def owner(self, found: os.stat_result) -> tuple[int, int]:
        if found.st_ino in self._given:
            return (self._given[found.st_ino],) * 2
        return self._owners.get(found.st_ino, (0, 0)) if stat.S_ISDIR(found.st_mode) else (0, 0)

    def set_owner(self, descriptor: int, uid: int, gid: int) -> None:
        inode = os.fstat(descriptor).st_ino
        self._given.pop(inode, None)
        self._owners[inode] = (uid, gid)
        with self._log.open("a") as log:
            log.write(f"{inode} {uid} {gid}\n")

    def give(self, path: Path, uid: int) -> None:
        """As if the person of that uid had made ``path``.

        It is kept open, so that its inode is not given to a file that is made after its removal.
        """
        self._held_open.callback(os.close, os.open(path, os.O_PATH | os.O_NOFOLLOW))
        self._given[path.lstat().st_ino] = uid

    def running(self, uids: object) -> Mapping[int, frozenset[int]]:  # noqa: ARG002 - the protocol's
        return self.groups_of

    def end(self, uid: int) -> None:
        self.ended.append(uid)
        self.groups_of.pop(uid, None)

    def add(self, groups: Sequence[str], users: Sequence[HostUser]) -> None:
        now = self.accounts()
        taken = sum(900 <= gid < 1000 for gid in now.groups.values())
        system = {name: 900 + taken + number for number, name in enumerate(groups)}
        own = {user.name: user.gid for user in users}
        self.write(
            {user.name: user for user in users} | dict(now.users), system | own | dict(now.groups)
        )

    def change(self, found: HostUser, wanted: HostUser) -> None:
        now = self.accounts()
        assert now.users[wanted.name] == found
        self.write({**now.users, wanted.name: wanted}, now.groups)

    def remove(self, name: str, *, user: bool, group: bool) -> None:
        assert user or group
        self._owners = dict(self._remembered())  # the home is gone by now
        now = self.accounts()
        self.write(
            {key: value for key, value in now.users.items() if key != name},
            {key: value for key, value in now.groups.items() if key != name},
        )

    def expose(self, audiences: Sequence[tuple[str, ...]], layout: HostPaths) -> None:
        path = layout.at(layout.audiences)
        known = json.loads(path.read_text()) if path.exists() else []
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([*known, *audiences]))

    def write(self, users: Mapping[str, HostUser], groups: Mapping[str, int]) -> None:
        """Three files, one after the other, as the real tools do it."""
        members = {
            name: sorted(user.name for user in users.values() if name in user.groups)
            for name in groups
        }
        self._replace("group", [f"{g}:x:{n}:{','.join(members[g])}" for g, n in groups.items()])
        self._replace(
            "passwd",
            [f"{u.name}:x:{u.uid}:{u.gid}:{u.gecos}:{u.home}:{u.shell}" for u in users.values()],
        )
        self._replace(
            "shadow",
            [
                f"{u.name}:{'$y$hash' if u.password else '*'}:20000:::::{'1' if u.expired else ''}:"
                for u in users.values()
                if u.shadow
            ],
        )

    def _replace(self, name: str, lines: Sequence[str]) -> None:
        fresh = self.root / "etc" / f"{name}+"
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.replace(self.root / "etc" / name)

    def edit(self, name: str, **changes: object) -> None:
        """As if somebody had used usermod by hand."""
        now: Accounts = self.accounts()
        self.write({**now.users, name: replace(now.users[name], **changes)}, now.groups)  # type: ignore[arg-type]


def public_key(seed: object, comment: str = "") -> str:
    """A well-formed ed25519 line, the same for the same seed."""
    body = hashlib.sha256(str(seed).encode()).digest()
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", body))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}".strip()


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every entry below a root: mode, time of its last change in ns, and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        entry = path.lstat()
        content = b""
        if path.is_symlink():
            content = str(path.readlink()).encode()
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (entry.st_mode, entry.st_mtime_ns, content)
    return found
