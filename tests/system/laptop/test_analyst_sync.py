"""What docs/analyst.md tells an analyst to type, typed on a laptop, over ssh, to a real host."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.image import ensure
from tests.documented import ROOT, documented
from tests.integration.laptop.homes import Home, make_home

pytestmark = pytest.mark.system

ADDRESS = "broker.example.com"
PREPARE = """
apt-get -q update
apt-get -q -y install --no-install-recommends rsync
useradd --create-home --shell /bin/bash anna
"""


INSTANT = """
import duckdb
with duckdb.connect("user/duckdb/analytics.duckdb", read_only=True) as connection:
    connection.execute("SET TimeZone = 'UTC'")
    print(connection.execute("SELECT TIMESTAMPTZ '2026-02-01 00:30:00+01'").fetchall()[0][0])
"""


@dataclass
class Desk:
    """A laptop's folder; ``anna@broker.example.com`` is an account of a booted host."""

    folder: Path
    programs: Path
    host: Host
    home: Home
    key: Path
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)

    def wrap(self, options: str) -> None:
        """Have ssh find the host by the name of the documents, with these options as well."""
        for name in ("ssh", "sftp"):
            line = f'exec /usr/bin/{name} -o HostName={self.host.address} {options} "$@"'
            (self.programs / name).write_text(f"#!/bin/sh\n{line}\n")
            (self.programs / name).chmod(0o755)

    def first_contact(self) -> subprocess.CompletedProcess[str]:
        """The documented line, with the keys that the operator's line has, in an empty home."""
        (command,) = documented("analyst-first-contact")
        scan = self.host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()
        signers = (self.home.path / "server/scripts/allowed_signers").read_text().split()
        command = command.replace("KEY_OF_THE_HOST", scan[1]).replace("KEY_THAT_SIGNS", signers[-1])
        command = command.replace("YOUR_OWN_KEY", self.key.with_suffix(".pub").read_text().strip())
        return self.type(command, self.folder.parent)

    @property
    def plain(self) -> list[str]:
        """The documented rsync, by an ssh that knows the host already."""
        known = f"-o UserKnownHostsFile={self.host.known_hosts} -o HostKeyAlias={self.host.name}"
        commands = documented("analyst-plain-rsync")
        return [one.replace("rsync -av", f"rsync -e 'ssh {known}' -av") for one in commands]

    def type(self, command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder.parent),
            # The index that this machine's pip uses, whatever the home.
            "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config"),
            **{name: text for name, text in os.environ.items() if name.startswith("PIP_")},
            **self.environment,
        }
        if self.python:
            environment["BROKER_PYTHON"] = self.python
        return subprocess.run(
            ["bash", "-euc", command],
            cwd=folder or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def publish(self) -> None:
        """Bring what the home holds to the host, and let its links point there."""
        self.home.publish()
        self.upload()

    def upload(self) -> None:
        source = self.home.path.parents[1]
        shell, target = f"ssh -F {self.host.ssh_config}", f"{self.host.name}:{source}/"
        self.host.run(f"mkdir -p {source} && install -d -o anna ~anna/user")
        subprocess.run(["rsync", "-a", "--delete", "-e", shell, f"{source}/", target], check=True)
        self.host.run(f"ln -sfn {self.home.path}/server ~anna/server && chmod -R a+rX {source}")

    def stores(self) -> list[tuple[object, ...]]:
        database = self.folder / "user" / "duckdb" / "analytics.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute("FROM stores").fetchall()


@pytest.fixture
def host(hosts_run: Run) -> Iterator[Host]:
    """A host with rsync and one account."""
    release, name = DEFAULT, f"analysts-{uuid.uuid4().hex[:8]}"
    image = ensure(hosts_run, "analysts", release, key=PREPARE, prepare=prepare)
    yield hosts_run.boot(name, release, disks=image.disks)
    hosts_run.remove(name)


def prepare(host: Host) -> None:
    host.exec("sh", "-ec", PREPARE, timeout=300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as a deploy builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def desk(host: Host, wheel: Path, tmp_path: Path) -> Desk:
    """Its ssh finds the host by the name of the documents, and has the analyst's key."""
    folder = tmp_path / "laptop" / "data-broker"
    folder.parent.mkdir()
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    host.run(
        f"install -d -o anna -m 700 ~anna/.ssh && echo '{public}' > ~anna/.ssh/authorized_keys"
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    made = Desk(folder, programs, host, make_home(tmp_path / "published", wheel), key)
    made.wrap(f"-o IdentityFile={key} -o IdentitiesOnly=yes")
    made.upload()
    return made


def test_the_pages_of_the_analyst_work_word_for_word(desk: Desk) -> None:
    """From an empty home, with nothing but Python: the program brings what it needs."""
    desk.python = ""
    done = desk.first_contact()
    assert done.returncode == 0, done.stderr
    assert "2 tables, 3 rows, signed" in done.stdout
    again = desk.first_contact()
    assert again.returncode == 0, again.stderr
    assert (desk.folder / ".broker/venv/bin/python").exists()
    desk.home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    desk.publish()
    for command in (*documented("analyst-sync"), *desk.plain):
        done = desk.type(command)
        assert done.returncode == 0, done.stderr
    assert desk.stores() == [(8, "Brno")]
    for command in documented("analyst-status"):
        assert "rails for agents: " in desk.type(command).stdout
    for command in documented("analyst-query"):
        assert "orders" in desk.type(command).stdout
    # An instant in Python needs a package that duckdb does not ask for.
    done = desk.type(f".broker/venv/bin/python -c {shlex.quote(INSTANT)}")
    assert done.stdout == "2026-01-31 23:30:00+00:00\n", done.stderr
    (desk.folder / "user" / "scripts").mkdir()
    (desk.folder / "user" / "scripts" / "mine.sql").write_text("FROM stores;\n")
    for command in documented("analyst-push"):
        assert desk.type(command).returncode == 0
    assert desk.host.run("cat ~anna/user/scripts/mine.sql").stdout == "FROM stores;\n"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An agent without keys, as a program finds it."""
    line = ["ssh-agent", "-s", "-a", str(tmp_path / "agent")]
    output = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"^(\w+)=([^;]+);", output, re.MULTILINE))
    yield {"SSH_AUTH_SOCK": found["SSH_AUTH_SOCK"]}
    subprocess.run(["ssh-agent", "-k"], check=True, capture_output=True, env=os.environ | found)


def test_an_agent_with_ten_keys_offers_the_right_one_alone(
    desk: Desk, agent: dict[str, str], tmp_path: Path
) -> None:
    """A host lets six be tried, and one that counts wrong ones shuts the door behind them."""
    others = [tmp_path / f"other{number}" for number in range(9)]
    for other in others:
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)]
        subprocess.run(line, check=True)
    for key in (*others, desk.key):
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **agent})
    desk.key.rename(tmp_path / "moved")  # none but the agent has it
    desk.environment |= agent
    desk.wrap("")
    loose = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -F /dev/null"
    tried = desk.type(f"ssh {loose} anna@broker.example.com true", desk.folder.parent)
    assert "Too many authentication failures" in tried.stderr
    done = desk.first_contact()
    assert done.returncode == 0, done.stderr
    assert 'IdentityFile ".broker/key1.pub"' in (desk.folder / ".broker/ssh_config").read_text()
    (sync,) = documented("analyst-sync")
    assert desk.type(sync).returncode == 0


def test_a_sync_logs_in_once_and_leaves_no_connection(desk: Desk) -> None:
    assert desk.first_contact().returncode == 0
    desk.home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    desk.publish()
    before = logins(desk.host)
    (push,) = documented("analyst-push")
    done = desk.type(push)
    assert done.returncode == 0, done.stderr
    assert desk.stores() == [(8, "Brno")]
    assert logins(desk.host) == before + 1
    assert not [path for path in (desk.folder / ".broker").iterdir() if path.is_socket()]
    assert not re.findall(r"sshd.*: anna", desk.host.run("ps -eo args").stdout)


def logins(host: Host) -> int:
    """How often the analyst has logged in."""
    journal = host.exec("journalctl", "-o", "cat", "-t", "sshd", "-t", "sshd-session").stdout
    return journal.count("Accepted publickey for anna")


def test_a_first_contact_refuses_a_host_or_a_signer_that_is_not_in_its_line(desk: Desk) -> None:
    """Nothing is believed because it came first."""
    other = desk.folder.parents[1] / "other"
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(other)]
    subprocess.run(line, check=True)
    key = other.with_suffix(".pub").read_text().split()[1]
    (command,) = documented("analyst-first-contact")
    host = desk.host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    signer = (desk.home.path / "server/scripts/allowed_signers").read_text().split()[-1]
    for keys in ((key, signer), (host, key)):
        typed = command.replace("KEY_OF_THE_HOST", keys[0]).replace("KEY_THAT_SIGNS", keys[1])
        done = desk.type(typed, desk.folder.parent)
        assert done.returncode != 0
        assert not desk.folder.exists()


def test_a_first_contact_takes_no_home_no_system_and_no_folder_of_another(desk: Desk) -> None:
    mine = desk.folder.parent / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine\n")
    (command,) = documented("analyst-first-contact")
    for place in ("~", "/", "/usr/share", "~/mine"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                f"{__name__}.documented", lambda _, at=place: [command.replace("~/data-broker", at)]
            )
            done = desk.first_contact()
        assert done.returncode == 1, place
        assert "Name a new folder at the end of the line." in done.stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    assert not (desk.folder.parent / ".broker").exists()


def test_plain_rsync_works_without_the_program(desk: Desk) -> None:
    (desk.folder / "server").mkdir(parents=True)
    for command in desk.plain:
        assert desk.type(command).returncode == 0
    assert (desk.folder / "server" / "parquet" / "shop" / "orders" / "0.parquet").is_file()


def test_a_file_that_the_broker_cannot_read_is_a_failure(desk: Desk) -> None:
    assert desk.first_contact().returncode == 0
    desk.home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    desk.publish()
    desk.host.run(f"chmod 600 {desk.home.current}/parquet/shop/stores/0.parquet")
    done = desk.type("bash server/scripts/sync_data.sh")
    assert done.returncode == 1
    assert "could not fetch everything (exit code 23)" in done.stderr
    assert desk.stores() == [(7, "")]


def test_a_key_that_is_not_known_is_told_in_one_sentence(desk: Desk) -> None:
    assert desk.first_contact().returncode == 0
    desk.host.run("truncate --size=0 ~anna/.ssh/authorized_keys")
    done = desk.type("bash server/scripts/sync_data.sh")
    assert done.returncode == 1
    assert "trying again" not in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be reached over ssh" in done.stderr
    assert "Permission denied" in done.stderr
    assert desk.stores() == [(7, "")]


def test_a_host_with_another_key_is_refused_and_the_sentence_says_what_it_is(desk: Desk) -> None:
    assert desk.first_contact().returncode == 0
    desk.host.run(
        "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key;"
        " systemctl restart ssh"
    )
    done = desk.type("bash server/scripts/sync_data.sh")
    assert done.returncode == 1
    assert "is not the one that this folder knows" in done.stderr
    assert desk.stores() == [(7, "")]
