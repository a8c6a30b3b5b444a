"""What docs/analyst.md tells an analyst to type, typed on a laptop, over ssh, to a real host."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.image import ensure
from tests.documented import documented
from tests.integration.laptop.homes import Home, make_home

pytestmark = pytest.mark.system

ADDRESS = "broker.example.com"
PREPARE = """
apt-get -q update
apt-get -q -y install --no-install-recommends rsync
useradd --create-home --shell /bin/bash anna
"""


@dataclass
class Desk:
    """A laptop's folder; ``anna@broker.example.com`` is an account of a booted host."""

    folder: Path
    ssh_config: Path
    host: Host
    home: Home

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "RSYNC_RSH": f"ssh -F {self.ssh_config}",
            "BROKER_PYTHON": sys.executable,
        }
        return subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
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


@pytest.fixture
def desk(host: Host, tmp_path: Path) -> Desk:
    folder = tmp_path / "laptop"
    folder.mkdir()
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    host.run(
        f"install -d -o anna -m 700 ~anna/.ssh && echo '{public}' > ~anna/.ssh/authorized_keys"
    )
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host {ADDRESS}\n  HostName {host.address}\n  HostKeyAlias {host.name}\n"
        f"  UserKnownHostsFile {host.known_hosts}\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
    )
    made = Desk(folder, config, host, make_home(tmp_path / "published"))
    made.upload()
    return made


def test_the_pages_of_the_analyst_work_word_for_word(desk: Desk) -> None:
    for command in documented("analyst-first-contact"):
        done = desk.type(command)
        assert done.returncode == 0, done.stderr
    assert "2 tables, 3 rows, signed" in done.stdout
    desk.home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    desk.publish()
    for name in (documented("analyst-sync"), documented("analyst-plain-rsync")):
        for command in name:
            done = desk.type(command)
            assert done.returncode == 0, done.stderr
    assert desk.stores() == [(8, "Brno")]
    for command in documented("analyst-query"):
        assert "orders" in desk.type(command).stdout
    (desk.folder / "user" / "scripts").mkdir()
    (desk.folder / "user" / "scripts" / "mine.sql").write_text("FROM stores;\n")
    for command in documented("analyst-push"):
        assert desk.type(command).returncode == 0
    assert desk.host.run("cat ~anna/user/scripts/mine.sql").stdout == "FROM stores;\n"


def test_plain_rsync_works_before_the_first_sync(desk: Desk) -> None:
    (desk.folder / "server").mkdir()
    for command in documented("analyst-plain-rsync"):
        assert desk.type(command).returncode == 0
    assert (desk.folder / "server" / "parquet" / "shop" / "orders" / "0.parquet").is_file()
    for command in documented("analyst-first-contact"):
        assert desk.type(command).returncode == 0
    assert desk.stores() == [(7, "")]


def test_a_file_that_the_broker_cannot_read_is_a_failure(desk: Desk) -> None:
    for command in documented("analyst-first-contact"):
        desk.type(command)
    desk.home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    desk.publish()
    desk.host.run(f"chmod 600 {desk.home.current}/parquet/shop/stores/0.parquet")
    done = desk.type("bash server/scripts/sync_data.sh")
    assert done.returncode == 1
    assert "could not fetch everything (exit code 23)" in done.stderr
    assert desk.stores() == [(7, "")]


def test_a_key_that_is_not_known_is_told_in_one_sentence(desk: Desk) -> None:
    for command in documented("analyst-first-contact"):
        desk.type(command)
    desk.host.run("truncate --size=0 ~anna/.ssh/authorized_keys")
    done = desk.type("bash server/scripts/sync_data.sh")
    assert done.returncode == 1
    assert "trying again" not in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be reached over ssh" in done.stderr
    assert "Permission denied" in done.stderr
    assert desk.stores() == [(7, "")]
