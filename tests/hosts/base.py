"""The system that hosts of one Debian release start from: built once, kept by its recipe."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from . import outer, places
from .releases import Release
from .shell import locked, sh

__all__ = ["ensure", "recipe"]

# What a plain Debian server has before anybody configures it.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "iputils-ping",
    "libpam-systemd",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tzdata",
)
# A host gets its own identity when it boots; a shared one would make every host the same.
HOOKS = (
    'chroot "$1" systemctl enable systemd-networkd',
    'rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf',
)


def recipe(release: Release) -> list[str]:
    """The command that builds the base, but for its target and the mirrors."""
    hooks = [f"--customize-hook={hook}" for hook in HOOKS]
    include = f"--include={','.join(PACKAGES)}"
    return ["mmdebstrap", "--quiet", "--variant=minbase", include, *hooks, release.codename]


def ensure(release: Release, say: Callable[[str], None]) -> Path:
    """The folder of the base, built when it is not there; others wait for the one who builds."""
    digest = hashlib.sha256("\0".join(recipe(release)).encode()).hexdigest()[:12]
    target = places.bases() / f"{release}-{digest}"
    if target.is_dir():
        return target
    with locked(places.bases() / f"{target.name}.lock"):
        if not target.is_dir():
            say(f"building the base system of Debian {release.number} ({release.codename})")
            _build(release, target)
    return target


def _build(release: Release, target: Path) -> None:
    for leftover in target.parent.glob(f"{target.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        sh(
            *recipe(release),
            str(partial),
            "-",
            stdin=outer.apt_sources(release),
            env=outer.environment(),
            timeout=900,
        )
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
