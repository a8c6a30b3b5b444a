"""The real playbooks, run on a booted host as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.recipe import fingerprint
from rig.hosts import RELEASES, Host, HostError, Image, Release, Run, temporary
from rig.hosts.image import ensure
from rig.hosts.releases import find as find_release

__all__ = ["OFFICE", "Broker", "Played", "broker_image", "pristine", "with_inventory"]

ROOT = Path(__file__).resolve().parents[2]
# The address of an office, in a network for documentation.
OFFICE = "192.0.2.80"
# What would differ between two hosts of one image: the address; and no hour strikes in a test.
SETTINGS = {
    "broker_server": {"host": "broker.example.com"},
    "broker_ssh_exempt_addresses": [f"{OFFICE}/31"],
    "broker_sync_schedule": "*-01-02",
}
# All that a deploy may change: apt's lists, the rig's /etc/hosts and what a timer writes aside.
STATE = (
    "find /data /etc /home /opt /srv /usr /var/lib/data-broker /var/spool -xdev "
    "! -path /etc/hosts ! -path /var/lib/data-broker/pulls.cursor "
    "-printf '%p %M %U %G %s %l\\n' 2>/dev/null | sort"
)


CAREFUL = """
sed -i '/^UMASK/d' /etc/login.defs
echo 'UMASK 027' >> /etc/login.defs
session=/etc/pam.d/common-session
grep -q pam_umask $session || echo 'session optional pam_umask.so' >> $session
"""


@dataclass(frozen=True)
class Played:
    """How a playbook ended: ``changed`` and ``failed`` count tasks on the broker."""

    code: int
    output: str

    @property
    def changed(self) -> int:
        return self._recap("changed")

    @property
    def failed(self) -> int:
        return self._recap("failed") + self._recap("unreachable")

    def _recap(self, word: str) -> int:
        counts = re.findall(rf"^broker .*\b{word}=(\d+)", self.output, re.MULTILINE)
        if not counts:
            raise AssertionError(f"no recap of the broker\n{self.output}")
        return int(counts[-1])


@dataclass(frozen=True)
class Broker:
    """A host with an inventory of its own, as an operator has one."""

    host: Host
    inventory: Path

    def play(self, playbook: str, *arguments: str, check: bool = True) -> Played:
        """``ansible-playbook PLAYBOOK`` from the root of the repository.

        With ``check`` a play that does not end well is an error, told with all it wrote.
        """
        done = subprocess.run(
            [self._program(), playbook, "-i", str(self.inventory), *arguments],
            check=False,
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check and done.returncode != 0:
            raise HostError(
                f"ansible-playbook {playbook}: exit code {done.returncode}\n{done.stdout}"
            )
        return Played(done.returncode, done.stdout)

    def type(self, command: str) -> Played:
        """A documented ``ansible-playbook -i inventories/mine …``, with this inventory for it."""
        program, flag, inventory, playbook, *arguments = shlex.split(command)
        if (program, flag, inventory) != ("ansible-playbook", "-i", "inventories/mine"):
            raise AssertionError(f"this is no play of the operator's inventory: {command}")
        return self.play(playbook, *arguments)

    @staticmethod
    def _program() -> Path:
        return Path(sys.executable).with_name("ansible-playbook")


@contextmanager
def pristine(run: Run, release: Release, *, filtering: bool = False) -> Iterator[Broker]:
    """A broker of the test's own, as ``site.yml`` left it, booted from its image.

    ``filtering`` is for a host whose systemd enforces limits of the network, not of memory.
    """
    image = broker_image(run, release)
    name = f"broker-{uuid.uuid4().hex[:8]}"
    yield with_inventory(run.boot(name, release, disks=image.disks, filtering=filtering))
    run.remove(name)


def with_inventory(host: Host) -> Broker:
    """Write the inventory beside the run's keys; it goes when the run goes."""
    folder = host.folder.parent.parent / "inventories" / host.name
    folder.mkdir(parents=True, exist_ok=True)
    connection = {
        "ansible_host": host.address,
        "ansible_user": host.user,
        "ansible_ssh_private_key_file": str(host.private_key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.known_hosts}",
    }
    inventory = {"brokers": {"hosts": {"broker": {**connection, **SETTINGS}}}}
    (folder / "hosts.json").write_text(json.dumps(inventory, indent=2))
    shutil.copy(ROOT / "inventories" / "example" / "data_description.md", folder)
    return Broker(host, folder / "hosts.json")


def broker_image(run: Run, release: Release) -> Image:
    """The disk of a virgin host of this release after its first deploy."""
    key = f"{fingerprint()} {_checkout()} {json.dumps(SETTINGS)} {CAREFUL}"
    return ensure(run, "broker", release, key=key, prepare=_deploy)


def _checkout() -> str:
    """Of which commit a deploy would say that it is, and whether files differ from it."""
    words = (["rev-parse", "HEAD"], ["status", "--porcelain"])
    head, differing = (
        subprocess.run(
            ["git", "-C", ROOT, "-c", "safe.directory=*", *one],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for one in words
    )
    return f"{head} {bool(differing)}"


def _deploy(host: Host) -> None:
    """As an operator does; on the newest release, only after a check of what would be done.

    Hosts of the oldest release are careful: what is made there is closed to others by default.
    """
    broker = with_inventory(host)
    if host.release == RELEASES[-1].number:
        host.exec("sh", "-ec", CAREFUL)
    else:
        _check(broker)
    broker.play("site.yml")


def _check(broker: Broker) -> None:
    """Ask what a deploy would do, and hold the check to leaving the host as it was."""
    host = broker.host
    before = host.exec("sh", "-c", STATE).stdout
    checked = broker.play("site.yml", "--check")
    if not checked.changed:
        raise HostError(f"a check of a virgin host tells of no change\n{checked.output}")
    touched = {*before.splitlines()} ^ {*host.exec("sh", "-c", STATE).stdout.splitlines()}
    if touched:
        raise HostError("a check of a virgin host changed it:\n" + "\n".join(sorted(touched)))


def main() -> None:
    """``python -m tests.system.deploy RELEASE``: prints the disks of the image, for Molecule."""
    with temporary() as run:
        image = broker_image(run, find_release(sys.argv[1]))
    sys.stdout.write(":".join(map(str, image.disks)) + "\n")


if __name__ == "__main__":
    main()
