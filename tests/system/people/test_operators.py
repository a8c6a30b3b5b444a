"""Those who look after the broker, on booted hosts: they enter, do what they may, and leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rig.hosts import RELEASES

from ..deploy import Broker, Played
from .person import Person, key_pair

pytestmark = pytest.mark.system

RULE = "/etc/sudoers.d/data-broker"
BY_HAND = """
useradd --create-home --shell /bin/bash --groups data-ops mary
install -d -o mary -g mary -m 700 /home/mary/.ssh
cp /root/.ssh/authorized_keys /home/mary/.ssh/
chown mary: /home/mary/.ssh/authorized_keys
"""
TABLE = (
    "  - {{id: {0}.{1}, name: {1}, description: {1}, primary_key: id, sync_strategy: full_refresh}}"
)
TABLES = [TABLE.format("shop", "orders"), TABLE.format("vault", "salaries")]
FOLDERS = "folder_mapping: {shop: shop, vault: vault}"
DESCRIPTION = "\n".join(["```yaml", FOLDERS, "tables:", *TABLES, "```", ""])
# What a run leaves that is killed while it tries sshd, and would go back to nothing of ours.
CUT_OFF = """
systemd-run --quiet --collect --unit=broker-sshd-rollback.service --on-active=120s
"""
ENDS = """
mkdir -p /run/systemd/system/broker-sshd-rollback.service.d
cat >/run/systemd/system/broker-sshd-rollback.service.d/ends.conf <<END
[Service]
ExecStartPost=systemctl stop broker-sshd-rollback.timer
END
systemctl daemon-reload
"""
# Root's, in the session of who started it, as a shell that sudo opened would be.
LEFT = "sudo -n sh -c 'sleep 4711 >/dev/null 2>&1 &'"


@pytest.fixture
def operators(deployed: Broker, tmp_path: Path) -> dict[str, Person]:
    return {
        name: Person(deployed.host, name, key_pair(tmp_path / name)) for name in ("olga", "otto")
    }


def declared(broker: Broker, people: dict[str, Person], *words: str, **more: object) -> Played:
    """Play with olga as ``said`` and otto as a plain operator."""
    keys = {name: one.key.with_suffix(".pub").read_text() for name, one in people.items()}
    entries = [{"name": "olga", "key": keys["olga"], **more}, {"name": "otto", "key": keys["otto"]}]
    settings = json.dumps({"broker_operators": entries})
    return broker.play("site.yml", "--tags", "analysts", "-e", settings, *words, check=False)


AS_BEFORE = """
socket=/run/dbus/system_bus_socket rules=/etc/tmpfiles.d/data-broker-bus.conf
python3 -c "import os; os.removexattr('$socket', 'system.posix_acl_access')"
chmod 666 $socket
echo "a+ $socket - - - - group:dataread:---" > $rules
systemd-tmpfiles --create $rules
"""


def way_to_the_bus(broker: Broker, *who: str) -> int:
    line = ("setpriv", *who, "test", "-w", "/run/dbus/system_bus_socket")
    return broker.host.exec(*line, check=False).returncode


def publish(broker: Broker) -> None:
    """A public table and a private one."""
    description = broker.inventory.with_name("data_description.md")
    description.write_text(DESCRIPTION)
    classes = {"public": {"group": "dataread"}, "private": {"folders": ["vault"]}}
    settings = json.dumps({"broker_access_classes": classes})
    broker.play("site.yml", "--tags", "app_config", "-e", settings)
    for table in ("orders", "salaries"):
        broker.host.exec("tee", f"/data/input/{table}.csv", stdin="id,word\n1,one\n2,two\n")
    broker.host.exec("systemctl", "start", "broker-sync.service", timeout=300)


def plays_as(broker: Broker, person: Person) -> Played:
    """A play over that operator's login, which becomes root by sudo."""
    words = (
        "-e",
        f"ansible_user={person.name}",
        "-e",
        f"ansible_ssh_private_key_file={person.key}",
    )
    return broker.play("playbooks/list_analysts.yml", *words, check=False)


