"""However a sync ends, the host tells it, counts it, and starts what the operator named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rig.hosts import Host, wait_for
from tests.documented import documented

from .deploy import STATE, Broker

pytestmark = pytest.mark.system

TAGS = ("--tags", "oversight_preflight,oversight_failures,oversight_proof")
SCRIPT = "/usr/local/bin/mail-failure"
REPORT = f"""
printf '%s\\n' '#!/bin/sh' 'echo "$(id -un) $*" >>/root/reports' >{SCRIPT}
chmod 755 {SCRIPT}
"""
# As the service makes this file: for itself alone.
HELD = (
    "systemd-run --quiet --collect --unit=held --uid=broker --property=UMask=0077 "
    "flock /data/src_data/.publish.lock sleep infinity"
)
DROP_IN = "/run/systemd/system/broker-sync.service.d/test.conf"
NEEDS = f"""
mkdir -p /run/systemd/system/broker-sync.service.d
printf '[Unit]\\nRequires=no.service\\nAfter=no.service\\n' >{DROP_IN}
printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' >/run/systemd/system/no.service
systemctl daemon-reload
"""


def syncs(host: Host) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(host.run("broker status --json", check=False).stdout)
    assert status["exit_code"] == 1 or not status["sync"]["failed"]
    found: dict[str, Any] = status["sync"]
    return found


def fails(host: Host, command: str, reason: str, failures: int) -> None:
    """The command lets a sync fail in this way; status says so, and how many did in a row."""
    host.run(command, check=False)
    wait_for("its record", lambda: syncs(host)["failures"] == failures, seconds=60)
    assert reason in syncs(host)["last"]["reason"]
    assert syncs(host)["failing_since"] is not None


def test_however_a_sync_ends_it_is_told_counted_and_reported(deployed: Broker) -> None:
    host = deployed.host
    before = host.exec("sh", "-c", STATE).stdout
    for hook in (f"{SCRIPT} --to 'ops", "mail-failure@.service"):
        result = deployed.play(
            "site.yml", *TAGS, "-e", json.dumps({"broker_on_failure": hook}), check=False
        )
        assert (result.code, result.changed) == (2, 0), result.output
        assert "broker_on_failure: " in result.output
        assert "Nothing was changed." in result.output
    assert host.exec("sh", "-c", STATE).stdout == before

    host.run(REPORT)
    hook = json.dumps({"broker_on_failure": f"{SCRIPT} --to 'the team'"})
    deployed.play("site.yml", *TAGS, "-e", hook)
    start = "systemctl start broker-sync.service"
    host.run(
        "cd /etc/data-broker && cp -p data_description.md /root && "
        "printf '```yaml\\nnonsense: [\\n```\\n' >>data_description.md"
    )
    fails(host, start, "the configuration is invalid", 1)
    fails(host, "broker sync", "the configuration is invalid", 2)
    host.run(
        "mv /root/data_description.md /etc/data-broker/; mv /etc/data-broker/signing_key /root/"
    )
    fails(host, start, "a secret or the signing key cannot be read", 3)
    host.run(f"mv /root/signing_key /etc/data-broker/; {NEEDS}")
    fails(host, start, "a unit that it needs failed", 4)
    host.run(f"rm {DROP_IN}; systemctl daemon-reload; {HELD}; {start} --no-block")
    wait_for("a run", lambda: syncs(host)["running_since"] is not None, seconds=60)
    fails(host, "systemctl kill --signal=KILL broker-sync.service", "signal KILL", 5)
    # As a power cut leaves it: a beginning, and no unit that runs.
    host.run(f"{start} --no-block")
    wait_for("a run", lambda: syncs(host)["running_since"] is not None, seconds=60)
    host.run('sed -i \'s/"boot": ".*"/"boot": "other"/\' /var/lib/data-broker/syncs.json')
    assert syncs(host)["failures"] == 6
    assert "cut off" in syncs(host)["last"]["reason"]
    host.run("systemctl stop held.service; systemctl stop broker-sync.timer")

    wait_for("its end", lambda: syncs(host)["running_since"] is None, seconds=120)
    host.exec("tee", "/data/input/cities.csv", stdin="city_id,name\n1,Windhoek\n")
    host.run("broker sync")
    wait_for("its record", lambda: syncs(host)["failures"] == 0, seconds=60)
    assert "broker-sync.timer is inactive" in syncs(host)["problems"][0]
    for command in documented("operations-runs"):
        result = host.run(command, check=False)
        assert (result.returncode, "signal KILL" in result.stdout) == (1, True)
    host.run("systemctl start broker-sync.timer")
    assert not syncs(host)["failed"]
    assert host.run("broker status").returncode == 0
    reports = host.run("cat /root/reports").stdout.splitlines()
    by_hand = [line for line in reports if "broker-run-sync-" in line]
    assert len(by_hand) == 1
    assert {*reports} - {*by_hand} == {"root --to the team broker-sync.service"}
    assert len(reports) == 6
