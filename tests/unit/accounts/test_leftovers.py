"""What a person leaves when something is taken from them, on a host in a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from broker import mounts
from broker.accounts.debian import remains
from broker.accounts.debian.host import Host
from broker.accounts.debian.ipc import ipc_makers, ipc_owners
from broker.accounts.debian.subordinate import read_ranges
from broker.accounts.debian.walk import walk
from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.model import Request, parse_request
from broker.accounts.records.paths import HostPaths
from broker.errors import BrokerError

from .conftest import Ask
from .scratch import ScratchSystem, public_key

KEY = public_key("anna", "anna@laptop")
SHELL = {"shell": True}
SETGID = 0o2755
LISTS = ("system.posix_acl_access", "system.posix_acl_default")
# What runs at a login, a connection or a time, each by another program.
PLANTED = (
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".pam_environment",
    ".ssh/rc",
    ".ssh/environment",
    ".ssh/authorized_keys",
    ".config/systemd/user/default.target.wants/evil.service",
    ".local/bin/rsync",
)


@pytest.fixture
def home(layout: HostPaths, ask: Ask) -> Path:
    """The home of an analyst with a shell, who wrote in all of it."""
    ask("anna", KEY, private=True, **SHELL)
    found = layout.root / "home/anna"
    for name in PLANTED:
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text("evil")
    (found / "user/scripts/mine.py").write_text("print(1)")
    return found


@pytest.fixture
def uid(home: Path, system: ScratchSystem) -> int:
    return system.accounts().users[home.name].uid


def archived(layout: HostPaths) -> list[str]:
    """Files of the archive."""
    archive = layout.at(layout.archive)
    return sorted(str(p.relative_to(archive)) for p in archive.rglob("*") if p.is_file())


def shell(system: ScratchSystem, path: Path, uid: int) -> Path:
    """A copy of a shell that runs with the group of a class."""
    path.write_text("shell")
    path.chmod(SETGID)
    system.give(path, uid)
    return path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def let_in(path: Path, uid: int) -> None:
    """Give another account all rights by an access list, for what is made in it, too."""
    entries = [(1, 7, -1), (2, 7, uid), (4, 5, -1), (16, 7, -1), (32, 0, -1)]
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    for name in LISTS:
        os.setxattr(path, name, packed)


class TestALostShellOrKey:
    @pytest.mark.parametrize(("keys", "shell"), [((), False), ((public_key("new"),), None)])
    def test_no_account_keeps_the_rights_that_an_access_list_gave(
        self, keys: tuple[str, ...], shell: bool | None, home: Path, ask: Ask
    ) -> None:
        for path in (home, home / "user"):
            let_in(path, 1777)
        ask("anna", *keys, shell=shell)
        assert [*os.listxattr(home), *os.listxattr(home / "user")] == []

    def test_the_shell_goes_and_takes_all_but_user_with_it(
        self, layout: HostPaths, ask: Ask, home: Path, uid: int
    ) -> None:
        shown = ask("anna", shell=False, check=True)
        assert shown.after["anna"]["home"][".bash_profile"] == "archived"
        ask("anna", shell=False)
        assert sorted(path.name for path in home.iterdir()) == ["server", "user"]
        assert (home / "user/scripts/mine.py").read_text() == "print(1)"
        assert archived(layout) == sorted(f"anna-{uid}/{name}" for name in PLANTED)
        assert not ask("anna").changed

    def test_so_does_a_key(self, layout: HostPaths, ask: Ask, home: Path, uid: int) -> None:
        ask("anna", public_key("new"))
        assert sorted(path.name for path in home.iterdir()) == ["server", "user"]
        assert archived(layout) == sorted(f"anna-{uid}/{name}" for name in PLANTED)
        assert not ask("anna").changed

    def test_a_file_planted_later_is_drift(
        self, layout: HostPaths, system: ScratchSystem, ask: Ask, home: Path
    ) -> None:
        ask("anna", shell=False)
        (home / ".bashrc").write_text("evil")
        assert [row["host"] for row in list_analysts(Host(layout, system))] == ["drift"]
        assert ask("anna").changed
        assert not (home / ".bashrc").exists()
        assert not ask("anna").changed

    def test_a_lost_class_leaves_what_a_person_wrote(self, ask: Ask, home: Path) -> None:
        ask("anna", private=False)
        assert (home / ".bashrc").read_text() == "evil"


@pytest.mark.parametrize(
    "taken",
    [{"private": False}, {"shell": False}, {"keys": [public_key("new")]}, {"state": "absent"}],
    ids=str,
)
def test_a_shell_with_the_group_of_a_class_opens_nothing_afterwards(
    layout: HostPaths,
    system: ScratchSystem,
    home: Path,
    uid: int,
    ask: Ask,
    taken: dict[str, object],
) -> None:
    """In the home, in the home of another, and as a second name of the same file."""
    ask("bob", public_key("bob"))
    kept = [
        shell(system, home / "user/scripts/sh", uid),
        shell(system, layout.root / "home/bob/user/sh", uid),
    ]
    (layout.root / "home/bob/user/again").hardlink_to(kept[0])
    others = shell(system, layout.root / "tmp/root-made", 0)
    converge([parse_request("anna", **taken)], Host(layout, system))  # type: ignore[arg-type]
    names = [layout.root / "home/bob/user" / name for name in ("sh", "again")]
    assert [mode(path) for path in names] == [0o755, 0o755]
    assert mode(others) == SETGID, "only what is the person's"


def test_a_lease_keeps_no_bits(system: ScratchSystem, home: Path, uid: int, ask: Ask) -> None:
    """A lease outlives its owner's processes where they handed it to those of another account."""
    path = shell(system, home / "user/scripts/sh", uid)
    with path.open("r+b") as leased:
        fcntl.fcntl(leased, fcntl.F_SETSIG, signal.SIGURG)  # ignored; SIGIO would end this process
        fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        ask("anna", private=False)
        assert mode(path) == 0o755
        assert fcntl.fcntl(leased, fcntl.F_GETLEASE) == fcntl.F_WRLCK
        fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def test_what_is_left_outside_the_home_goes_with_its_owner(
    layout: HostPaths, system: ScratchSystem, ask: Ask, uid: int
) -> None:
    tmp, spool = layout.root / "tmp", layout.root / "var/spool/cron/crontabs"
    for name in ("mine", "shared", "foreign"):
        (tmp / name).mkdir()
    for name, owner in {"mine/a": uid, "foreign/a": uid, "shared/b": 1777, "note": uid}.items():
        (tmp / name).write_text("left")
        system.give(tmp / name, owner)
    system.give(tmp / "mine", uid)
    system.give(tmp / "shared", uid)
    system.give(tmp / "foreign", 1777)
    (spool / "anna").write_text("@reboot evil")
    (spool / "bob").write_text("@reboot good")
    ask("anna", state="absent")
    left = sorted(str(path.relative_to(tmp)) for path in tmp.rglob("*"))
    assert left == ["foreign", "shared", "shared/b"]
    assert system.owner((tmp / "shared").stat()) == (0, 0), "it holds what another owns"
    assert [path.name for path in spool.iterdir()] == ["bob"]
    assert f"anna-{uid}.spool/anna" in archived(layout)


