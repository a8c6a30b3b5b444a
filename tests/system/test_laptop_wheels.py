"""A laptop that reaches the broker and nothing else: from the one line to the first answer."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Iterator

import pytest

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.image import ensure

from .deploy import Broker

pytestmark = pytest.mark.system

# As an analyst's laptop is, while it still reaches Debian's archive.
PREPARE = """
apt-get -q update
apt-get -q -y install --no-install-recommends rsync python3-venv
useradd --create-home --shell /bin/bash ann
install -d -o ann -g ann -m 700 ~ann/.ssh
runuser -u ann -- ssh-keygen -q -t ed25519 -N '' -f /home/ann/.ssh/id_ed25519
"""
# To its own network alone, in which is the broker.
CUT_OFF = "ip route del default; ! ip route get 192.0.2.1"
ASK = (
    "cd /home/ann/data-broker && bash server/scripts/broker.sh sql --csv 'SELECT name FROM cities'"
)


@pytest.fixture
def laptop(hosts_run: Run) -> Iterator[Host]:
    """Without a route to any index."""
    image = ensure(hosts_run, "laptop-without-index", DEFAULT, key=PREPARE, prepare=_prepare)
    name = f"laptop-{uuid.uuid4().hex[:8]}"
    host = hosts_run.boot(name, DEFAULT, disks=image.disks)
    host.run(CUT_OFF)
    yield host
    hosts_run.remove(name)


def _prepare(host: Host) -> None:
    host.exec("sh", "-ec", PREPARE, timeout=300)


def as_ann(laptop: Host, command: str) -> str:
    """What the analyst sees of a command, errors too."""
    return laptop.exec(
        *("runuser", "-u", "ann", "--", "bash", "-c", f"exec 2>&1; cd; {command}"),
        check=False,
        timeout=300,
    ).stdout


def test_a_laptop_without_an_index_gets_its_packages_from_the_broker(
    deployed: Broker, laptop: Host
) -> None:
    host = deployed.host
    host.run("printf 'city_id,name\\n1,Brno\\n' > /data/input/cities.csv")
    host.run("systemctl start broker-sync.service")
    key = laptop.run("cat /home/ann/.ssh/id_ed25519.pub").stdout.strip()
    host.exec("add-analyst", "ann", key)
    line = first_contact(host)

    refused = as_ann(laptop, line)
    assert "this laptop has not got the packages" in refused, refused
    assert "rsync -a -e 'ssh -F .broker/ssh_config' ann@" in refused

    python = laptop.run("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'")
    version = python.stdout.strip()
    wanted = [{"python": version, "platform": "manylinux_2_28_x86_64"}]
    setting = ("-e", json.dumps({"broker_laptop_wheels": wanted}), "--tags", "app_release")
    assert deployed.play("site.yml", *setting).changed > 0
    assert deployed.play("site.yml", *setting).changed == 0
    assert deployed.play("site.yml", "--check", *setting).changed == 0

    started = time.monotonic()
    synced = as_ann(laptop, line)
    assert "wheels of" in synced, synced
    assert "signed," in synced, synced
    assert as_ann(laptop, ASK).splitlines()[:2] == ["name", "Brno"]
    seconds = time.monotonic() - started
    sys.stdout.write(f"from the one line to the first answer: {seconds:.1f} s\n")  # -s shows it

    host.run(f"for wheel in /data/wheels/{version}-*/duckdb-*.whl; do echo >>$wheel; done")
    laptop.run("cd /home/ann/data-broker && rm -rf .broker/environments server/wheels")
    tampered = as_ann(laptop, "bash data-broker/server/scripts/sync_data.sh")
    assert "has not got the packages" in tampered, tampered

    assert deployed.play("site.yml", "--tags", "app_release").changed > 0
    assert host.run("ls -A /data/wheels").stdout == ""


def first_contact(host: Host) -> str:
    """The line that the operator sends, to the address of the host."""
    shown = host.exec("broker", "analyst", "contact", "ann", "--address", host.address).stdout
    return shown[shown.index("(h=") :]
