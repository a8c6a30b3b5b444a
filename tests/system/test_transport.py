"""What an analyst without a shell can do on a deployed broker, over real ssh; and what not."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.hosts import RELEASES, wait_for
from tests.hostile.tricks import COMMANDS, OPTIONS, PATHS

from .deploy import Broker

pytestmark = pytest.mark.system

# What the operator's line does, by hand: fetch the scripts, keep the key that signs.
PIN = (
    "mkdir server .broker && rsync -rt HOST:server/scripts/ server/scripts/"
    " && mv server/scripts/allowed_signers .broker/"
)
HELP = "This account transfers files and nothing else"
every_release = pytest.mark.parametrize("deployed", RELEASES, indirect=True, ids=str)
# Everything that a transfer could change: names, modes, owners and content.
SNAPSHOT = (
    "find /home /etc /data /srv/broker -xdev ! -path '/data/src_data*' ! -path /etc/hosts "
    "-printf '%p %M %U %G %s %l\\n' | sort | sha256sum; getent passwd group | sha256sum"
)


@dataclass(frozen=True)
class Desk:
    """An analyst's own folder on a laptop; ``HOST`` is the broker."""

    broker: Broker
    name: str
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder.parent / f"{self.name}.ssh"

    @property
    def key(self) -> Path:
        return self.folder.parent / f"{self.name}.key"

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "RSYNC_RSH": f"ssh -F {self.config}"}
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def ssh(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        line = ["ssh", "-F", str(self.config), *options, "HOST", command]
        return subprocess.run(
            line, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
        )

    def sftp(self, *lines: str) -> subprocess.CompletedProcess[str]:
        batch = shlex.quote("".join(f"{line}\n" for line in lines))
        return self.type(f"printf %s {batch} | sftp -q -F {self.config} -b - HOST")


def laptop(broker: Broker, folder: Path, name: str) -> Desk:
    """A desk with a key of its own, which the broker does not know yet."""
    made = Desk(broker, name, folder / name)
    made.folder.mkdir()
    key = desk_key(made.key)
    made.config.write_text(
        f"Host HOST\n  HostName {broker.host.address}\n  HostKeyAlias {broker.host.name}\n"
        f"  UserKnownHostsFile {broker.host.known_hosts}\n  IdentityFile {key}\n"
        f"  IdentitiesOnly yes\n  BatchMode yes\n  User {name}\n"
    )
    return made


@pytest.fixture
def ann(deployed: Broker, tmp_path: Path) -> Desk:
    """An analyst with private data and no shell, on a broker that has published a table."""
    deployed.host.run("printf 'city_id,name\\n1,Brno\\n' > /data/input/cities.csv")
    deployed.host.run("systemctl start broker-sync.service")
    made = laptop(deployed, tmp_path, "ann")
    public = made.key.with_name(f"{made.key.name}.pub").read_text()
    deployed.host.exec("add-analyst", "ann", public, "--private")
    return made


@every_release
def test_the_literal_commands_work_and_everything_else_is_one_sentence(ann: Desk) -> None:
    pulled = ann.type("rsync -av --mkpath HOST:server/parquet/ ./server/parquet/")
    assert pulled.returncode == 0, pulled.stderr
    assert (ann.folder / "server/parquet/example/cities.parquet").is_file()
    (ann.folder / "user/scripts").mkdir(parents=True)
    (ann.folder / "user/scripts/mine.sql").write_text("FROM cities;\n")
    (ann.folder / "user/passwords").symlink_to("/etc/passwd")
    pushed = ann.type("rsync -av ./user/ HOST:user/")
    assert pushed.returncode == 0, pushed.stderr
    home = f"/home/{ann.name}/user"
    assert ann.broker.host.run(f"cat {home}/scripts/mine.sql").stdout == "FROM cities;\n"
    assert "munged" in ann.broker.host.run(f"readlink {home}/passwords").stdout
    read = ann.sftp("ls server/parquet/example", "get server/parquet/example/cities.parquet one")
    assert read.returncode == 0, read.stderr
    same = (ann.folder / "server/parquet/example/cities.parquet").read_bytes()
    assert (ann.folder / "one").read_bytes() == same

    for command in ("", "id", "bash -i", "cat server/parquet/example/cities.parquet", "scp -t ."):
        refused = ann.ssh(command, "-T")
        assert (refused.returncode, refused.stdout) == (1, ""), command
        assert HELP in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    for options in (("-N", "-L", "0:localhost:22"), ("-W", "localhost:22"), ("-A", "-X", "-tt")):
        assert ann.ssh("true", "-oExitOnForwardFailure=yes", *options[:-1], options[-1]).returncode


def test_the_analysts_own_script_works_without_a_shell(ann: Desk) -> None:
    done = ann.type(PIN)
    assert done.returncode == 0, done.stderr
    (ann.folder / "user/scripts").mkdir(parents=True)
    (ann.folder / "user/scripts/mine.sql").write_text("FROM cities;\n")
    synced = ann.type(
        f"BROKER_PYTHON={sys.executable} bash server/scripts/sync_data.sh HOST --push"
    )
    assert synced.returncode == 0, synced.stderr
    assert ", signed, " in synced.stdout
    kept = ann.broker.host.run(f"cat /home/{ann.name}/user/scripts/mine.sql")
    assert kept.stdout == "FROM cities;\n"


def test_hostile_input_reads_and_changes_nothing(ann: Desk) -> None:
    """A sample of what the unit tests try as text, here over ssh against the whole host."""
    host = ann.broker.host
    host.run(f"ln -s /etc/shadow /home/{ann.name}/user/link; ln -s / /home/{ann.name}/user/up")
    before = host.run(SNAPSHOT).stdout
    start = "rsync --server --sender -logDtpre.iLsfxCIvu"
    tried = [*COMMANDS]
    tried += [f"{start} {option} . server/parquet/" for option in OPTIONS]
    tried += [f"{start} . {path}" for path in PATHS if "\0" not in path and path.isprintable()]
    tried += [f"{start} . user/link", f"{start} . user/up/etc/", f"{start} . user/up/"]
    sample = random.SystemRandom().sample(tried, 40) if not os.environ.get("TORTURE") else tried
    one = ["-oControlMaster=auto", f"-oControlPath={ann.folder}/c", "-oControlPersist=9"]
    for command in sample:
        refused = ann.ssh(command, *one)
        assert "root:" not in refused.stdout + refused.stderr, command
        if "user/link" not in command:
            assert refused.returncode != 0, command
            assert len(refused.stderr.strip().splitlines()) == 1, (command, refused.stderr)
    for merge in ("/etc/passwd", "../../../etc/passwd", "link"):
        leaked = ann.type(f"rsync -av --filter='dir-merge {merge}' HOST:user/ there/")
        assert "root" not in leaked.stdout + leaked.stderr
    ann.type("rsync -av ./ HOST:user/up/tmp/; rsync -av ./ HOST:user/link/; rsync -av ./ HOST:")
    assert host.run(SNAPSHOT).stdout == before


def test_a_new_audience_has_its_view_at_once(ann: Desk) -> None:
    broker = ann.broker
    classes = {"public": {"group": "dataread"}, "private": {}, "hr": {}, "it": {}}
    settings = json.dumps({"broker_access_classes": classes})
    broker.play("site.yml", "-e", settings, "--tags", "base_accounts,app_config,analysts_list")
    granted = broker.play("playbooks/grant.yml", "-e", f"user={ann.name}", "-e", "class=hr,it")
    assert granted.changed == 1
    pulled = ann.type("rsync -a HOST:server/generation/ there/")
    assert pulled.returncode == 0, pulled.stderr
    manifest = json.loads((ann.folder / "there/manifest.json").read_text())
    assert manifest["audience"] == ["hr", "it", "private", "public"]
    broker.play("playbooks/revoke.yml", "-e", f"user={ann.name}", "-e", "class=hr,it")
    assert ann.type("rsync -a HOST:server/generation/ there/").returncode == 0
    manifest = json.loads((ann.folder / "there/manifest.json").read_text())
    assert manifest["audience"] == ["private", "public"]


def test_a_key_is_rotated_ends_and_leaves_no_way_in(ann: Desk, tmp_path: Path) -> None:
    broker, host = ann.broker, ann.broker.host
    new = desk_key(tmp_path / "new")
    broker.play("playbooks/rotate_key.yml", "-e", f"user={ann.name}", "-e", f"key={new}.pub")
    assert HELP in ann.ssh("true").stderr, "the old key still works for a while"
    assert ann.type("rsync -a HOST:server/generation/ there/").returncode == 0
    keys = f"/etc/data-broker/authorized_keys/{ann.name}"
    host.run(f"sed -i 's/expiry-time=\"[0-9]*Z/expiry-time=\"20200101000000Z/' {keys}")
    assert "Permission denied" in ann.ssh("true").stderr, "sshd itself minds the time"
    checked = broker.play("playbooks/list_analysts.yml", "-e", f"user={ann.name}")
    assert "drift" in checked.output
    assert "last sync" in checked.output
    gone = broker.play("playbooks/remove_analyst.yml", "-e", f"user={ann.name}")
    assert " ".join(gone.output.split()).count("Permission denied (publickey)") == 2
    assert "Permission denied" in ann.ssh("true").stderr
    audit = ("broker", "audit", "--user", ann.name, "--action", "pull", "--json")
    (pull,) = json.loads(host.exec(*audit).stdout)["events"]
    assert pull["subject"] == ann.name, "who was removed is named, not numbered"


def desk_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@every_release
def test_a_scanner_finds_nothing_to_say_of_sshd(deployed: Broker) -> None:
    program = Path(sys.executable).with_name("ssh-audit")
    line = [str(program), "--json", "--skip-rate-test", deployed.host.address]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    for kind in ("kex", "key", "enc", "mac"):
        for one in found[kind]:
            assert not one["notes"].keys() & {"fail", "warn"}, one


def test_a_configuration_that_locks_the_operator_out_goes_back_by_itself(deployed: Broker) -> None:
    host, broken = deployed.host, "/etc/ssh/sshd_config.d/00-test.conf"
    before = host.run("cat /etc/ssh/sshd_config.d/*data-broker*").stdout
    host.exec("sh", "-c", f"echo 'DenyUsers root' > {broken}")
    try:
        played = deployed.play(
            "site.yml",
            *("--tags", "ssh_analysts", "-e", "broker_ssh_trial_seconds=20"),
            *("-e", '{"broker_ssh_groups": ["ops"]}'),
            check=False,
        )
        assert played.code != 0
        assert "restores the old configuration by itself" in played.output
    finally:
        host.exec("sh", "-c", f"rm {broken}; systemctl restart ssh")
    wait_back(deployed, before)
    assert deployed.play("site.yml", "--tags", "ssh_analysts").changed == 0


def wait_back(broker: Broker, before: str) -> None:
    command = ("sh", "-c", "cat /etc/ssh/sshd_config.d/*data-broker*")
    wait_for(
        "the way back",
        lambda: broker.host.exec(*command, check=False).stdout == before,
        seconds=120,
    )
