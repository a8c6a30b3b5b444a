"""Two operators deploy the same host at the same time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rig.hosts.shell import wait_for

from .deploy import ROOT, Broker

pytestmark = pytest.mark.system

WORDS = ("second", "third")
TURN = "/run/data-broker-turn.json"
LOOK = """
cat /etc/data-broker/instance.yaml /etc/data-broker/environment
cd /etc/data-broker/credentials && grep -H . *
systemctl cat broker-access-prove.timer
"""


def settings(word: str) -> tuple[str, str]:
    """A configuration that says one word in each of its parts."""
    return "-e", json.dumps(
        {
            "broker_instance": {"name": word},
            "broker_environment": {"no_proxy": f"{word}.example.com"},
            "broker_secrets": {"KEY": word, f"KEY_{word}": word},
            "broker_access_proof_schedule": parts(word)[-1],
        }
    )


def parts(word: str) -> tuple[str, ...]:
    """What a host has that has all of this configuration."""
    schedule = f"*-*-* 0{len(word)}:00"
    return (f"name: {word}", f"{word}.example.com", f"KEY:{word}", f"KEY_{word}:{word}", schedule)


@contextmanager
def deploying(broker: Broker, word: str) -> Iterator[subprocess.Popen[str]]:
    """An operator's play that has the turn, in a process group of its own."""
    program = Path(sys.executable).with_name("ansible-playbook")
    line = [str(program), "site.yml", "-i", str(broker.inventory), *settings(word)]
    with subprocess.Popen(
        line,
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as play:
        wait_for("the turn", lambda: has_turn(broker), seconds=120)
        yield play


def has_turn(broker: Broker) -> bool:
    return broker.host.exec("test", "-e", TURN, check=False).returncode == 0


def configurations(broker: Broker) -> list[str]:
    """The words of which the host has any part; what has one of them whole has all of its parts."""
    text = broker.host.exec("sh", "-c", LOOK).stdout
    found = [word for word in WORDS if word in text or parts(word)[-1] in text]
    assert all(part in text for part in parts(found[0])), text
    return found


def test_one_waits_or_is_refused_and_the_host_has_one_configuration(deployed: Broker) -> None:
    with deploying(deployed, "second") as first:
        later = deployed.play("site.yml", *settings("third"), check=False)
        output, _ = first.communicate()
    assert first.returncode == 0, output
    if later.code:  # a deploy takes longer than the other one waits, where the machine is busy
        assert "another deploy of this host is at work" in " ".join(later.output.split())
        assert (later.changed, configurations(deployed)) == (0, ["second"])
        deployed.play("site.yml", *settings("third"))
    assert configurations(deployed) == ["third"]

    # A laptop that sleeps: the other goes on without it, and it cannot go on when it wakes.
    with deploying(deployed, "second") as first:
        os.killpg(first.pid, signal.SIGSTOP)
        try:
            assert deployed.play("site.yml", *settings("third")).failed == 0
        finally:
            os.killpg(first.pid, signal.SIGCONT)
        printed, _ = first.communicate()
    assert first.returncode == 2
    assert "this deploy has lost its turn" in " ".join(printed.split())
    assert configurations(deployed) == ["third"]
    assert deployed.play("site.yml", *settings("third")).changed == 0
