"""A host's file system: its own disk over the base, and its identity written into it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from . import outer, places
from .network import Network
from .releases import Release
from .shell import sh, wait_for

__all__ = [
    "DISK_BYTES",
    "add_host_key",
    "authorize",
    "forget_identity",
    "harvest",
    "layer",
    "mount",
    "mount_image",
    "name_hosts",
    "own",
    "pip_cache",
    "remove",
    "seal",
    "seed",
    "unmount_below",
    "used_bytes",
]

DISK_BYTES = 8 << 30
_ARCHIVES = Path("var/cache/apt/archives")
_IDENTITY = (
    "etc/hostname",
    "etc/hosts",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/ssh/ssh_host_*",
    "etc/systemd/network/10-host0.network",
    "root/.ssh",
    "var/cache/apt/archives/*.deb",
    "var/lib/data-broker/pulls.cursor",  # a place in the journal, which goes
    "var/lib/systemd/random-seed",
    "var/log/journal/*",
)
# Mirrors' lists end some day; hosts that are thrown away live with the clock of this machine.
_APT_SETTINGS = 'Acquire::Check-Valid-Until "false";\n'


def mount(folder: Path, below: Sequence[Path]) -> Path:
    """Mount ``folder/root``: read-only layers below, topmost first, and above them the host's own.

    What the host writes goes to a file system in the file ``disk.img``: it can fill that, and not
    the machine. The file takes the space of what is written, not of what could be. Where this
    machine has no loop device, as in a container, it is a plain folder, which nothing bounds.
    """
    disk, root = folder / "disk", folder / "root"
    for path in (disk, root):
        path.mkdir(parents=True)
    if outer.has_loop_device():
        _mount_own_file_system(folder / "disk.img", disk)
    upper, work = layer(disk), disk / "work"
    upper.mkdir(mode=0o755)
    upper.chmod(0o755)
    work.mkdir()
    lower = ":".join(map(str, below))
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    sh("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    return root


def _mount_own_file_system(image: Path, disk: Path) -> None:
    with image.open("wb") as stream:
        stream.truncate(DISK_BYTES)
    # A journal and barriers would only matter after a crash of this machine, and then the host is
    # gone; with barriers each fsync of a host would wait for all that any of its files has written.
    sh("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "nodiscard", "-m", "0", str(image))
    sh("mount", "-o", "loop,nobarrier,noatime", str(image), str(disk))


def own(folder: Path) -> Path:
    """The disk of the host, or the image, in ``folder``: a file, or else a plain folder."""
    image = folder / "disk.img"
    return image if image.exists() else folder / "disk"


def layer(disk: Path) -> Path:
    """Where on a mounted disk a host's own layer is."""
    return disk / "upper"


def mount_image(image: Path, point: Path) -> Path:
    """Mount the disk of another host for reading; returns its layer."""
    if image.is_dir():
        return layer(image)
    if not point.is_mount():
        point.mkdir(parents=True, exist_ok=True)
        sh("mount", "-o", "loop,ro", str(image), str(point))
    return layer(point)


def used_bytes(path: Path) -> int:
    """What a folder or a file takes on this machine; sparse files count what is written."""
    out = sh("du", "--summarize", "--one-file-system", "--block-size=1", str(path), check=False)
    return int((out.stdout.split() or ["0"])[0])


def unmount_below(folder: Path) -> None:
    """Unmount all that is mounted below ``folder``, the last mounted first."""
    for point in reversed(_mounted_below(folder)):
        _wait_for_end(point, "umount", point)


def seal(folder: Path) -> None:
    """Unmount all of the host in ``folder``, whose disk nothing writes to from now on.

    A process in a copy of this machine's mounts, as another host's start is for a moment, keeps
    the file system alive: what is still alive and writable cannot be mounted read-only elsewhere.
    """
    for point in reversed(_mounted_below(folder)):
        if point == str(folder / "disk"):
            _wait_for_end(point, "mount", "-o", "remount,ro", point)
        _wait_for_end(point, "umount", point)


def _wait_for_end(point: str, *command: str) -> None:
    """Run a command that fails as long as something uses ``point``, until it does not."""
    wait_for(f"an end of all use of {point}", partial(_succeeds, *command), seconds=30)


def _succeeds(*command: str) -> bool:
    return sh(*command, check=False).returncode == 0


def remove(folder: Path) -> None:
    """Remove a host's disk, or those of a whole run; a log in it may only be appended to."""
    for logs in (*folder.glob("disk/upper/var/log"), *folder.glob("hosts/*/disk/upper/var/log")):
        sh("chattr", "-R", "-f", "-a", str(logs), check=False)
    shutil.rmtree(folder, ignore_errors=True)


def forget_identity(root: Path) -> None:
    """Take from a host's root what makes it that host; ``seed`` gives it to the next."""
    for pattern in _IDENTITY:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _mounted_below(folder: Path) -> list[str]:
    """In the order in which they were mounted."""
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
    (root / "etc/apt/apt.conf.d/99-hosts").write_text(_APT_SETTINGS)
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
    text = ("\n".join(lines) + "\n").encode()
    # Written over, then cut: it is read at any moment, and a second file would be seen in /etc.
    file = os.open(root / "etc/hosts", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(file, text)
        os.ftruncate(file, len(text))
    finally:
        os.close(file)


def pip_cache() -> Path:
    """pip's downloads, shared by all hosts: its cache is safe for several writers."""
    return _made(places.packages() / "pip")


def _archives(root: Path, release: Release) -> None:
    for package in _made(places.packages() / str(release)).glob("*.deb"):
        shutil.copy(package, root / _ARCHIVES / package.name)


def harvest(root: Path, release: Release) -> None:
    """Keep the packages that a host downloaded; apt checks each against its signed list."""
    store = _made(places.packages() / str(release))
    for package in (root / _ARCHIVES).glob("*.deb"):
        if not (store / package.name).exists():
            copy = store / f".{os.getpid()}-{package.name}"
            shutil.copy(package, copy)
            copy.rename(store / package.name)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
