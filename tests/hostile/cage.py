"""A broker's tree in a folder, with what leads out of it, and the program that sshd would force.

Whatever must not be reached has rights for everybody: only the program's own policy keeps it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from .tricks import SECRET

__all__ = ["ANALYST", "CANARY", "Answer", "Cage", "caged"]

ANALYST, LAPTOP = 61_100, 61_101
CANARY = "canary-7d1f"
_SOURCE = Path(__file__).parents[2] / "src"
_PROGRAM = "import sys; sys.path[:0] = [{!r}]; from broker.transport import main; main()"
_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """How the program ended, and what it said."""

    code: int
    output: bytes
    errors: str


@dataclass
class Cage:
    """``folder`` is the broker's whole file system, ``laptop`` the attacker's."""

    folder: Path
    laptop: Path
    python: str
    answers: list[Answer] = field(default_factory=list)

    @property
    def user(self) -> Path:
        return self.folder / "home/anna/user"

    @property
    def secret(self) -> Path:
        return self.folder / "outside/secret"

    def filled(self, text: str) -> str:
        return text.replace(SECRET, str(self.secret))

    def run(self, command: str, sent: bytes) -> Answer:
        """What somebody gets who sends a command over ssh."""
        done = subprocess.run(
            self._line(), **self._as_analyst(command), input=sent, capture_output=True, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    def rsync(self, arguments: list[str]) -> tuple[str, list[Answer]]:
        """What somebody gets who types an rsync, and what the broker's end answered to it."""
        self.answers.clear()
        shell = Path(__file__).with_name("shell.py").read_text()
        (self.laptop / "shell.py").write_text(shell)
        line = ["rsync", f"--rsh={self.python} -IS shell.py {self.laptop}/socket", *arguments]
        done = subprocess.run(
            line,
            cwd=self.laptop,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.laptop)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            user=LAPTOP,
            group=LAPTOP,
            extra_groups=[],
            timeout=_SECONDS,
        )
        printed = (done.stdout + done.stderr).decode(errors="replace")
        return printed + self._arrived(), list(self.answers)

    def serve(self, listener: socket.socket) -> None:
        """One connection after the other, until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        _, ends, _, _ = socket.recv_fds(connection, 1, 2)
        command = b""
        while not command.endswith(b"\0"):
            command += connection.recv(65_536)
        done = subprocess.run(
            self._line(),
            **self._as_analyst(os.fsdecode(command[:-1])),
            stdin=ends[0],
            stdout=ends[1],
            stderr=subprocess.PIPE,
            check=False,
        )
        for end in ends:
            os.close(end)
        self.answers.append(Answer(done.returncode, b"", done.stderr.decode(errors="replace")))
        with suppress(BrokenPipeError):  # who asked has gone meanwhile
            connection.sendall(bytes([done.returncode & 255]))

    def _line(self) -> list[str]:
        return [self.python, "-IS", "-c", _PROGRAM.format(str(self.folder.parent / "program"))]

    def _as_analyst(self, command: str) -> dict[str, object]:
        home = self.folder / "home/anna"
        return {
            "env": {"SSH_ORIGINAL_COMMAND": command, "HOME": str(home), "USER": "anna"},
            "cwd": home,
            "user": ANALYST,
            "group": ANALYST,
            "extra_groups": [],
            "timeout": _SECONDS,
        }

    def _arrived(self) -> str:
        """Names and contents of all that came to the laptop, which is emptied."""
        there = self.laptop / "there"
        found = [str(path.relative_to(there)) for path in there.rglob("*")]
        files = [path for path in there.rglob("*") if path.is_file() and not path.is_symlink()]
        found += [path.read_bytes().decode(errors="replace") for path in files]
        shutil.rmtree(there)
        _made(there, 0o777)
        return "\n".join(found)

    def plant(self) -> None:
        """The analyst's own folder, with every link that could lead out."""
        for path in self.user.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        (self.user / "real").mkdir()
        (self.user / "real/mine.sql").write_text("FROM mine;\n")
        links = {"out": "outside", "bob": "home/bob", "up": "."}
        for name, target in links.items():
            (self.user / name).symlink_to(self.folder / target)
        (self.user / "secret").symlink_to(self.secret)
        (self.user / "abs").symlink_to("/")
        (self.user / "loop").symlink_to("loop")
        (self.user / ".rsync-filter").write_text(f"merge {self.secret}\n: ../../../outside/x\n")
        for path in (self.user, *self.user.rglob("*")):
            os.chown(path, ANALYST, ANALYST, follow_symlinks=False)

    def outside(self) -> dict[str, tuple[object, ...]]:
        """All that no analyst may change: kind, rights, owner, links, times and content."""
        return {str(path): _facts(path) for path in _walk(self.folder, skip=self.user)}

    def planted(self) -> frozenset[tuple[str, str]]:
        return frozenset((str(path), str(_facts(path)[-1])) for path in _walk(self.user))


