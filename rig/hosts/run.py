"""A run: some hosts on one network, made together and gone together."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from . import base, disk, machine, releases, state
from .host import Host
from .network import Network, forget
from .processes import Process
from .releases import Release
from .shell import HostError, locked

__all__ = ["Run", "check_name"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def check_name(name: str) -> None:
    """Names of hosts and runs become host names, interfaces and folders."""
    if not _NAME.fullmatch(name):
        raise HostError(
            f"{name!r} is not a valid name: lower-case letters, digits and hyphens, max. 31"
        )


def _silent(_: str) -> None:
    """Say nothing."""


class Run:
    """A run by its folder: every process that knows it may boot and remove hosts in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh" / "config"

    def hosts(self) -> dict[str, Host]:
        """The hosts of the run, by name, running or not."""
        return {name: self._host(name, host) for name, host in self._state().hosts.items()}

    def host(self, name: str) -> Host:
        hosts = self.hosts()
        if name not in hosts:
            known = ", ".join(sorted(hosts)) or "none"
            raise HostError(f"no host {name!r} in run {self.name!r}; there are: {known}")
        return hosts[name]

    def boot(
        self,
        name: str,
        release: Release = releases.DEFAULT,
        say: Callable[[str], None] = _silent,
        disks: Sequence[Path] = (),
        *,
        filtering: bool = False,
    ) -> Host:
        """A host of this name that answers: the one that stands, else a fresh one.

        ``disks`` are those of an image to start from, topmost first; without, it is a virgin host.
        A host with ``filtering`` enforces limits of the network instead of those of memory.
        """
        check_name(name)
        below = base.ensure(release, say)
        with self._booting(name):
            standing = self.hosts().get(name)
            if standing and standing.release == release.number and standing.answers():
                say(f"{name} stands at {standing.address}")
                return standing
            if standing:
                self._remove(name)
            say(f"booting {name} (Debian {release.number})")
            try:
                layers = [*self._mounted(disks), below]
                host = self._start(name, release, layers, filtering=filtering)
            except BaseException:
                self._remove(name)
                raise
            say(f"{name} is up at {host.address}")
            return host

    def _mounted(self, disks: Sequence[Path]) -> list[Path]:
        """The layers of disks, each mounted once for all hosts of this run."""
        with locked(self.folder / "images.lock"):
            return [
                disk.mount_image(path, self.folder / "images" / path.parent.name) for path in disks
            ]

    def _start(
        self, name: str, release: Release, below: Sequence[Path], *, filtering: bool
    ) -> Host:
        with self._changing() as now:
            address = now.network.free_address(host.address for host in now.hosts.values())
            root = disk.mount(self.folder / "hosts" / name, below)
            disk.seed(root, name, address, now.network, release)
            disk.authorize(root, (self.folder / "ssh" / "id_ed25519.pub").read_text())
            key = disk.add_host_key(root)
            now.hosts[name] = state.HostState(release.number, address, key)
        host = self.host(name)
        bridge = now.network.bridge
        forget(now.network, address)
        machine.start(host.folder, f"{bridge}-{name}", name, bridge, filtering=filtering)
        try:
            machine.wait_ready(host.folder, host.address)
        except HostError as error:
            raise HostError(f"{name}: {error}") from error
        return host

    def remove(self, name: str) -> None:
        """End a host and forget what it wrote."""
        self.host(name)
        with self._booting(name):
            self._remove(name)

    def keep_disk(self, name: str, folder: Path) -> None:
        """End a host in order and keep its disk, without its identity, in ``folder``."""
        host = self.host(name)
        with self._booting(name):
            machine.power_off(host.folder)
            self.harvest(name)
            disk.forget_identity(host.root)
            disk.seal(host.folder)
            partial = folder.with_name(f".{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            kept = disk.own(host.folder)
            kept.rename(partial / kept.name)
            partial.rename(folder)
            self._remove(name)

    def _remove(self, name: str) -> None:
        folder = self.folder / "hosts" / name
        machine.kill(folder)
        self.harvest(name)
        disk.unmount_below(folder)
        with self._changing() as now:
            now.hosts.pop(name, None)
        disk.remove(folder)

    def harvest(self, name: str) -> None:
        """Keep what a host downloaded, as long as its disk is mounted."""
        host = self._state().hosts.get(name)
        if host:
            with suppress(OSError):  # the store of downloads is a help, not a promise
                root = self.folder / "hosts" / name / "root"
                disk.harvest(root, releases.find(str(host.release)))

    def network(self) -> Network:
        return self._state().network

    def owner(self) -> Process | None:
        """The process that the run ends with; ``None`` when it is kept."""
        return self._state().owner

    def keep(self) -> None:
        """Let the run outlive this process, until it is destroyed."""
        with self._changing() as now:
            now.owner = None

    def alive(self) -> bool:
        """Whether this run may still be wanted: its owner lives, or it is kept and stands."""
        now = state.load(self.folder)
        if now is None:
            return False
        if now.owner is not None:
            return now.owner.alive()
        return any(machine.running(host.folder) for host in self.hosts().values())

    def describe(self) -> dict[str, Any]:
        """What a person or a script needs to reach the hosts."""
        now = self._state()
        return {
            "name": self.name,
            "kept": now.owner is None,
            "subnet": str(now.network.subnet),
            "gateway": str(now.network.gateway),
            "ssh_config": str(self.ssh_config),
            "hosts": {name: host.describe() for name, host in self.hosts().items()},
        }

    def _state(self) -> state.RunState:
        now = state.load(self.folder)
        if now is None:
            raise HostError(f"no run {self.name!r}; boot one with: python -m rig.hosts up NAME")
        return now

    def _host(self, name: str, host: state.HostState) -> Host:
        return Host(name, host.release, host.address, self.folder / "hosts" / name)

    @contextmanager
    def _booting(self, name: str) -> Iterator[None]:
        with locked(self.folder / f"{name}.lock"):
            yield

    @contextmanager
    def _changing(self) -> Iterator[state.RunState]:
        with locked(self.folder / "lock"):
            now = self._state()
            yield now
            state.save(self.folder, now)
            self._tell(now)

    def _tell(self, now: state.RunState) -> None:
        """Let every host and every ssh client know the hosts there are."""
        addresses = {name: host.address for name, host in now.hosts.items()}
        for host in self.hosts().values():
            with suppress(FileNotFoundError):  # its disk is gone: it is being removed
                disk.name_hosts(host.root, addresses)
        ssh = self.folder / "ssh"
        keys = [f"{name},{host.address} {host.host_key}\n" for name, host in now.hosts.items()]
        state.replace_text(ssh / "known_hosts", "".join(keys))
        state.replace_text(ssh / "config", _ssh_config(ssh, addresses))


def _ssh_config(ssh: Path, addresses: dict[str, str]) -> str:
    hosts = "".join(f"Host {name}\n  HostName {place}\n" for name, place in addresses.items())
    return f"""{hosts}
Host *
  User root
  UserKnownHostsFile "{ssh / "known_hosts"}"
  StrictHostKeyChecking yes
  IdentitiesOnly yes
  ConnectTimeout 60
  LogLevel ERROR

Match user root
  IdentityFile "{ssh / "id_ed25519"}"
"""
