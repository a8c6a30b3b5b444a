"""Releases of ansible-core that need a newer Python than ours, on a host that has it."""

from __future__ import annotations

import json
import shutil

import pytest

from rig.hosts import RELEASES, Host

from .deploy import SETTINGS, Broker, Played
from .people.person import key_pair
from .test_install import checkout

pytestmark = pytest.mark.system

NEWER = ("2.20", "2.21")
CHECKOUT = "/root/checkout"


def controller(host: Host, version: str) -> str:
    """The environment of that release on the host itself, as its lock has it."""
    folder = f"/opt/ansible-{version}"
    locks = f"requirements/ansible-{version}.txt --pip requirements/pip.txt"
    host.run(f"cd {CHECKOUT} && python3 bin/install_locked.py {folder} {locks}", timeout=300)
    output = host.run(f"{folder}/bin/ansible-playbook --version").stdout
    assert output.startswith(f"ansible-playbook [core {version}."), output
    return f"{folder}/bin/ansible-playbook"


def play(host: Host, program: str, words: str) -> Played:
    line = f"cd {CHECKOUT} && {program} -i inventories/mine {words} 2>&1"
    done = host.run(line, timeout=600, check=False)
    return Played(done.returncode, done.stdout)


@pytest.mark.parametrize("deployed", RELEASES[:1], indirect=True, ids=str)
def test_a_broker_is_deployed_and_looked_after_by_newer_releases(
    deployed: Broker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The host plays on itself: it has the Python that these releases ask for."""
    host = deployed.host
    checkout(host)
    mine = host.root / f"{CHECKOUT}/inventories/mine".lstrip("/")
    shutil.copytree(host.root / f"{CHECKOUT}/inventories/example".lstrip("/"), mine)
    inventory = {"brokers": {"hosts": {"broker": {"ansible_connection": "local", **SETTINGS}}}}
    (mine / "hosts.yml").write_text(json.dumps(inventory))
    key = key_pair(tmp_path_factory.mktemp("keys") / "ned").with_suffix(".pub").read_text()
    (mine / "files").mkdir(exist_ok=True)
    (mine / "files/ned.pub").write_text(key)
    for number, version in enumerate(NEWER):
        program = controller(host, version)
        played = play(host, program, "site.yml")
        assert played.code == 0, played.output
        # The first brings another inventory than that of the image.
        assert (played.changed == 0) == (number > 0), played.output
        assert "WARNING" not in played.output, played.output
        refused = play(host, program, "site.yml -e broker_sync_schedule=sometimes")
        assert (refused.code, refused.changed) == (2, 0), refused.output
        added = play(
            host, program, "add_analyst.yml -e user=ned -e key=inventories/mine/files/ned.pub"
        )
        assert (added.code, added.changed) == (0, 1 - number), added.output
        assert play(host, program, "playbooks/list_analysts.yml").code == 0
