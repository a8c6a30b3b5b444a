"""Certificates of a deployed broker over real ssh: from the switch to the last refusal."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..deploy import Broker
from ..test_transport import HELP, Desk, laptop

pytestmark = pytest.mark.system

PRIVATE = "/etc/data-broker/certificate_authority"
DENIED = "Permission denied (publickey)"
PARTS = ("--tags", "ssh_analysts")
ON = ("-e", "broker_ssh_certificates=true", *PARTS)
EXPIRED = """
import sys
from datetime import UTC, datetime, timedelta
from broker.accounts.debian.host import Host
from broker.accounts.issue import issue_certificate
past = datetime.now(UTC) - timedelta(hours=12, minutes=1)
print(issue_certificate(sys.argv[1], Host(), label="one", now=past).line)
"""
ASK = """
import sys
from broker.accounts.service.client import Client
print(Client().call("certificate", name=sys.argv[1], label="one")["certificate"])
"""


@dataclass(frozen=True)
class Person:
    """An analyst with the keys ``one`` and ``two``, each on a laptop of its own."""

    broker: Broker
    name: str
    one: Desk
    two: Desk

    def issue(self, desk: Desk, label: str) -> None:
        line = f"broker analyst certificate {self.name} --key {label}"
        self.give(desk, self.broker.host.run(line).stdout)

    def give(self, desk: Desk, line: str) -> None:
        """Where ssh looks for it by itself."""
        desk.key.with_name(f"{desk.key.name}-cert.pub").write_text(line)

    def python(self, program: str, user: str = "root") -> str:
        python = "/opt/data-broker/current/venv/bin/python"
        line = ("runuser", "-u", user, "--", python, "-I", "-c", program, self.name)
        return self.broker.host.exec(*line).stdout


@pytest.fixture
def person(deployed: Broker, tmp_path: Path) -> Person:
    name = "cer"
    (tmp_path / "two").mkdir()
    one, two = laptop(deployed, tmp_path, name), laptop(deployed, tmp_path / "two", name)
    host = deployed.host
    host.exec("add-analyst", name, Path(f"{one.key}.pub").read_text().strip())
    for desk, label in ((one, "one"), (two, "two")):
        line = Path(f"{desk.key}.pub").read_text().strip()
        host.exec("broker", "analyst", "key", "add", name, line, "--name", label)
    return Person(deployed, name, one, two)


def forged(person: Person, serial: str, name: str, desk: Desk, folder: Path) -> str:
    """What a thief with a copy of the authority's key signs for the key of ``desk``."""
    authority, public = folder / "stolen", folder / "forged.pub"
    authority.touch(0o600)
    authority.write_text(person.broker.host.exec("cat", PRIVATE).stdout)
    public.write_text(Path(f"{desk.key}.pub").read_text())
    line = ["ssh-keygen", "-q", "-s", authority, "-I", "x", "-n", name, "-z", serial, public]
    subprocess.run(line, check=True)
    return (folder / "forged-cert.pub").read_text()


def enters(desk: Desk, *options: str) -> bool:
    """Whether the broker's own sentence is the answer, and not sshd's."""
    output = desk.ssh("true", *options).stderr
    assert (HELP in output) != (DENIED in output), output
    return HELP in output


def test_certificates_from_the_switch_to_the_last_refusal(person: Person, tmp_path: Path) -> None:
    broker, host, one, two = person.broker, person.broker.host, person.one, person.two
    assert enters(one)
    switched = broker.play("site.yml", *ON, "--diff")
    assert switched.changed > 0
    private = host.exec("cat", PRIVATE).stdout.splitlines()
    assert not [line for line in private if line in switched.output]
    assert broker.play("site.yml", *ON, "--check", "--diff").changed == 0
    assert not enters(one), "a key alone opens nothing"

    to = one.key.with_name(f"{one.key.name}-cert.pub")
    arguments = ("-e", f"user={person.name}", "-e", "key=one", "-e", f"to={to}")
    assert "until 20" in broker.play("playbooks/certificate.yml", *arguments).output
    assert enters(one)
    person.give(one, person.python(EXPIRED))
    assert not enters(one), "an expired certificate opens nothing"
    person.give(one, person.python(ASK, "broker-portal"))
    assert enters(one), "the portal may ask for one"
    person.issue(two, "two")
    assert enters(two)
    shown = json.loads(host.exec("broker", "analyst", "list", "--json").stdout)
    (row,) = [row for row in shown if row["name"] == person.name]
    assert len({item["fingerprint"] for item in row["certificates"]}) == 2

    serials = {item["fingerprint"]: str(item["serial"]) for item in row["certificates"]}
    mine = subprocess.run(
        ["ssh-keygen", "-lf", one.key], check=True, capture_output=True, text=True
    )
    known = serials.pop(mine.stdout.split()[1])
    kept = to.read_text()
    for serial, name, account in (
        ("0", person.name, person.name),
        (next(iter(serials.values())), person.name, person.name),
        (known, "broker", "broker"),
        (known, person.name, "broker"),
    ):
        person.give(one, forged(person, serial, name, one, tmp_path))
        assert not enters(one, "-l", account), f"{account} by serial {serial} for {name}"
    person.give(one, forged(person, known, person.name, one, tmp_path))
    assert enters(one), "the same certificate, whoever signs it anew"
    person.give(one, kept)

    host.exec("sh", "-c", "echo x > /etc/data-broker/revoked_certificates")
    assert not enters(one), "sshd lets nobody in by a list that it cannot read"
    host.exec("broker", "analyst", "key", "revoke", person.name, "two")
    assert enters(one), "whatever changes an analyst mends the list"
    assert not enters(two), "what was signed for a revoked key opens nothing"

    gone = host.exec("remove-analyst", person.name, "--delete-home").stdout
    assert f"certificate {max(item['serial'] for item in row['certificates'])}" not in gone
    assert gone.count(DENIED) == gone.count("sshd answers") >= 3
    assert re.search(r", certificate \d{13}", gone)
    broker.play("site.yml", *PARTS)
    left = host.exec("sh", "-c", "ls -A /etc/data-broker; cat /etc/ssh/sshd_config.d/*broker*")
    assert "certificate" not in left.stdout
    subprocess.run(["ssh-keygen", "-L", "-f", str(to)], check=True, capture_output=True)
