"""Analysts on booted hosts: Debian's own tools, real processes, real logins over ssh."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from rig.hosts import RELEASES, Host, Release, Run, wait_for
from rig.hosts.image import ensure
from tests.unit.accounts.scratch import public_key

pytestmark = pytest.mark.system

PROJECT = Path(__file__).resolve().parents[3]
TOOLS = "/opt/accounts-test"
GROUPS = "id -nG | tr ' ' '\\n' | sort | xargs"
LOGIN = """
AuthorizedKeysFile .ssh/authorized_keys /etc/data-broker/authorized_keys/%u
"""
# No transport is installed here: what analysts without a shell get at a login is a shell, too.
WITHOUT_SHELL = """
mkdir -p /opt/data-broker/current/venv/bin
ln -s /bin/bash /opt/data-broker/current/venv/bin/broker-transport
"""
# mode, owner and content of all that accounts may touch, and no access times
# /etc/hosts is the rig's: it adds each host that another test boots meanwhile.
SNAPSHOT = (
    "find /etc /home /var/lib/data-broker /var/spool/cron ! -name '*.lock' ! -path /etc/hosts "
    "-printf '%p %M %U %G %T@ %l\\n' 2>&1 | sort; "
    "find /etc /home -type f ! -name '*.lock' ! -path /etc/hosts -exec sha256sum {} + | sort"
)


ASK = f"""
import json, sys
sys.path[:0] = ["{TOOLS}"]
from broker.accounts.debian.host import Host
from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
requests = [parse_request(**request) for request in json.loads(sys.argv[1])]
outcome = converge(requests, Host(), check=sys.argv[2] == "1")
print(json.dumps({{"changed": outcome.changed, "analysts": outcome.people}}))
"""
# All damages in one process: starting one costs more than the three runs after each.
MEND = f"""
import json, subprocess, sys
sys.path[:0] = ["{TOOLS}"]
from broker.accounts.debian.host import Host
from broker.accounts.manage import converge
def changed(check):
    return converge([], Host(), check=check).changed
for damage in json.loads(sys.argv[1]):
    subprocess.run(["sh", "-c", damage], check=True, stdout=subprocess.DEVNULL)
    print(json.dumps([damage, changed(True), changed(False), changed(False)]))
"""


@dataclass(frozen=True)
class Broker:
    """A host, and the ways in which an operator and an analyst meet it."""

    host: Host
    keys: Path

    def module(self, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """What the module answers, called by Ansible over ssh."""
        line = [
            *(str(Path(sys.executable).with_name("ansible")), "-i", f"{self.host.name},", "all"),
            *("-e", f"ansible_ssh_common_args='-F {self.host.ssh_config}' ansible_user=root"),
            *("-m", "analyst", "-a", json.dumps(arguments)),
            *(["--check", "--diff"] if check else []),
        ]
        done = subprocess.run(
            line,
            cwd=PROJECT,
            env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
            check=False,
            capture_output=True,
            text=True,
        )
        _, found, answer = done.stdout.partition(" => ")
        assert found, done.stdout + done.stderr
        result: dict[str, Any] = json.loads(answer)
        return result

    def command(self, *words: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Type a command on the host."""
        program = (
            f"import sys; sys.path[:0] = ['{TOOLS}']; sys.argv = {list(words)!r}; "
            "from broker.cli import accounts; "
            f"accounts.{words[0].replace('-', '_')}()"
        )
        line = ["python3", "-c", program]
        as_user = ["runuser", "-u", user, "--"] if user != "root" else []
        return self.host.exec(*as_user, *line, check=False)

    def ask(self, *requests: dict[str, Any], check: bool = False) -> dict[str, Any]:
        """The same on the host itself, without the time that Ansible takes."""
        done = self.host.exec("python3", "-c", ASK, json.dumps(requests), str(int(check)))
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def mend(self) -> bool:
        """Ask for nobody, as any run does; whether something was mended."""
        return bool(self.ask()["changed"])

    def key(self, name: str) -> str:
        """The public half of a key pair of OpenSSH's own, made when first asked for."""
        path = self.keys / name
        if not path.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)],
                check=True,
            )
        return path.with_name(f"{name}.pub").read_text()

    def login(self, name: str, command: str) -> subprocess.CompletedProcess[str]:
        """Log in with that person's key and run a command."""
        return self.host.run(command, user=name, key=self.keys / name, check=False)

    def snapshot(self) -> str:
        return self.host.exec("sh", "-c", SNAPSHOT).stdout

    def sound(self) -> bool:
        """Whether Debian's own checkers find nothing wrong with accounts and groups."""
        groups = self.host.exec("grpck", "-r", check=False)
        users = self.host.exec("pwck", "-r", "-q", check=False)
        return groups.returncode == 0 and "u-" not in users.stdout + users.stderr


