"""The user database and the processes of a host: a small protocol, and Debian's own tools."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ...assume import ENDING, assume
from ...classes import FIRST_PERSON_UID
from ...errors import BrokerError
from ...mounts import detach_served
from ..records.certificates import Certificate
from ..records.host import Accounts, HostUser
from ..records.keys import Key
from ..records.paths import HostPaths
from .activity import Activity, read_activity
from .connections import in_sessions, monitors
from .ipc import ipc_makers, ipc_owners, remove_ipc
from .probe import KeyAnswer, probe, ssh_port, sshd_settings
from .subordinate import read_ranges

__all__ = ["DebianSystem", "Owners", "System"]

_END_SECONDS = 10.0
_DATABASES = ("passwd", "shadow", "group", "gshadow")


class Owners(Protocol):
    """Who owns files."""

    def owner(self, found: os.stat_result) -> tuple[int, int]:
        """Uid and gid of what ``os.stat`` found."""

    def set_owner(self, descriptor: int, uid: int, gid: int) -> None:
        """Give an open file or folder to an account."""


class System(Owners, Protocol):
    """What ``observe`` and ``apply`` need of a host beside its file system."""

    def accounts(self, names: Iterable[str] = ()) -> Accounts:
        """All accounts and groups, and ``names`` wherever a directory service knows them."""

    def require_writable(self) -> None:
        """Raises ``BrokerError`` where root cannot change accounts; each would end half-way."""

    def holder(self, found: os.stat_result) -> int:
        """Whose a file is: the owner, or the account that may act under the owner's uid."""

    def running(self, uids: Iterable[int]) -> Mapping[int, frozenset[int]]:
        """The groups that processes of these uids hold; no entry where nothing runs."""

    def add(self, groups: Sequence[str], users: Sequence[HostUser]) -> None:
        """Make system groups and accounts with their own groups; what exists is left as it is."""

    def change(self, found: HostUser, wanted: HostUser) -> None:
        """Mend an account that exists."""

    def remove(self, name: str, *, user: bool, group: bool) -> None:
        """Remove an account and its own group."""

    def end(self, uid: int) -> None:
        """End every process of a uid and wait until none is left."""

    def remove_ipc(self, uid: int) -> None:
        """Remove the shared memory, semaphores and message queues of a uid."""

    def ipc_makers(self) -> frozenset[int]:
        """The uids that made some."""

    def reload(self) -> None:
        """Let systemd read its units again, for slices that are in use."""

    def expose(self, audiences: Sequence[tuple[str, ...]], layout: HostPaths) -> None:
        """Let the publisher build the views of these sets of classes."""

    def probe(
        self, name: str, keys: Iterable[Key], certificates: Iterable[Certificate] = ()
    ) -> Sequence[KeyAnswer]:
        """Offer each key and certificate to sshd, and return its answers."""

    def activity(self, names: Mapping[int, str]) -> Mapping[str, Activity]:
        """When analysts last logged in and pulled, by name; ``names`` are theirs by uid."""

    def ssh_port(self) -> int:
        """Where sshd listens first; 22 where it does not say."""


