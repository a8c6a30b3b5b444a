"""What is switched off is gone, and what is secret is never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .deploy import Broker

pytestmark = pytest.mark.system

UNITS = ("broker-sync.slice", "broker-sync.service", "broker-sync.timer")
DROP_IN = "/etc/ssh/sshd_config.d/50-data-broker.conf"
SECRET = "canary-of-this-test-2b9d71"  # noqa: S105  nobody's: it is what the output is searched for
PARTS = ("--tags", "app_secrets,sync_units,ssh_analysts")


@pytest.fixture
def broker(deployed: Broker) -> Iterator[Broker]:
    """A deployed broker that is as it was once the test is over."""
    failed = deployed.host.run("systemctl --failed --plain --no-legend; systemctl reset-failed")
    print(failed.stdout)  # noqa: T201 - of tests before this one
    yield deployed
    deployed.play("site.yml", *PARTS)


def test_what_is_switched_off_is_removed_and_comes_back(broker: Broker) -> None:
    off = ("-e", "broker_sync_enabled=false", "-e", "broker_ssh_enabled=false", *PARTS)
    assert broker.play("site.yml", *off).changed > 0
    folder = "/etc/systemd/system"
    left = broker.host.run(f"ls {folder} {folder}/timers.target.wants {DROP_IN}", check=False)
    assert not [unit for unit in UNITS if unit in left.stdout]
    assert DROP_IN not in left.stdout
    assert broker.host.run("systemctl is-system-running").stdout.strip() == "running"
    treated = broker.host.run("sshd -T -C user=broker,host=laptop,addr=192.0.2.7").stdout
    assert "authorizedkeysfile .ssh/authorized_keys" in treated
    assert broker.play("site.yml", *off).changed == 0

    broker.play("site.yml", *PARTS)
    assert broker.host.run("systemctl is-active broker-sync.timer").stdout.strip() == "active"
    assert broker.host.run(f"cat {DROP_IN}").stdout


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