@pytest.fixture(params=RELEASES, ids=str)
def broker(hosts_run: Run, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A virgin host of the test's own with the program for accounts on it, and no more."""
    release: Release = request.param
    program = hashlib.sha256(parcel()).hexdigest()
    key = f"{program} {LOGIN} {WITHOUT_SHELL}"
    image = ensure(hosts_run, "accounts", release, key=key, prepare=prepare)
    name = f"accounts-{uuid.uuid4().hex[:8]}"
    yield Broker(hosts_run.boot(name, release, disks=image.disks), tmp_path)
    hosts_run.remove(name)


def prepare(host: Host) -> None:
    command = [*host.ssh(), f"mkdir {TOOLS} && tar -x -C {TOOLS}"]
    subprocess.run(command, input=parcel(), check=True)
    host.exec("tee", "/etc/ssh/sshd_config.d/10-test.conf", stdin=LOGIN)
    host.exec("sh", "-ec", WITHOUT_SHELL)


def parcel() -> bytes:
    """The program and the one library that it needs, the same bytes for the same files."""
    line = ["tar", "-c", "--sort=name", "--mtime=@0", "--exclude=__pycache__"]
    sources = ("-C", str(PROJECT / "src"), "broker")
    library = ("-C", str(Path(click.__file__).parents[1]), "click")
    return subprocess.run([*line, *sources, *library], check=True, capture_output=True).stdout


def test_four_runs_by_ansible(broker: Broker) -> None:
    request = {"name": "anna", "key": broker.key("anna"), "private": True, "email": "a@example.com"}
    before = broker.snapshot()
    checked = broker.module(check=True, **request)
    assert checked["changed"]
    assert broker.snapshot() == before

    done = broker.module(**request)
    assert done["changed"]
    assert done["analysts"] == checked["analysts"]

    after = broker.snapshot()
    again = {"name": "anna", "keys": [request["key"]], "private": True, "email": request["email"]}
    assert [broker.ask(again, check=True)["changed"], broker.ask(again)["changed"]] == [False] * 2
    assert broker.snapshot() == after
    assert broker.sound()


def test_what_an_analyst_finds(broker: Broker) -> None:
    broker.ask({"name": "anna", "keys": [broker.key("anna")], "private": True})
    shown = broker.login("anna", f"{GROUPS}; ls server user; stat -c '%a %U:%G' . server user")
    assert shown.stdout.splitlines() == [
        "anna data-private dataread",
        *("server:", "docs", "examples", "generation", "metadata", "parquet", "scripts"),
        *("wheels", ""),
        *("user:", "artifacts", "duckdb", "notifications", "parquet", "scripts", "sessions"),
        *("750 root:anna", "755 root:root", "750 anna:anna"),
    ]
    assert broker.login("anna", "touch user/duckdb/mine").returncode == 0
    refused = broker.login("anna", "touch server/mine; cat /etc/data-broker/analysts.json; sudo id")
    assert refused.stderr.count("Permission denied") == 2
    assert broker.login("anna", "cat /etc/data-broker/authorized_keys/anna").returncode == 0


def test_classes_open_what_they_should_and_revoking_ends_what_runs(broker: Broker) -> None:
    broker.ask(
        {"name": "anna", "keys": [broker.key("anna")], "private": True},
        {"name": "bob", "keys": [broker.key("bob")]},
    )
    broker.host.exec("sh", "-ec", VIEWS)
    read = "cat server/parquet/table"
    assert broker.login("anna", read).stdout == "private\n"
    assert broker.login("bob", read).stdout == "public\n"
    assert "Permission denied" in broker.login("bob", "ls /views/private/tree").stderr

    with holding(broker, "anna"):
        broker.ask({"name": "anna", "private": False})
        assert processes(broker, "anna") == ""
    assert broker.login("anna", read).stdout == "public\n"
    assert broker.login("anna", GROUPS).stdout == "anna dataread\n"


VIEWS = """
mkdir -p /data/src_data/current
test -e /views || mkdir -p /views/tree/parquet /views/private/tree/parquet
test -e /data/src_data/current/views || ln -s /views /data/src_data/current/views
echo public > /views/tree/parquet/table
echo private > /views/private/tree/parquet/table
chgrp -R dataread /views && chgrp -R data-private /views/private
find /views -type d -exec chmod 2750 {} + && chmod 2710 /views /views/private
find /views -type f -exec chmod 0640 {} +
"""


class holding:  # noqa: N801 - read as a word: with holding(...)
    """A live session of somebody that ends only when it is ended."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker, self.name = broker, name

    def __enter__(self) -> None:
        line = [*self.broker.host.ssh(user=self.name, key=self.broker.keys / self.name), "cat"]
        self.session = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wait_for("the session", lambda: "cat" in processes(self.broker, self.name), seconds=30)

    def __exit__(self, *_: object) -> None:
        assert self.session.wait(timeout=30) != 0
        assert self.session.stdin is not None
        self.session.stdin.close()


def processes(broker: Broker, name: str) -> str:
    uid = broker.host.exec("id", "-u", name, check=False).stdout.strip()
    script = f"cat $(grep -ls '^Uid:.{uid}' /proc/[0-9]*/status | sed s/status/comm/) /dev/null"
    return broker.host.exec("sh", "-c", script, check=False).stdout


def test_leaving(broker: Broker) -> None:
    eve = {"name": "eve", "keys": [broker.key("eve")]}
    gone = {"name": "eve", "state": "absent"}
    uid = broker.ask(eve)["analysts"][0]["uid"]
    broker.login("eve", "echo kept > user/scripts/mine.py")
    broker.host.exec("sh", "-c", "mkdir -p /var/spool/cron/crontabs /var/lib/systemd/linger")
    broker.host.exec("touch", "/var/spool/cron/crontabs/eve", "/var/lib/systemd/linger/eve")
    with holding(broker, "eve"):
        assert broker.ask(gone)["changed"]
    assert broker.ask(gone)["changed"] is False
    assert broker.login("eve", "true").returncode == 255
    script = (
        "getent passwd eve; getent group eve; ls /home/eve /etc/data-broker/authorized_keys/eve "
        "/var/spool/cron/crontabs/eve /var/lib/systemd/linger/eve"
    )
    assert broker.host.exec("sh", "-c", script, check=False).stdout == ""
    kept = f"/home/.data-broker-archive/eve-{uid}"
    shown = broker.host.exec("stat", "-c", "%a %U", kept)
    shown.stdout += broker.host.exec("cat", f"{kept}/user/scripts/mine.py").stdout
    assert shown.stdout == "700 root\nkept\n"
    assert broker.ask(eve)["analysts"][0]["uid"] > uid
    broker.ask({**gone, "home": "delete"})
    assert broker.sound()


def test_drift_of_every_kind_is_shown_and_mended(broker: Broker) -> None:
    broker.ask({"name": "anna", "keys": [broker.key("anna")], "private": False})
    damages = (
        "usermod -aG sudo anna",
        "usermod -p '$y$j9T$x$y' anna",
        "usermod -s /bin/sh -c Anna anna",
        "chage -E 0 anna",
        "sed -i /^anna:/d /etc/shadow",
        "gpasswd -d anna dataread",
        "chmod 777 /home/anna /etc/data-broker/authorized_keys",
        "echo 'ssh-ed25519 AAAA' >> /etc/data-broker/authorized_keys/anna",
        "chown anna /etc/data-broker/authorized_keys/anna",
        "ln -sfn /etc /home/anna/server/parquet",
        "rm -r /home/anna",
        "rm -r /etc/data-broker/authorized_keys",
        "cp /etc/shadow /etc/data-broker/authorized_keys/root",
        "groupdel dataread",
    )
    seen = broker.host.exec("python3", "-c", MEND, json.dumps(damages)).stdout.splitlines()
    assert [json.loads(line) for line in seen] == [[each, True, True, False] for each in damages]
    assert broker.login("anna", GROUPS).stdout == "anna dataread\n"
    assert broker.sound()


def test_commands_on_the_host(broker: Broker) -> None:
    added = broker.command("add-analyst", "tom", broker.key("tom"), "--private")
    assert (added.returncode, added.stderr) == (0, "")
    assert broker.login("tom", GROUPS).stdout == "data-private dataread tom\n"
    rows = json.loads(broker.command("list-analysts", "--json").stdout)
    assert [row["host"] for row in rows if row["name"] == "tom"] == ["ok"]

    for words, code, message in (
        (["add-analyst", "sshd", broker.key("tom")], 2, "reserved"),
        (["add-analyst", "tim", broker.key("tom")], 2, "the same key is given for 'tom' and 'tim'"),
        (["remove-analyst", "tm"], 2, "Did you mean tom?"),
    ):
        refused = broker.command(*words)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert message in refused.stderr
        assert len(refused.stderr.splitlines()) == 1

    not_root = broker.command("list-analysts", user="tom")
    assert (not_root.returncode, not_root.stdout) == (1, "")
    assert "only root may manage accounts" in not_root.stderr
    assert broker.command("remove-analyst", "tom").returncode == 0
    assert broker.login("tom", "true").returncode == 255


def test_accounts_of_others_are_left_alone(broker: Broker) -> None:
    broker.host.exec("sh", "-c", "id clara || useradd -m clara; id robot || useradd -r robot")
    before = broker.snapshot()
    for name, message in (("clara", "did not make"), ("robot", "a system account with uid")):
        assert message in broker.command("add-analyst", name, public_key(name)).stderr
    assert "not made by the data broker" in broker.module(name="clara", state="absent")["msg"]
    assert broker.snapshot() == before


def test_kills_and_operators_at_once(broker: Broker) -> None:
    """Runs are killed at many moments, others work meanwhile: nothing is lost or half-made."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: killed_run(broker, number), range(16)))
        kept = list(pool.map(lambda number: added(broker, f"k{number}"), range(8)))
    assert kept == [0] * 8
    assert broker.mend() is False
    rows = json.loads(broker.command("list-analysts", "--json").stdout)
    assert {row["host"] for row in rows} == {"ok"}
    assert {f"k{number}" for number in range(8)} <= {row["name"] for row in rows}
    assert len({row["uid"] for row in rows}) == len(rows)
    assert broker.sound()


def added(broker: Broker, name: str) -> int:
    return broker.command("add-analyst", name, public_key(name)).returncode


def killed_run(broker: Broker, number: int) -> None:
    """A run that adds one and removes another, killed when it opens its n-th file to write."""
    program = KILLED.format(tools=TOOLS, steps=1 + number, name=f"d{number}", other=number - 1)
    broker.host.exec("python3", "-c", program, public_key(f"d{number}"), check=False)


KILLED = """
import os, sys
sys.path[:0] = ["{tools}"]
from broker.accounts.debian.host import Host
from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
requests = [
    parse_request("{name}", keys=[sys.argv[1]], private=True),
    parse_request("d{other}", state="absent", home="delete"),
][: 1 + ({other} >= 0)]
left = {steps}
def hook(event, arguments):
    global left
    if event in ("os.rename", "os.mkdir", "subprocess.Popen"):
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)
sys.addaudithook(hook)
converge(requests, Host())
"""


def test_hundreds_in_one_call(broker: Broker) -> None:
    people = [
        {"name": f"p{n}", "key": public_key(f"p{n}"), "private": n % 3 == 0} for n in range(500)
    ]
    done = broker.module(analysts=people)
    assert done["changed"]
    assert len({entry["uid"] for entry in done["analysts"]}) == 500
    same = [{"name": p["name"], "keys": [p["key"]], "private": p["private"]} for p in people]
    assert broker.ask(*same)["changed"] is False
    shown = broker.host.exec("id", "-nG", "p3").stdout
    assert sorted(shown.split()) == ["data-private", "dataread", "p3"]
    assert broker.sound()