def _walk(folder: Path, skip: Path | None = None) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path != skip:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _walk(path, skip)


def _facts(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    content = str(path.readlink()) if path.is_symlink() else ""
    if stat.S_ISREG(found.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return found.st_mode, found.st_uid, found.st_gid, found.st_nlink, found.st_mtime_ns, content


@contextmanager
def caged(base: Path) -> Iterator[Cage]:
    """A cage below ``base``, which must be reachable by everybody."""
    cage = Cage(base / "broker", base / "laptop", _python())
    _build(cage)
    cage.plant()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(cage.laptop / "socket"))
        (cage.laptop / "socket").chmod(0o777)
        listener.listen()
        server = Thread(target=cage.serve, args=(listener,))
        server.start()
        try:
            yield cage
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


def _build(cage: Cage) -> None:
    # The laptop's account has no way into the broker's tree but the program.
    _made(cage.folder, 0o710)
    os.chown(cage.folder, 0, ANALYST)
    shutil.copytree(_SOURCE / "broker", cage.folder.parent / "program/broker")
    generation = cage.folder / "data/src_data/generations/2026-11-23T000000Z-aaaa/views"
    for part in ("parquet", "docs", "metadata"):
        _file(generation / f"tree/{part}/open.parquet", "for everybody")
        _file(generation / f"private/tree/{part}/{CANARY}.parquet", CANARY)
    (cage.folder / "data/src_data/current").symlink_to(generation.parent)
    for name in ("scripts", "examples"):
        _file(cage.folder / f"data/{name}/example.sh", "for everybody")
    _file(cage.folder / f"home/bob/user/{CANARY}.sql", CANARY)
    _file(cage.secret, f"{CANARY}\n")
    _file(cage.secret.with_name(CANARY), "its name alone tells too much")
    server = cage.folder / "home/anna/server"
    server.mkdir(parents=True)
    for part in ("parquet", "docs", "metadata"):
        (server / part).symlink_to(cage.folder / f"data/src_data/current/views/tree/{part}")
    (server / "generation").symlink_to(cage.folder / "data/src_data/current/views/tree")
    for name in ("scripts", "examples"):
        (server / name).symlink_to(cage.folder / f"data/{name}")
    cage.user.mkdir()
    os.chown(cage.folder / "home/anna", ANALYST, ANALYST)
    _laptop(cage)


def _laptop(cage: Cage) -> None:
    for name in ("here", "there"):
        _made(cage.laptop / name, 0o777)
    cage.laptop.chmod(0o777)
    here = cage.laptop / "here"
    _file(here / "plain", "pushed")
    _file(here / "out/secret", "pushed over what a link leads to")
    _file(here / "secret", "pushed over what a link leads to")
    _file(here / "bob/user/mine", "pushed")
    (here / "up").symlink_to("../../../outside")
    (here / "abs").symlink_to(cage.secret)
    (here / ".rsync-filter").write_text(": /etc/passwd\n")
    (cage.laptop / "list").write_text(f"{cage.secret}\n../../outside\nuser/out/\n")
    (cage.laptop / "secret").write_text("a filter of the laptop's own\n")


def _file(path: Path, text: str) -> None:
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        folder.chmod(0o777)
    path.write_text(text)
    path.chmod(0o666)


def _made(path: Path, mode: int) -> None:
    path.mkdir(parents=True)
    path.chmod(mode)


def _python() -> str:
    """An interpreter that other accounts can start, too."""
    for program in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run([program, "-IS", "-c", "import socket"], user=ANALYST, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return program
    raise AssertionError("no python here can be started by an account without rights")