@pytest.mark.parametrize("deployed", RELEASES, indirect=True, ids=str)
def test_operators_enter_by_their_keys_and_leave_as_analysts_do(
    deployed: Broker, operators: dict[str, Person]
) -> None:
    host, olga, otto = deployed.host, operators["olga"], operators["otto"]
    publish(deployed)
    checked = declared(deployed, operators, "--check", sudo=True)
    assert (checked.code, checked.changed) == (0, 1), checked.output
    assert host.run("getent passwd olga", check=False).returncode == 2
    assert declared(deployed, operators, sudo=True).changed == 1
    assert declared(deployed, operators, sudo=True).changed == 0
    host.exec("visudo", "--check", "--quiet")

    assert sorted(otto.run("id -nG").stdout.split()) == ["data-ops", "dataread", "otto"]
    refused = otto.run("sudo -n id")
    assert (refused.returncode, refused.stdout) == (1, "")
    read = otto.run(
        "cat /data/src_data/current/manifest.json /data/src_data/current/parquet/vault/*"
    )
    assert '"vault/salaries"' in read.stdout
    assert "Permission denied" in read.stderr
    status = otto.run("broker status")
    assert (status.returncode, status.stderr) == (0, ""), status
    assert "vault/salaries" in status.stdout
    assert otto.run("echo in > ~/notes; cat ~/notes").stdout == "in\n"

    assert olga.run("sudo -n id -u").stdout == "0\n"
    listed = olga.run("sudo -n broker operator list").stdout
    assert [line.split()[:3:2] for line in listed.splitlines()[1:]] == [
        ["olga", "yes"],
        ["otto", "no"],
    ]
    played = plays_as(deployed, olga)
    assert played.code == 0, played.output
    assert "otto (uid" in played.output
    assert "Missing sudo password" in plays_as(deployed, otto).output

    planted = key_pair(olga.key.with_name("planted"))
    line = planted.with_suffix(".pub").read_text()
    olga.run(f"mkdir -p -m 700 ~/.ssh; echo '{line}' > ~/.ssh/authorized_keys; chmod 600 ~/.ssh/*")
    assert olga.run("true", key=planted).returncode == 255, "keys are root's to write"

    proof = host.run("broker access prove", check=False).stdout
    assert ", 0 unexpected" in proof, proof
    assert "as olga" in proof

    own = olga.run("sudo -n broker operator remove olga")
    assert own.returncode == 2
    assert "would end your session" in own.stderr
    cut = plays_as_removal(deployed, olga, operators)
    assert "would end your session" in " ".join(cut.output.split())

    olga.run(LEFT)
    assert host.run("pgrep -u root -f 'sleep 4711'").stdout
    host.run("add-admin otto --sudo")
    removed = host.run("broker operator remove olga").stdout
    assert "Permission denied" in removed
    assert olga.run("true").returncode == 255
    assert host.run("pgrep -f 'sleep 4711'", check=False).stdout == ""
    assert host.run("getent passwd olga", check=False).returncode == 2
    assert otto.run("sudo -n id -u").stdout == "0\n"
    host.run("broker operator remove otto")
    assert host.run(f"test -e {RULE}", check=False).returncode == 1
    log = host.run("broker audit --action operator").stdout
    assert [
        word for word in ("operator.add", "operator.change", "operator.remove") if word in log
    ] == [*("operator.add", "operator.change", "operator.remove")]


def plays_as_removal(broker: Broker, person: Person, people: dict[str, Person]) -> Played:
    words = (
        "-e",
        f"ansible_user={person.name}",
        "-e",
        f"ansible_ssh_private_key_file={person.key}",
    )
    return declared(broker, people, *words, state="absent")


def test_who_is_in_the_group_by_hand_is_named_before_anything_changes(
    deployed: Broker, operators: dict[str, Person]
) -> None:
    host = deployed.host
    host.exec("sh", "-ec", BY_HAND)
    command = "sshd -T -C user=mary,host=laptop,addr=192.0.2.7 | grep authorizedkeysfile"
    assert "data-broker" in host.run(command).stdout
    found = host.run("broker access prove", check=False)
    assert found.returncode == 1
    assert "mary" in found.stdout
    assert "is a member of data-ops, and is not an operator" in found.stdout
    host.exec("rm", "/etc/ssh/sshd_config.d/50-data-broker.conf")
    before = host.run("sha256sum /etc/ssh/sshd_config.d/* /etc/passwd /etc/group").stdout
    played = declared(deployed, operators)
    assert (played.code, played.changed) == (2, 0), played.output
    output = " ".join(played.output.split())
    assert "mary could not log in to broker any more" in output
    assert "gpasswd --delete NAME GROUP" in output
    assert host.run("sha256sum /etc/ssh/sshd_config.d/* /etc/passwd /etc/group").stdout == before
    host.exec("gpasswd", "--delete", "mary", "data-ops")
    assert declared(deployed, operators).code == 0


def test_operators_have_a_way_to_the_system_bus_on_a_host_that_was_a_broker_before(
    deployed: Broker,
) -> None:
    nobody = ("--reuid=nobody", "--regid=nogroup")
    commands = [
        (*nobody, "--groups=dataread"),
        (*nobody, "--groups=dataread,data-ops"),
        ("--regid=broker", "--reuid=broker", "--init-groups"),
    ]
    assert [way_to_the_bus(deployed, *who) for who in commands] == [1, 0, 1]
    deployed.host.exec("sh", "-ec", AS_BEFORE)
    assert [way_to_the_bus(deployed, *who) for who in commands] == [1, 1, 1]
    deployed.play("site.yml", "--tags", "base_bus")
    assert [way_to_the_bus(deployed, *who) for who in commands] == [1, 0, 1]
    assert deployed.play("site.yml", "--tags", "base_bus").changed == 0


@pytest.mark.parametrize("timer", ["waits", "ends meanwhile"])
def test_a_trial_that_was_cut_off_takes_nothing_from_the_next_deploy(
    deployed: Broker, timer: str
) -> None:
    host, unit = deployed.host, "broker-sshd-rollback.timer"
    host.exec("mkdir", "-p", "/var/lib/data-broker/sshd_config.d")
    host.exec("sh", "-ec", CUT_OFF + (ENDS if timer == "ends meanwhile" else ""))
    deployed.play("site.yml", "--tags", "ssh_analysts")
    assert host.run(f"systemctl is-active {unit}", check=False).returncode != 0
    assert host.run("test -e /var/lib/data-broker/sshd_config.d", check=False).returncode == 1
    host.exec("test", "-s", "/etc/ssh/sshd_config.d/50-data-broker.conf")
    assert deployed.play("site.yml", "--tags", "ssh_analysts").changed == 0