class DebianSystem:
    """Debian's user database by its own tools. Another ``root`` is one that does not run."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._is_live = root == Path("/")
        self._ranges: list[tuple[range, int]] | None = None

    def owner(self, found: os.stat_result) -> tuple[int, int]:
        return found.st_uid, found.st_gid

    def require_writable(self) -> None:
        for name in _DATABASES:
            path = self._root / "etc" / name
            if path.exists() and not os.access(path, os.W_OK):
                raise BrokerError(
                    "accounts cannot be changed: their file cannot be written, by root either",
                    where=str(path),
                    remedy=f"Where `lsattr -d {path}` shows i, type `chattr -i {path}`; where it "
                    "is mounted read-only, mount it read-write.",
                )

    def holder(self, found: os.stat_result) -> int:
        return self._holder(self.owner(found)[0])

    def _holder(self, uid: int) -> int:
        """By ``/etc/subuid`` as it was when first asked: userdel takes an account's lines out."""
        if self._ranges is None:
            numbers = {fields[0]: int(fields[2]) for fields in self._lines("passwd")}
            self._ranges = read_ranges(self._root / "etc/subuid", numbers)
        return next((own for lent, own in self._ranges if uid in lent), uid)

    def set_owner(self, descriptor: int, uid: int, gid: int) -> None:
        os.fchown(descriptor, uid, gid)

    def accounts(self, names: Iterable[str] = ()) -> Accounts:
        shadow = {fields[0]: fields for fields in self._lines("shadow")}
        groups = {fields[0]: int(fields[2]) for fields in self._lines("group")}
        named = {fields[0]: {*_names(fields[3])} for fields in self._lines("group")}
        for fields in (one for one in self._group_shadow() if one[0] in groups):
            named[fields[0]] |= {*_names(fields[2]), *_names(fields[3])}
        joined: dict[str, set[str]] = {}
        for group, names_in in named.items():
            for member in names_in:
                joined.setdefault(member, set()).add(group)
        users = {
            fields[0]: _user(fields, frozenset(joined.get(fields[0], ())), shadow.get(fields[0]))
            for fields in self._lines("passwd")
        }
        return Accounts(
            users | self._elsewhere(set(names) - users.keys()),
            groups,
            self._range(),
            {group: frozenset(members) for group, members in named.items()},
        )

    def _group_shadow(self) -> list[list[str]]:
        """Groups with their administrators, who may join, and members, whom newgrp believes.

        A tool that was cut off, or found the disk full, may leave members here alone.
        """
        with suppress(FileNotFoundError):
            return self._lines("gshadow")
        return []

    def _elsewhere(self, names: Iterable[str]) -> dict[str, HostUser]:
        """Accounts that only a directory service knows: useradd would refuse their names."""
        users = {}
        for name in names if self._is_live else ():
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                users[name] = HostUser(
                    name, entry.pw_uid, entry.pw_gid, entry.pw_gecos, entry.pw_dir, entry.pw_shell
                )
        return users

    def running(self, uids: Iterable[int]) -> Mapping[int, frozenset[int]]:
        wanted, groups_of = set(uids), dict[int, frozenset[int]]()
        for status in Path("/proc").glob("[0-9]*/status") if self._is_live and wanted else ():
            with suppress(OSError):  # it ended while we looked
                uid, groups = _process(status.read_text(errors="replace"))
                if uid in wanted:
                    groups_of[uid] = groups_of.get(uid, frozenset()) | groups
        return groups_of

    def add(self, groups: Sequence[str], users: Sequence[HostUser]) -> None:
        """One call whatever their number: useradd costs 70 ms each, this 0.3 s for 500."""
        lines = [f"g {name} -" for name in groups]
        for user in users:
            lines.append(f"g {user.name} {user.gid}")
            lines.append(
                f'u {user.name} {user.uid}:{user.gid} "{user.gecos}" {user.home} {user.shell}'
            )
            lines.extend(f"m {user.name} {group}" for group in sorted(user.groups))
        prefix = [] if self._is_live else [f"--root={self._root}"]
        _run(["systemd-sysusers", *prefix, "-"], "\n".join(lines) + "\n")

    def change(self, found: HostUser, wanted: HostUser) -> None:
        if not found.shadow:
            _run(["pwconv", *self._prefix("--root")])
        options = {
            "--gid": (found.gid, wanted.gid),
            "--comment": (found.gecos, wanted.gecos),
            "--home": (found.home, wanted.home),
            "--shell": (found.shell, wanted.shell),
            "--groups": (_joined(found.groups), _joined(wanted.groups)),
            "--expiredate": ("1" if found.expired else "", "1" if wanted.expired else ""),
        }
        argv = [
            part for name, (old, new) in options.items() if old != new for part in (name, str(new))
        ]
        if found.password and not wanted.password:
            argv += ["--password", "*"]
        if argv:
            _run(["usermod", *self._prefix("--prefix"), *argv, wanted.name])
        lost = found.groups - wanted.groups
        for group, _, named, *_ in self._group_shadow() if lost else ():
            names = named.split(",")
            if group in lost and wanted.name in names:  # usermod leaves administrators be
                others = ",".join(name for name in names if name != wanted.name)
                line = ["gpasswd", *self._prefix("--root"), "--administrators", others, group]
                _run(line)

    def remove(self, name: str, *, user: bool, group: bool) -> None:
        if user:
            _run(["userdel", *self._prefix("--prefix"), name])
        if group and name in self.accounts().groups:
            _run(["groupdel", *self._prefix("--prefix"), name])

    def end(self, uid: int) -> None:
        if uid < FIRST_PERSON_UID:
            raise ValueError(f"uid {uid} is not a person's")
        deadline = time.monotonic() + _END_SECONDS
        opened = self._connections(uid)
        found = bool(self.running([uid]) or opened)
        while True:
            _kill(opened, signal.SIGTERM)
            # Also where none was found: one that forks and ends, again and again, is in no list.
            _kill_all(uid)
            _kill(in_sessions(uid) - opened)
            # Not those that came since: they cannot get in, and could keep us here for ever.
            opened &= self._connections(uid)
            if not (self.running([uid]) or opened or in_sessions(uid)):
                break
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"processes of uid {uid} do not end",
                    remedy=f"Look at them with: ps -u {uid}, then run the same command again.",
                )
            time.sleep(0.01)
        detach_served(uid)
        if found:
            _forget_manager(uid)

    def _connections(self, uid: int) -> set[int]:
        """Also those that sshd lets in this moment, before anything runs as that account."""
        try:
            return set(monitors(pwd.getpwuid(uid).pw_name))
        except KeyError:
            return set()

    def remove_ipc(self, uid: int) -> None:
        for owner in sorted(ipc_owners() if self._is_live else ()):
            if self._holder(owner) == uid:
                remove_ipc(owner)

    def ipc_makers(self) -> frozenset[int]:
        return ipc_makers() if self._is_live else frozenset()

    def reload(self) -> None:
        if self._is_live:
            _run(["systemctl", "daemon-reload"])

    def expose(self, audiences: Sequence[tuple[str, ...]], layout: HostPaths) -> None:
        """As the publisher, in its sandbox: only there it gets the key to sign with."""
        _run(
            [
                *("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--uid=broker"),
                f"--unit=broker-run-expose-{os.getpid()}",
                *(str(layout.program), "expose", f"--config={layout.config}"),
                f"--data={layout.audiences.parent}",
                *(",".join(names) for names in audiences),
            ]
        )

    def probe(
        self, name: str, keys: Iterable[Key], certificates: Iterable[Certificate] = ()
    ) -> Sequence[KeyAnswer]:
        return probe(name, keys, certificates) if self._is_live else ()

    def ssh_port(self) -> int:
        return ssh_port(sshd_settings()) if self._is_live else 22

    def activity(self, names: Mapping[int, str]) -> Mapping[str, Activity]:
        return read_activity(names) if self._is_live else {}

    def _prefix(self, option: str) -> list[str]:
        return [] if self._is_live else [option, str(self._root)]

    def _lines(self, name: str) -> list[list[str]]:
        text = (self._root / "etc" / name).read_text(encoding="utf-8", errors="surrogateescape")
        lines = (line.split(":") for line in text.splitlines())
        return [fields for fields in lines if len(fields) > 3]

    def _range(self) -> tuple[int, int]:
        found = {"UID_MIN": FIRST_PERSON_UID, "UID_MAX": 60_000}
        with suppress(FileNotFoundError):
            for line in (self._root / "etc/login.defs").read_text().splitlines():
                words = line.split()
                if len(words) > 1 and words[0] in found and words[1].isdigit():
                    found[words[0]] = int(words[1])
        return max(FIRST_PERSON_UID, found["UID_MIN"]), found["UID_MAX"]


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _user(fields: list[str], groups: frozenset[str], shadow: list[str] | None) -> HostUser:
    name, password, uid, gid, gecos, home, shell = (*fields, "", "", "")[:7]
    hashed = shadow[1] if shadow else password
    return HostUser(
        name=name,
        uid=int(uid),
        gid=int(gid),
        gecos=gecos,
        home=home,
        shell=shell,
        groups=groups,
        expired=bool(shadow and len(shadow) > 7 and shadow[7]),
        password=hashed != "x" and not hashed.startswith(("!", "*")),
        shadow=shadow is not None,
    )