def test_a_crontab_goes_with_the_key_too(layout: HostPaths, ask: Ask, uid: int) -> None:
    spool = layout.root / "var/spool/cron/crontabs"
    (spool / "anna").write_text("@reboot evil")
    ask("anna", public_key("new"))
    assert list(spool.iterdir()) == []
    assert f"anna-{uid}.spool/anna" in archived(layout)


def test_a_uid_is_not_given_again_while_it_owns_something(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    left = layout.root / "tmp/left"
    left.write_text("")
    system.give(left, 1501)
    assert ask("anna", KEY).people[0]["uid"] == 1502


def test_an_older_etc_does_not_bring_a_uid_back(layout: HostPaths, ask: Ask) -> None:
    """The home of an analyst is root's: only its group tells whose it is."""
    ask("bob", public_key("bob"))
    backup = shutil.copytree(layout.root / "etc", layout.root / "backup", symlinks=True)
    uid = ask("anna", KEY).people[0]["uid"]
    shutil.rmtree(layout.root / "etc")
    backup.rename(layout.root / "etc")
    assert ask("eve", public_key("eve")).people[0]["uid"] == uid + 1


def test_a_lost_list_does_not_bring_a_uid_back(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    ask("bob", public_key("bob"))
    uid = ask("anna", KEY).people[0]["uid"]
    deep = layout.root / "home/bob/user/duckdb/of-anna"
    deep.write_text("")
    system.give(deep, uid)
    ask("anna", state="absent", home="delete")
    layout.at(layout.registry).unlink()
    assert converge([], Host(layout, system)).changed
    assert ask("eve", public_key("eve")).people[0]["uid"] == uid + 1


class TestSubordinates:
    """What runs under a uid that ``/etc/subuid`` lends to an analyst is that analyst's."""

    @pytest.fixture
    def left(self, layout: HostPaths, system: ScratchSystem, home: Path) -> list[Path]:
        (layout.root / "etc/subuid").write_text(f"{home.name}:200000:65536\nbroken:0\nroot:0:9\n")
        places = (layout.at(layout.temporary[0]), home)
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        return [shell(system, place / "copy", 200_007) for place in places]

    def test_their_bits_go_with_a_class(self, ask: Ask, left: list[Path]) -> None:
        ask("anna", revoke=["private"])
        assert [mode(path) for path in left] == [0o755, 0o755]

    def test_their_files_go_with_the_account(self, ask: Ask, left: list[Path]) -> None:
        ask("anna", state="absent")
        assert not any(path.exists() for path in left)

    def test_a_line_makes_no_real_account_anybodys(self, tmp_path: Path) -> None:
        (tmp_path / "subuid").write_text("anna:0:4294967295\n1001:100000:2\nnobody:100000:2\n")
        assert read_ranges(tmp_path / "subuid", {"anna": 1001}) == [(range(100000, 100002), 1001)]
        assert read_ranges(tmp_path / "none", {}) == []


class TestABrokenHome:
    """A home that cannot be read or mended is the trouble of its owner, and of no other."""

    @contextmanager
    def broken(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """As where a file system of the owner's is mounted on ``server``: root has no access."""
        real, place = mounts.status, home.stat().st_ino

        def refused(path: str | Path, folder: int | None = None) -> os.stat_result:
            if path == "server" and folder is not None and os.fstat(folder).st_ino == place:
                raise PermissionError(errno.EACCES, "Permission denied", "server")
            return real(path, folder)

        with monkeypatch.context() as patched:
            patched.setattr("broker.accounts.debian.homes.status", refused)
            yield

    def test_others_get_what_they_should(
        self,
        layout: HostPaths,
        system: ScratchSystem,
        ask: Ask,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        zoe = {"keys": [public_key("zoe")], "origin": "declared"}
        converge([parse_request("zoe", private=True, **zoe)], Host(layout, system))  # type: ignore[arg-type]
        anna = parse_request("anna", keys=[KEY], private=True, origin="declared")
        both = [anna, parse_request("zoe", **zoe)]  # type: ignore[arg-type]
        with self.broken(home, monkeypatch):
            rows = {row["name"]: row for row in list_analysts(Host(layout, system))}
            assert (rows["anna"]["host"], rows["zoe"]["host"]) == ("drift", "ok")
            assert rows["anna"]["problem"] == "server: Permission denied"
            checked = converge(both, Host(layout, system), check=True)
            assert checked.warnings[0].startswith("analyst 'anna': the home cannot be read")
            outcome = converge(both, Host(layout, system))
            assert outcome.warnings[-1].startswith("analyst 'anna': could not mend the home")
            assert system.accounts().users["zoe"].groups == {"dataread"}
            assert ask("bob", public_key("bob")).people[0]["name"] == "bob"
        assert not ask("zoe").changed

    def test_what_is_asked_for_its_owner_is_an_error_after_all_else(
        self,
        layout: HostPaths,
        system: ScratchSystem,
        ask: Ask,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with (
            self.broken(home, monkeypatch),
            pytest.raises(BrokerError, match="analyst 'anna': the home could not be repaired"),
        ):
            ask("anna", public_key("new"))
        assert KEY not in (layout.at(layout.keys) / "anna").read_text()
        assert system.accounts().users["anna"].expired, "nobody enters before it is cleared"
        assert ask("anna").changed
        assert not system.accounts().users["anna"].expired
        assert not ask("anna").changed

    def test_a_removal_that_cannot_store_the_home_is_tried_again(
        self,
        layout: HostPaths,
        system: ScratchSystem,
        ask: Ask,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ask("zoe", public_key("zoe"))
        real = Path.rename

        def refused(self: Path, target: Path) -> Path:
            if self == home:
                raise OSError(errno.ENOTCONN, "Transport endpoint is not connected", str(self))
            return real(self, target)

        gone = [parse_request(name, state="absent", origin="declared") for name in ("anna", "zoe")]
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", refused)
            outcome = converge(gone, Host(layout, system))
        assert "Transport endpoint is not connected" in outcome.warnings[0]
        assert [row["name"] for row in list_analysts(Host(layout, system))] == ["anna"]
        assert "zoe" not in system.accounts().users
        assert converge([], Host(layout, system)).changed
        assert list_analysts(Host(layout, system)) == []


class TestWalk:
    def test_it_has_no_limit_of_depth(self, tmp_path: Path) -> None:
        """Deeper than Python recurses, and than a path may be long."""
        folder = os.open(tmp_path, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("deep", dir_fd=folder)
            inner = os.open("deep", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(os.open("last", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        os.close(folder)
        names = []
        for found in walk(tmp_path, self.fail):
            names.append(found.name)
            remover = os.unlink if found.name == "last" else os.rmdir
            remover(found.name, dir_fd=found.folder)
        assert names == ["last", *["deep"] * 1500]
        assert list(tmp_path.iterdir()) == []

    def test_it_goes_on_where_its_way_is_moved(self, tmp_path: Path) -> None:
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "a/b/file").write_text("")
        (tmp_path / "other").mkdir()
        (tmp_path / "other/last").write_text("")
        errors: list[str] = []
        seen = []
        for found in walk(tmp_path, lambda path, _: errors.append(path)):
            seen.append(found.name)
            if found.name == "file":
                (tmp_path / "a/b").rename(tmp_path / "b")
        assert {"file", "last", "other"} <= {*seen}
        assert errors == [str(tmp_path / "a")]

    def test_another_file_system_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "mounted/in").mkdir(parents=True)

        def moved(path: str, folder: int) -> os.stat_result:
            found = mounts.status(path, folder)
            return os.stat_result((*found[:2], found.st_dev + 1, *found[3:]))

        errors: list[str] = []
        monkeypatch.setattr("broker.accounts.debian.walk.look", moved)
        seen = list(walk(tmp_path, lambda path, error: errors.append(f"{path}: {error.strerror}")))
        assert seen == []
        assert errors == [f"{tmp_path}/mounted: another file system is mounted here"]

    def test_no_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "up").symlink_to("/")
        assert [found.name for found in walk(tmp_path, self.fail)] == ["up"]
        assert list(walk(tmp_path / "up", self.fail)) == []
        assert list(walk(tmp_path / "missing", self.fail)) == []

    @staticmethod
    def fail(path: str, error: OSError) -> None:
        raise AssertionError((path, error))


def test_owners_of_shared_memory_and_queues_are_read_by_column(tmp_path: Path) -> None:
    """The heads of the kernel's own files."""
    heads = {
        "shm": "key shmid perms size cpid lpid nattch uid gid cuid cgid",
        "sem": "key semid perms nsems uid gid cuid cgid",
        "msg": "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid",
    }
    for number, (kind, head) in enumerate(heads.items(), 1001):
        ids = {"uid": number, "cuid": number + 100}
        row = " ".join(str(ids.get(column, 7)) for column in head.split())
        (tmp_path / kind).write_text(f"  {head}\n  {row}\n")
    assert ipc_owners(tmp_path) == {1001, 1002, 1003, 1101, 1102, 1103}
    assert ipc_makers(tmp_path) == {1101, 1102, 1103}, "an owner may be any uid"


def test_a_crontab_that_another_replaces_meanwhile_stops_nothing(
    layout: HostPaths, ask: Ask, uid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = layout.root / "var/spool/cron/crontabs"
    (spool / "anna").write_text("@reboot evil")
    listed = remains._entries
    monkeypatch.setattr(remains, "_entries", lambda path: [*listed(path), path / "tmp.gone"])
    outcome = ask("anna", shell=False)
    assert (outcome.changed, outcome.warnings) == (True, ())
    assert list(spool.iterdir()) == []
    assert f"anna-{uid}.spool/anna" in archived(layout)


def test_a_spool_that_cannot_be_stored_leaves_the_account_shut(
    layout: HostPaths, system: ScratchSystem, ask: Ask, uid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("zoe", public_key("zoe"), **SHELL)

    def refused(number: int) -> None:
        if number == uid:
            raise OSError(errno.EPERM, "not all could be removed", "/proc/sysvipc")

    requests = [replace(Request(name, origin="declared"), shell=False) for name in ("anna", "zoe")]
    with monkeypatch.context() as patched:
        patched.setattr(system, "remove_ipc", refused)
        outcome = converge(requests, Host(layout, system))
    assert "not all could be removed" in outcome.warnings[0]
    users = system.accounts().users
    assert (users["anna"].expired, users["zoe"].expired) == (True, False)
    assert ask("zoe").changed
    assert not system.accounts().users["anna"].expired
