"""Analysts of a deployed host, with the keys that are on their laptops."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from rig.hosts import Host

__all__ = ["Person", "key_pair", "person"]


@dataclass(frozen=True)
class Person:
    """An analyst of a deployed host, and the keys on their laptop."""

    host: Host
    name: str
    key: Path

    @property
    def uid(self) -> int:
        return int(self.host.exec("id", "-u", self.name).stdout)

    def ssh(self, *words: str, key: Path | None = None) -> list[str]:
        line = self.host.ssh(user=self.name, key=key or self.key)
        return [*line[:-1], "-o", "BatchMode=yes", *words[:-1], line[-1], words[-1]]

    def run(self, command: str, key: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.ssh(command, key=key), check=False, capture_output=True, text=True, timeout=120
        )

    def groups(self) -> str:
        """The control groups of all that runs under this account."""
        script = f"cat $(grep -ls '^Uid:.{self.uid}' /proc/[0-9]*/status | sed s/status/cgroup/)"
        return self.host.exec("sh", "-c", script, check=False).stdout


def person(host: Host, folder: Path, name: str, *options: str) -> Person:
    made = Person(host, name, key_pair(folder / name))
    host.exec("add-analyst", name, made.key.with_suffix(".pub").read_text(), *options)
    return made


def key_pair(path: Path) -> Path:
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(line, check=True)
    return path