def _process(status: str) -> tuple[int, frozenset[int]]:
    """Real uid and groups of a process; -1 for one that ended and waits to be reaped.

    One whose first thread ended looks so, too, while its other threads run on.
    """
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    ended = fields["State"].split()[0] in "ZX" and int(fields["Threads"]) < 2
    groups = (fields["Gid"] + fields["Groups"]).split()
    return -1 if ended else int(fields["Uid"].split()[0]), frozenset(map(int, groups))


def _kill_all(uid: int) -> None:
    """The kernel walks its list of processes once, so not even a fork bomb escapes."""
    child = os.fork()
    if child == 0:
        try:
            assume(uid, uid, (), real=ENDING)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _kill(processes: Iterable[int], how: signal.Signals = signal.SIGKILL) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, how)


def _forget_manager(uid: int) -> None:
    """A killed manager of user units is not a failure of the host; wait until systemd knows.

    What the person had in ``/run/user/UID`` goes with it.
    """
    units = [f"user@{uid}.service", f"user-runtime-dir@{uid}.service"]
    for verb in ("stop", "reset-failed"):
        line = ["systemctl", "--quiet", verb, *units]
        subprocess.run(line, check=False, capture_output=True)


def _joined(groups: Iterable[str]) -> str:
    return ",".join(sorted(groups))


def _run(argv: Sequence[str], stdin: str = "") -> None:
    """Run one of the system's tools; its own words are what the error tells."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    try:
        subprocess.run(
            argv, input=stdin, env=environment, check=True, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise BrokerError(
            f"the tool {argv[0]} is missing", remedy="Install Debian's passwd and systemd packages."
        ) from error
    except subprocess.CalledProcessError as error:
        message = (error.stderr.strip().splitlines() or ["nothing"])[-1]
        raise BrokerError(
            f"{argv[0]} failed with code {error.returncode}",
            found=message,
            remedy="Fix that and run the same command again: it goes on where it stopped.",
        ) from error
