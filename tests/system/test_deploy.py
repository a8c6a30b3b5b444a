"""What a deploy promises an operator: it is repeatable, and it tells drift before it mends it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documented import ROOT, documented
from tests.unit.accounts.scratch import public_key

from .deploy import Broker

pytestmark = pytest.mark.system

UNIT = "/etc/systemd/system/broker-sync.timer"
DAMAGE = """
sed -i 's/^OnCalendar=.*/OnCalendar=yearly/' {unit}
echo '{key}' >> /etc/data-broker/authorized_keys/{name}
gpasswd -a {name} data-private
chmod 755 /data/input
"""


VERIFY_SCRIPTS = """
cd /data/scripts
ssh-keygen -Y verify -f allowed_signers -I data-broker -n data-broker-scripts \
    -s SHA256SUMS.sig <SHA256SUMS
cd /data && sha256sum --check --quiet scripts/SHA256SUMS
"""


def test_the_readme_deploys_a_host_of_ones_own(deployed: Broker, tmp_path: Path) -> None:
    """Word for word, from a checkout; that the host is deployed already saves a minute."""
    host, checkout = deployed.host, tmp_path / "checkout"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, tracked.stdout.decode().split("\0")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name, follow_symlinks=False)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(checkout / "anna")], check=True
    )
    commands = documented("operator")
    commands.insert(3, f"sed -i s/192.0.2.10/{host.address}/ inventories/mine/hosts.yml")
    typed = "\n".join(commands).replace("scp inv", f"scp -F {host.ssh_config} inv")
    played = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed.replace("root@192.0.2.10", host.address)],
        cwd=checkout,
        env={**os.environ, "ANSIBLE_SSH_ARGS": f"-F {host.ssh_config}"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
    )
    key = host.exec("ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    for line in (
        f"The host''s key:   {key} (ED25519)",
        f"sh start.sh anna@{host.address} ~/data-broker)",
    ):
        assert line in played.stdout
    for command in documented("operator-first-sync"):
        done = host.run(command, timeout=300)
    assert re.search(r"example/cities +public +ok +3 ", done.stdout)
    host.run(VERIFY_SCRIPTS)
    # Where the host moves to another Debian, the next deploy makes an environment of its Python.
    release = host.run("readlink /opt/data-broker/current").stdout.strip()
    assert re.fullmatch(rf"/opt/data-broker/releases/\w+-debian-{host.release}", release)


def test_drift_of_a_unit_a_key_a_group_and_a_mode_shows_and_is_mended(deployed: Broker) -> None:
    """A unit, a key file, a group and a mode are edited by hand: they show, and nothing else."""
    (check,), (deploy,) = documented("operations-check"), documented("operations-deploy")
    host, name = deployed.host, "dru"
    host.exec("add-analyst", name, public_key(name))
    intended = state(deployed, name)
    damage = DAMAGE.format(unit=UNIT, name=name, key=public_key("smuggled", "of eve"))
    host.exec("sh", "-ec", damage)
    edited = state(deployed, name)
    checked = deployed.type(check)
    assert state(deployed, name) == edited
    assert checked.changed == 3, checked.output
    removed, added = (shown(checked.output, sign) for sign in "-+")
    assert len(removed) == 4, removed
    assert len(added) == 2, added
    for line in ("OnCalendar=yearly", " - data-private", " of eve", "mode: '2755'"):
        assert [one for one in removed if line in one], (line, removed)
    assert public_key("smuggled").split()[1] not in checked.output

    mended = deployed.type(deploy)
    assert mended.changed == 3
    assert state(deployed, name) == intended


def state(broker: Broker, name: str) -> str:
    look = (
        f"cat {UNIT} /etc/data-broker/authorized_keys/{name}; id -Gn {name}; stat -c %a /data/input"
    )
    return broker.host.exec("sh", "-ec", look).stdout


def shown(output: str, sign: str) -> list[str]:
    """The lines of all diffs that begin with a sign, without the heads of files."""
    lines = output.splitlines()
    return [line for line in lines if line.startswith(sign) and not line.startswith(sign * 3)]


ECDSA_AND_LEFTOVERS = """
rm -f /etc/data-broker/signing_key*
ssh-keygen -q -t ecdsa -N '' -C data-broker -f /etc/data-broker/signing_key
cd /data/scripts
echo old >gone.sh
echo mine >other.sh
sha256sum gone.sh | sed 's,gone,scripts/gone,' >>SHA256SUMS
"""


def test_a_deploy_signs_only_what_changed_and_removes_scripts_that_are_no_longer_listed(
    deployed: Broker,
) -> None:
    """A key of ECDSA signs the same with other bytes each time."""
    deployed.host.exec("sh", "-ec", ECDSA_AND_LEFTOVERS)
    assert deployed.play("site.yml", "--tags", "app").changed > 0
    deployed.host.run(VERIFY_SCRIPTS)
    left = deployed.host.run("ls /data/scripts").stdout.split()
    assert "gone.sh" not in left
    assert "other.sh" in left
    assert deployed.play("site.yml", "--tags", "app").changed == 0
