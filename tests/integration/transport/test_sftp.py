"""The read-only server, asked by OpenSSH's own client and by broken ones."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """#!{python}
import os, sys
sys.path.insert(0, {source!r})
from broker.transport.sftp import Served, serve
from broker.transport.tree import Tree
tree = Tree({home!r}, os.getuid())
served = Served()
serve(tree, served)
with open({home!r} + ".served", "w") as stream:
    print(served.is_whole, served.sent, tree.generation, file=stream)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home, tree = tmp_path / "home", tmp_path / "generation"
    (tree / "parquet/shop").mkdir(parents=True)
    (tree / "parquet/shop/a.parquet").write_text("rows")
    (tmp_path / "secret").write_text("canary")
    (home / "server").mkdir(parents=True)
    (home / "user/kept").mkdir(parents=True)
    (home / "server/generation").symlink_to(tree)
    (home / "user/out").symlink_to(tmp_path / "secret")
    (home / "user/up").symlink_to(tmp_path)
    return home


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    source = str(Path(__file__).parents[3] / "src")
    path.write_text(PROGRAM.format(python=sys.executable, source=source, home=str(home)))
    path.chmod(0o755)
    return path


def sftp(server: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sftp", "-q", "-D", str(server), "-b", "-"],
        input="".join(f"{line}\n" for line in lines),
        cwd=server.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_how_a_session_ended_and_what_it_was_of_is_known(server: Path, home: Path) -> None:
    sftp(server, "get server/parquet/shop/a.parquet there")
    whole, sent, place = home.with_name("home.served").read_text().split()
    assert (whole, place) == ("True", str(home.with_name("generation")))
    assert int(sent) > len("rows")
    path = b"server/parquet/shop/a.parquet"
    parts = (struct.pack(">I", len(path)) + path, struct.pack(">II", 1, 0))
    opened = struct.pack(">IBI", 5, 1, 3) + packet(3, *parts)  # and never closed
    subprocess.run([server], input=opened, capture_output=True, check=False, timeout=60)
    assert home.with_name("home.served").read_text().split()[0] == "False"


def test_a_client_that_takes_no_answer_is_counted_too(server: Path, home: Path) -> None:
    """As sshd gives it: one socket is both sides."""
    name = words(b"server/parquet/shop/a.parquet")
    opened = packet(3, name, (1).to_bytes(4, "big"), bytes(4))
    read = packet(5, words((1).to_bytes(8, "big")), bytes(8), (4).to_bytes(4, "big"))
    ours, theirs = socket.socketpair()
    with subprocess.Popen([server], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as started:
        theirs.close()
        ours.sendall(opened + read)
        select.select([ours], [], [], 60)
        ours.close()  # with an answer in it that nobody has read
        started.wait(60)
    whole, sent, _ = home.with_name("home.served").read_text().split()
    assert whole == "False"
    assert int(sent) > 0


def test_a_client_lists_and_reads_the_view(server: Path) -> None:
    done = sftp(server, "pwd", "ls -1 server/parquet", "get -r server/parquet there")
    assert done.returncode == 0, done.stderr
    assert "Remote working directory: /" in done.stdout
    assert (server.parent / "there/shop/a.parquet").read_text() == "rows"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "get /etc/passwd x",
            "get server/../../secret x",
            "get user/out x",
            "get user/up/secret x",
        ),
        *("ls /etc", "ls server/secret", "get server/parquet/none x"),
        *("put server.py user/mine", "rm server/parquet/shop/a.parquet", "mkdir user/new"),
        *(
            "rmdir user/kept",
            "rename user/kept user/lost",
            "symlink a user/b",
            "chmod 777 user/kept",
        ),
        *("ln user/out user/hard", "put -a server.py user/kept/x", "get user/\\x00 x"),
    ],
)
def test_nothing_else_is_read_and_nothing_is_written(server: Path, home: Path, line: str) -> None:
    before = sorted(map(str, home.rglob("*")))
    done = sftp(server, line)
    assert done.returncode != 0
    assert not (server.parent / "x").exists()
    assert "canary" not in done.stdout
    assert sorted(map(str, home.rglob("*"))) == before


def test_a_view_that_is_replaced_meanwhile_stays_what_it_was(home: Path) -> None:
    from broker.transport.tree import Tree  # noqa: PLC0415 - the server above is what is tested

    tree = Tree(str(home), os.getuid())
    assert [name for name, _ in tree.entries("/server/parquet")] == ["shop"]
    (home / "server/generation").unlink()
    (home / "server/generation").symlink_to("/etc")
    assert [name for name, _ in tree.entries("/server/parquet")] == ["shop"]


def packet(kind: int, *parts: bytes) -> bytes:
    body = bytes([kind]) + (7).to_bytes(4, "big") + b"".join(parts)
    return len(body).to_bytes(4, "big") + body


def words(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def test_an_offset_past_all_files_is_an_answer_and_the_session_goes_on(server: Path) -> None:
    name = words(b"server/parquet/shop/a.parquet")
    opened = packet(3, name, (1).to_bytes(4, "big"), bytes(4))
    handle = words((1).to_bytes(8, "big"))
    far = packet(5, handle, (2**64 - 1).to_bytes(8, "big"), (4).to_bytes(4, "big"))
    near = packet(5, handle, bytes(8), (4).to_bytes(4, "big"))
    done = subprocess.run(
        [str(server)], input=opened + far + near, check=False, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Failed" in done.stdout
    assert done.stdout.endswith(words(b"rows"))


def test_a_file_that_goes_during_a_listing_is_left_out(home: Path) -> None:
    from broker.transport.tree import Tree  # noqa: PLC0415 - the server above is what is tested

    for name in "abc":
        (home / "user/kept" / name).touch()
    looks = Tree(str(home), os.getuid()).entries("/user/kept")
    assert next(looks)[0] == "a"
    (home / "user/kept/b").unlink()
    assert [name for name, _ in looks] == ["c"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\x01",
        b"\x00\x00\x00\x00",
        b"GET / HTTP",
    ],
)
def test_what_is_no_packet_ends_the_session(server: Path, sent: bytes) -> None:
    done = subprocess.run([str(server)], input=sent, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
