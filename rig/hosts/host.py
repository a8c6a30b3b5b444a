"""One booted host, and what can be done with it."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import disk, machine
from .shell import HostError, sh, wait_for

__all__ = ["Host"]


@dataclass(frozen=True)
class Host:
    """A host of a run; ``folder`` is its place in the run's folder."""

    name: str
    release: int
    address: str
    folder: Path
    user: str = "root"

    @property
    def root(self) -> Path:
        """The host's file system as the outer machine sees it."""
        return self.folder / "root"

    @property
    def private_key(self) -> Path:
        return self._ssh / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self._ssh / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self._ssh / "config"

    @property
    def _ssh(self) -> Path:
        return self.folder.parent.parent / "ssh"

    def leader(self) -> int | None:
        return machine.leader(self.folder)

    def answers(self) -> bool:
        return self.leader() is not None and machine.answers(self.address)

    def ssh(self, *, user: str = "root", key: Path | None = None) -> list[str]:
        """The ssh command line to this host, without the remote command."""
        identity = ["-i", str(key)] if key else []
        return ["ssh", "-F", str(self.ssh_config), *identity, "-l", user, self.name]

    def run(
        self,
        command: str,
        *,
        user: str = "root",
        key: Path | None = None,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command over ssh; ``HostError`` when it fails and ``check`` is set."""
        line = [*self.ssh(user=user, key=key), "-o", "BatchMode=yes", command]
        return sh(*line, check=check, stdin=stdin, timeout=timeout)

    def exec(
        self,
        *command: str,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root without ssh: works when sshd does not."""
        return machine.enter(self.running(), *command, check=check, stdin=stdin, timeout=timeout)

    def enforce_memory(self) -> None:
        """Let the host's systemd enforce ``MemoryMax=`` where version 1 of control groups is
        mounted outside: systemd-nspawn gives that hierarchy to a host read-only."""
        place = "/sys/fs/cgroup/memory"
        if self.exec("test", "-e", f"{place}/memory.limit_in_bytes", check=False).returncode == 0:
            self.exec("mount", "-o", "remount,rw,bind", place)
            # systemd looks for controllers when it starts
            self.exec("systemctl", "daemon-reexec")

    def journal(self, unit: str | None = None, lines: int = 60) -> str:
        chosen = ["--unit", unit] if unit else []
        return self.exec("journalctl", "--no-pager", f"--lines={lines}", *chosen).stdout

    def reboot(self) -> None:
        """Reboot from inside and wait until it is ready again."""
        before = self.running()
        self.exec("systemctl", "reboot", check=False)
        wait_for(
            f"the reboot of {self.name}",
            lambda: self.leader() not in (None, before),
            seconds=machine.BOOT_SECONDS,
        )
        machine.wait_ready(self.folder, self.address)

    def kill(self) -> None:
        """Pull the plug."""
        machine.kill(self.folder)

    def running(self) -> int:
        """The leader of a host that must be running."""
        pid = self.leader()
        if pid is None:
            raise HostError(f"{self.name} is not running")
        return pid

    def describe(self) -> dict[str, Any]:
        """What a person or a script needs to reach the host."""
        return {
            "name": self.name,
            "release": self.release,
            "address": self.address,
            "user": self.user,
            "private_key": str(self.private_key),
            "known_hosts": str(self.known_hosts),
            "ssh_config": str(self.ssh_config),
            "root": str(self.root),
            "leader": self.leader(),
            "disk_mb": disk.used_bytes(disk.own(self.folder)) >> 20,
            "ssh": shlex.join(["ssh", "-F", str(self.ssh_config), self.name]),
        }
