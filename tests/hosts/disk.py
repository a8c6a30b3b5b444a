"""A host's file system: its own layer over the base, and its identity written into it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from . import outer, places
from .network import Network
from .releases import Release
from .shell import sh, wait_for

__all__ = [
    "add_host_key",
    "authorize",
    "harvest",
    "mount",
    "name_hosts",
    "pip_cache",
    "remove",
    "seed",
    "unmount_below",
]

_ARCHIVES = Path("var/cache/apt/archives")


def mount(folder: Path, base: Path) -> Path:
    """Mount ``folder/root``: the base below, an empty layer of the host's own above."""
    layers = {name: folder / name for name in ("upper", "work", "root")}
    for layer in layers.values():
        layer.mkdir(parents=True)
    layers["upper"].chmod(0o755)
    options = f"lowerdir={base},upperdir={layers['upper']},workdir={layers['work']}"
    sh("mount", "-t", "overlay", "overlay", "-o", options, str(layers["root"]))
    return layers["root"]


def unmount_below(folder: Path) -> None:
    """Unmount all that is mounted below ``folder``, deepest first."""
    for point in sorted(_mounted_below(folder), reverse=True):
        unmounted = partial(_unmount, point)
        wait_for(f"the unmounting of {point}", unmounted, seconds=15)


def remove(folder: Path) -> None:
    """Remove a host's layers, or those of a whole run; a log in them may only be appended to."""
    for logs in (*folder.glob("upper/var/log"), *folder.glob("hosts/*/upper/var/log")):
        sh("chattr", "-R", "-f", "-a", str(logs), check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _unmount(point: str) -> bool:
    return sh("umount", point, check=False).returncode == 0


def _mounted_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].replace("\\040", " ") for line in lines]
    return [point for point in points if point.startswith(f"{folder}/")]


def seed(root: Path, name: str, address: str, network: Network, release: Release) -> None:
    """Give a fresh host its name, address, package sources and trust."""
    (root / "etc/hostname").write_text(f"{name}\n")
    (root / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
    (root / "etc/systemd/network/10-host0.network").write_text(_link(address, network))
    (root / "etc/resolv.conf").write_text(outer.resolv_conf())
    (root / "etc/apt/sources.list").write_text(outer.apt_sources(release))
    _trust(root)
    _archives(root, release)


def _link(address: str, network: Network) -> str:
    return f"""[Match]
Name=host0

[Link]
MTUBytes={outer.mtu()}

[Network]
Address={address}/24
Gateway={network.gateway}
LinkLocalAddressing=no
"""


def _trust(root: Path) -> None:
    """Take this machine's bundle as it is now; the certificates of its owner are in the base."""
    if outer.CA_BUNDLE.exists():
        shutil.copy(outer.CA_BUNDLE, root / outer.CA_BUNDLE.relative_to("/"))


def add_host_key(root: Path) -> str:
    """Make the host's ssh key; returns its public half (type and key)."""
    private = root / "etc/ssh/ssh_host_ed25519_key"
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(private))
    public = private.with_suffix(".pub").read_text().split()
    return " ".join(public[:2])


def authorize(root: Path, public_key: str) -> None:
    """Let the owner of a key in as root."""
    folder = root / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = folder / "authorized_keys"
    keys.write_text(public_key)
    keys.chmod(0o600)


def name_hosts(root: Path, addresses: Mapping[str, str]) -> None:
    """Let the host find the others of its run by name."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{address} {name}" for name, address in sorted(addresses.items())]
    (root / "etc/hosts").write_text("\n".join(lines) + "\n")


def pip_cache() -> Path:
    """pip's downloads, shared by all hosts: its cache is safe for several writers."""
    return _made(places.packages() / "pip")


def _archives(root: Path, release: Release) -> None:
    for package in _made(places.packages() / str(release)).glob("*.deb"):
        shutil.copy(package, root / _ARCHIVES / package.name)


def harvest(folder: Path, release: Release) -> None:
    """Keep the packages that a host downloaded; apt checks each against its signed list."""
    store = _made(places.packages() / str(release))
    for package in (folder / "upper" / _ARCHIVES).glob("*.deb"):
        if not (store / package.name).exists():
            copy = store / f".{os.getpid()}-{package.name}"
            shutil.copy(package, copy)
            copy.rename(store / package.name)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
