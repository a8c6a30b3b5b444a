"""What is switched off is gone, and what is secret is never shown."""

from __future__ import annotations

import json

import pytest

from .deploy import Broker

pytestmark = pytest.mark.system

FOLDER = "/etc/systemd/system"
DROP_IN = "/etc/ssh/sshd_config.d/50-data-broker.conf"
LOG = "/var/log/data-broker/audit.jsonl"
SECRET = "canary-of-this-test-2b9d71"  # noqa: S105  nobody's: it is what the output is searched for
SWITCHES = ("sync", "ssh", "accounts_socket", "access_proof")
OURS = ("broker-sync.", "broker-acc", "access-proof", DROP_IN)
PARTS = ("--tags", "app_secrets,sync_units,ssh_analysts,accounts_socket_units,oversight_proof")


@pytest.fixture
def broker(deployed: Broker) -> Broker:
    """A deployed broker on which no unit is known to have failed."""
    failed = deployed.host.run("systemctl --failed --plain --no-legend; systemctl reset-failed")
    print(failed.stdout)  # noqa: T201 - of tests before this one
    return deployed


def test_what_is_switched_off_is_removed_and_comes_back(broker: Broker) -> None:
    host = broker.host
    off = [word for switch in SWITCHES for word in ("-e", f"broker_{switch}_enabled=false")]
    assert broker.play("site.yml", *off, *PARTS).changed > 0
    look = f"ls -d {DROP_IN} {FOLDER}/* {FOLDER}/*.wants/* /run/* /var/lib/data-broker/*"
    found = [path.removeprefix(f"{FOLDER}/") for path in host.run(look, check=False).stdout.split()]
    assert not [path for path in found if path.rpartition("/")[2].startswith(OURS) or path in OURS]
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
    treated = host.run("sshd -T -C user=broker,host=laptop,addr=192.0.2.7").stdout
    assert "authorizedkeysfile .ssh/authorized_keys" in treated
    assert host.run(f"cat {LOG}").stdout
    assert broker.play("site.yml", *off, *PARTS).changed == 0

    broker.play("site.yml", *PARTS)
    units = ("broker-sync.timer", "broker-accounts.socket", "broker-access-prove.timer")
    assert host.run(f"systemctl is-active {' '.join(units)}").stdout.split() == ["active"] * 3
    assert host.run(f"cat {DROP_IN}").stdout


def test_a_secret_shows_in_no_output_and_leaves_with_its_declaration(broker: Broker) -> None:
    settings = json.dumps({"broker_secrets": {"SOURCE_TOKEN": SECRET}})
    for arguments in (("--check",), (), ("--check",)):
        output = broker.play(
            "site.yml", "--diff", "-vvv", "-e", settings, *PARTS, *arguments
        ).output
        assert "LoadCredential=SOURCE_TOKEN" in output or arguments
        shown = [line for line in output.splitlines() if SECRET in line and settings not in line]
        assert not shown
    file = "/etc/data-broker/credentials/SOURCE_TOKEN"
    assert broker.host.run(f"stat --format='%a %U' {file}").stdout.strip() == "600 root"

    broker.play("site.yml", *PARTS)
    assert broker.host.run(f"test -e {file}", check=False).returncode == 1
