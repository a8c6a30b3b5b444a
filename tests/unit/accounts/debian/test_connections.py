"""Which of the processes that stand are connections of somebody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.accounts.debian.connections import in_sessions, monitors

SSHD, SESSION = "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session"


@pytest.mark.parametrize(
    ("title", "program", "owner", "is_one"),
    [
        ("sshd: anna [priv]", SSHD, 0, True),
        ("sshd-session: anna [priv]", SESSION, 0, True),
        ("sshd: anna [priv]   ", SSHD, 0, True),
        ("sshd: anna@pts/0", SSHD, 0, False),
        ("sshd: annab [priv]", SSHD, 0, False),
        ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-60 startups", SSHD, 0, False),
        ("sshd: anna [priv]", "/usr/bin/python3", 0, False),
        ("sshd: anna [priv]", SSHD, 1001, False),
    ],
)
def test_a_connection_is_known_by_title_program_and_owner(
    title: str,
    program: str,
    owner: int,
    is_one: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "4711"
    folder.mkdir()
    (folder / "cmdline").write_bytes(title.encode() + b"\0")
    (folder / "exe").symlink_to(program)
    (tmp_path / "4712").mkdir()  # one that ends while it is looked at
    real = Path.stat

    def owned(path: Path, **more: bool) -> os.stat_result:
        found = list(real(path, **more))
        return os.stat_result([*found[:4], owner, *found[5:]])

    monkeypatch.setattr(Path, "stat", owned)
    assert monitors("anna", tmp_path) == ([4711] if is_one else [])


def test_what_runs_in_the_sessions_of_somebody_is_known_by_its_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 2 has one line, version 1 several; the name of a program may look like fields."""

    def process(number: int, parent: int, group: str, state: str = "S") -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "cgroup").write_text(f"9:name=systemd:{group}\n8:pids:/\n0::{group}\n")
        (folder / "stat").write_text(f"{number} (a) Z 1 (b)) {state} {parent} 1 1\n")

    session = "/user.slice/user-1501.slice/session-3.scope"
    process(1, 0, "/init.scope")
    process(10, 1, session)
    process(11, 10, session)
    process(12, 1, "/user.slice/user-1501.slice/user@1501.service/app.slice")
    process(13, 1, session, state="Z")
    process(14, 1, "/user.slice/user-15011.slice/session-4.scope")
    process(15, 1, "/system.slice/user-1501.service")
    process(17, 1, "/user.slice/user-1502.slice/user@1502.service/user.slice/user-1501.slice/x")
    process(18, 1, "/user.slice/user-1501.slice/user-runtime-dir@1501.service")
    named = "user@1501.service/user-1501.slice/user-runtime-dir@1501.service"
    process(19, 1, f"/user.slice/user-1501.slice/{named}")
    (tmp_path / "16").mkdir()  # one that ends while it is looked at
    assert in_sessions(1501, tmp_path) == {10, 11, 12, 19}
    monkeypatch.setattr(os, "getpid", lambda: 11)
    assert in_sessions(1501, tmp_path) == {12, 19}, "who asks stays"
