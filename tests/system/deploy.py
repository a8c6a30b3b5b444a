"""The real playbooks, run on a booted host as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts import Host, HostError, Release, Run
from tests.hosts.shell import locked

__all__ = ["Broker", "Played", "deploy_once"]

ROOT = Path(__file__).resolve().parents[2]


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


def with_inventory(host: Host, settings: Mapping[str, Any]) -> Broker:
    """Write the inventory beside the run's keys; it goes when the run goes."""
    folder = host.folder.parent.parent / "inventories" / host.name
    folder.mkdir(parents=True, exist_ok=True)
    connection = {
        "ansible_host": host.address,
        "ansible_user": host.user,
        "ansible_ssh_private_key_file": str(host.private_key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.known_hosts}",
    }
    inventory = {"all": {"hosts": {"broker": {**connection, **settings}}}}
    (folder / "hosts.json").write_text(json.dumps(inventory, indent=2))
    return Broker(host, folder / "hosts.json")


def deploy_once(run: Run, release: Release, settings: Mapping[str, Any]) -> Broker:
    """The broker of this release: the first process deploys it, the others wait for that one.

    A deploy that failed is not tried again; everybody hears why it did.
    """
    name = f"broker-{release.number}"
    result = run.folder / f"{name}.deployed"
    with locked(run.folder / f"{name}.deploy"):
        broker = with_inventory(run.boot(name, release), settings)
        if not result.exists():
            result.write_text(_deploy(broker))
    error = result.read_text()
    if error:
        raise HostError(error)
    return broker


def _deploy(broker: Broker) -> str:
    try:
        broker.play("site.yml")
    except HostError as error:
        return f"{error}\n{broker.host.journal()}"
    return ""
