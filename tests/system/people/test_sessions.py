"""What sessions of analysts may take, and what ends them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rig.hosts import RELEASES, wait_for

from ..deploy import Broker
from .person import Person, key_pair, person

pytestmark = pytest.mark.system

every_release = pytest.mark.parametrize("deployed", RELEASES, indirect=True, ids=str)
TAKE = "python3 -c 'print(len(bytearray(300 << 20)))'; echo code $?"
LIMITS = "/etc/systemd/system/broker-analyst.slice.d/limits.conf"
RELOAD = "systemctl daemon-reload"
# The first packets of SFTP version 3: the client's greeting and the server's answer.
HELLO, WELCOME = b"\0\0\0\5\1\0\0\0\3", b"\0\0\0\5\2\0\0\0\3"


@pytest.fixture
def analyst(deployed: Broker, tmp_path: Path) -> Person:
    """An analyst with a shell."""
    return person(deployed.host, tmp_path, "pat", "--shell")


@every_release
def test_who_takes_too_much_is_killed_and_nobody_else(
    deployed: Broker, analyst: Person, tmp_path: Path
) -> None:
    """On a host that gives little memory to each analyst, and whose systemd enforces it."""
    host = deployed.host
    host.enforce_memory()
    host.exec("sh", "-ec", f"sed -i 's/^MemoryMax=25%/MemoryMax=96M/' {LIMITS}; {RELOAD}")
    other = person(host, tmp_path, "tim")  # without a shell
    with subprocess.Popen(
        other.ssh("-s", "sftp"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        wait_for("a transfer", lambda: "session-" in other.groups(), seconds=60)
        assert f"/user.slice/user-{other.uid}.slice/session-" in other.groups()
        own = analyst.run("cat /proc/self/cgroup").stdout
        assert f"/user.slice/user-{analyst.uid}.slice/session-" in own

        assert analyst.run(TAKE).stdout.splitlines()[-1] == "code 137"
        assert host.run(TAKE).stdout.split()[-1] == "0", "root has no limit"
        assert analyst.run("echo again").stdout == "again\n"
        session.stdin.write(HELLO)
        session.stdin.close()
        assert session.stdout.read() == WELCOME, "others' sessions go on"

    command = ["systemctl", "show", "--property=MemoryMax,CPUWeight,TasksMax"]
    limits = {"MemoryMax=100663296", "CPUWeight=20", "TasksMax=256"}
    for uid in (analyst.uid, other.uid):
        with subprocess.Popen(analyst.ssh("cat"), stdin=subprocess.PIPE):
            shown = host.exec(*command, f"user-{uid}.slice").stdout
        assert set(shown.split()) == limits, uid
    assert "MemoryMax=infinity" in host.exec(*command, "user-0.slice").stdout
    assert other.uid != analyst.uid

    folder = f"/etc/systemd/system/user-{other.uid}.slice.d"
    assert host.exec("ls", folder).stdout == "50-data-broker.conf\n"
    host.exec("remove-analyst", other.name, "--delete-home")
    assert host.exec("test", "-e", folder, check=False).returncode == 1


def test_a_key_that_is_revoked_takes_with_it_what_it_opened(
    deployed: Broker, analyst: Person, tmp_path: Path
) -> None:
    host, new = deployed.host, key_pair(tmp_path / "new")
    public = new.with_suffix(".pub").read_text()
    host.exec("broker", "analyst", "key", "add", analyst.name, public)
    left = analyst.run("nohup sleep 3600 > /dev/null 2>&1 & echo left")
    assert left.stdout == "left\n"
    with subprocess.Popen(analyst.ssh("-N", "true"), stderr=subprocess.DEVNULL) as session:
        wait_for("the session", lambda: analyst.groups().count("session-") > 1, seconds=60)
        host.exec("broker", "analyst", "key", "revoke", analyst.name, analyst.key.name)
        assert analyst.groups() == ""
        assert session.wait(timeout=60) != 0
    failed = host.exec("systemctl", "list-units", "--failed", f"user@{analyst.uid}.service").stdout
    assert "0 loaded units listed" in failed, "what was ended did not fail"
    assert analyst.run("true").returncode == 255
    assert analyst.run("echo in", key=new).stdout == "in\n"
