"""The system that hosts of one Debian release start from: built once, kept by its recipe."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from . import outer, places
from .releases import Release
from .shell import HostError, locked, sh

__all__ = ["ensure", "reason", "recipe"]

# What a plain Debian server has before it is configured.
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
# What mmdebstrap and apt write when something fails, and what that means; the first match counts.
REASONS = (
    (r"No space left on device", "the disk is full. Make room, or set BROKER_HOSTS_DIR"),
    (
        r"NO_PUBKEY|EXPKEYSIG|is not signed|signatures? (?:couldn't|verification failed|were inv)",
        "the signature of Debian's archive cannot be verified. Check the clock, and update the "
        "package debian-archive-keyring",
    ),
    (
        r"Failed to fetch",
        "Debian's archive cannot be reached. Check the network, the sources in /etc/apt and, "
        "behind a proxy, http_proxy",
    ),
)


def recipe(release: Release, certificates: Iterable[Path] = ()) -> list[str]:
    """The command that builds the base, but for its target and the mirrors.

    ``certificates`` are those that this machine's owner trusts beside Debian's.
    """
    store = "/usr/local/share/ca-certificates/"
    trust = [f"upload {shlex.quote(str(path))} {store}{path.name}" for path in certificates]
    if trust:
        trust.append('chroot "$1" update-ca-certificates')
    hooks = [f"--customize-hook={hook}" for hook in (*trust, *HOOKS)]
    include = f"--include={','.join(PACKAGES)}"
    # A clock that is ahead would refuse the lists of updates, which are signed all the same.
    clock = '--aptopt=Acquire::Check-Valid-Until "false"'
    return ["mmdebstrap", "--variant=minbase", clock, include, *hooks, release.codename]


def _digest(command: Iterable[str], certificates: Iterable[Path]) -> str:
    parts = [part.encode() for part in command] + [path.read_bytes() for path in certificates]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def ensure(release: Release, say: Callable[[str], None]) -> Path:
    """The folder of the base, built when it is not there; others wait for the one who builds."""
    certificates = outer.certificates()
    command = recipe(release, certificates)
    target = places.bases() / f"{release}-{_digest(command, certificates)}"
    if target.is_dir():
        return target
    with locked(places.bases() / f"{target.name}.lock"):
        if not target.is_dir():
            say(f"building the base system of Debian {release.number} ({release.codename})")
            _build(command, apt_sources=outer.apt_sources(release), target=target)
    return target


def _build(command: list[str], *, apt_sources: str, target: Path) -> None:
    for leftover in target.parent.glob(f"{target.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        done = sh(
            *(*command, str(partial), "-"),
            check=False,
            stdin=apt_sources,
            env=outer.environment(),
            timeout=900,
        )
        if done.returncode:
            log = target.with_name(f"{target.name}.log")
            log.write_text(done.stderr)
            raise HostError(
                f"the base system {target.name} cannot be built: {reason(done.stderr)} "
                f"(mmdebstrap's own words: {log})"
            )
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def reason(output: str) -> str:
    """What a failed build means, in a sentence; else the first thing it calls an error."""
    for pattern, sentence in REASONS:
        if re.search(pattern, output):
            return sentence
    first = re.search(r"^E: (.*)", output, re.MULTILINE)
    words = first[1] if first else "mmdebstrap ended without a message"
    return "".join(letter if letter.isprintable() else "?" for letter in words)
