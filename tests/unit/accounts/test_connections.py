"""Which of the processes that stand are connections of somebody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.accounts.connections import monitors

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
