"""A deploy that is cut off leaves what was in force in force, and the next one completes it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import RELEASES, Run

from .deploy import Broker, Played, pristine

pytestmark = pytest.mark.system

IN_FORCE = """
cat /etc/data-broker/instance.yaml /etc/data-broker/data_description.md /etc/data-broker/environment
readlink /opt/data-broker/current
cat /etc/systemd/system/broker-run-.service.d/sandbox.conf
grep -r --exclude='.*' . /etc/data-broker/credentials || test ! -e /etc/data-broker/credentials
"""
SWITCH = "Ensure that the host uses this release"
CALLBACKS = str(Path(__file__).with_name("callbacks"))
# Each changes another file of the switch; a source in a cloud brings another release.
CHANGES = {
    "broker_instance": {"name": "Second"},
    "broker_environment": {"no_proxy": "internal.example.com"},
    "broker_secrets": {"KEY": "s3cret"},
    "broker_data_source": {
        "type": "csv",
        "path": "s3://bucket/folder",
        "storage": {"key": "${KEY}"},
    },
}


@pytest.fixture
def broker(hosts_run: Run) -> Iterator[Broker]:
    with pristine(hosts_run, RELEASES[0]) as made:
        yield made


def in_force(broker: Broker) -> str:
    return broker.host.exec("sh", "-c", IN_FORCE).stdout


def cut_off(broker: Broker, monkeypatch: pytest.MonkeyPatch, at: str, *arguments: str) -> Played:
    with monkeypatch.context() as patch:
        patch.setenv("ANSIBLE_CALLBACK_PLUGINS", CALLBACKS)
        patch.setenv("ANSIBLE_CALLBACKS_ENABLED", "cut_off")
        patch.setenv("CUT_OFF_AT", at)
        return broker.play("site.yml", *arguments, check=False)


def test_a_deploy_that_is_cut_off_anywhere_is_all_old_or_all_new(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = ("-e", json.dumps(CHANGES))
    old = in_force(broker)
    assert cut_off(broker, monkeypatch, SWITCH, *changes).code < 0
    assert in_force(broker) == old
    # BROKER_CUT_OFF_AT=0-120 tries every task, in this order.
    first, _, last = os.environ.get("BROKER_CUT_OFF_AT", "").partition("-")
    numbers = range(int(first), int(last) + 1) if last else [random.randrange(100)]  # noqa: S311
    for number in numbers:
        cut_off(broker, monkeypatch, str(number), *changes)
        state = in_force(broker)
        assert state == old or is_new(state, old), f"cut off at task {number}\n{state}"

    broker.play("site.yml", *changes)
    state = in_force(broker)
    assert is_new(state, old), state
    assert broker.play("site.yml", *changes).changed == 0


def is_new(state: str, old: str) -> bool:
    words = ("Second", "internal.example.com", "credentials/KEY:s3cret", "LoadCredential=KEY:")
    release = next(line for line in old.splitlines() if line.startswith("/opt/data-broker/rel"))
    return all(word in state for word in words) and release not in state
