"""Where everything about accounts stands on a host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...classes import AUDIENCES
from ...hostpaths import (
    CLASSES,
    CONFIG,
    DATA,
    HOMES,
    KEYS,
    PROGRAMS,
    RUN,
    STATE,
    STORE,
    VALID_CERTIFICATES,
)

__all__ = ["TEMPORARY", "HostPaths"]

# Where every account of a Debian host may write, the homes aside; message queues among them.
TEMPORARY = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")))  # noqa: S108 - they are looked through, and nothing is written there


@dataclass(frozen=True, slots=True)
class HostPaths:
    """Paths as the host itself names them; ``at`` says where they are when its root is elsewhere.

    ``data`` is the folder with ``src_data``, ``scripts`` and ``examples``.
    """

    root: Path = Path("/")
    config: Path = CONFIG
    state: Path = STATE
    homes: Path = HOMES
    data: Path = DATA
    lock: Path = RUN / "data-broker-accounts.lock"
    program: Path = PROGRAMS / "broker"
    transport: Path = PROGRAMS / "broker-transport"
    temporary: tuple[Path, ...] = TEMPORARY
    spools: tuple[Path, ...] = (
        Path("/var/spool/cron/crontabs"),
        Path("/var/spool/cron/atjobs"),
        Path("/var/spool/cron/atspool"),
        Path("/var/mail"),
    )
    lingering: Path = Path("/var/lib/systemd/linger")
    runtime: Path = Path("/run/user")
    units: Path = Path("/etc/systemd/system")
    os_release: Path = Path("/etc/os-release")
    sudo: Path = Path("/usr/bin/sudo")
    sudoers: Path = Path("/etc/sudoers.d/data-broker")

    @property
    def registry(self) -> Path:
        """The host's own list of analysts and operators."""
        return self.config / "analysts.json"

    @property
    def classes(self) -> Path:
        """Which Linux group stands for which access class."""
        return self.config / CLASSES.name

    @property
    def store(self) -> Path:
        """The folder of the generations."""
        return self.data / STORE.name

    @property
    def audiences(self) -> Path:
        """Where the publisher keeps which sets of classes have a view of their own."""
        return self.store / AUDIENCES

    @property
    def keys(self) -> Path:
        """The folder that sshd's ``AuthorizedKeysFile`` points into, one file per person."""
        return self.config / KEYS.name

    @property
    def authority(self) -> Path:
        """The private key that signs certificates, where the host issues them."""
        return self.config / "certificate_authority"

    @property
    def authority_public(self) -> Path:
        """What sshd's ``TrustedUserCAKeys`` points at."""
        return self.config / "certificate_authority.pub"

    @property
    def revocations(self) -> Path:
        """What sshd's ``RevokedKeys`` points at. sshd lets no account in without it."""
        return self.config / "revoked_certificates"

    @property
    def valid_certificates(self) -> Path:
        """What ``broker-principals`` answers sshd from: the certificates that open a session."""
        return self.config / VALID_CERTIFICATES.name

    @property
    def certificates(self) -> Path:
        """What the host remembers of the certificates that it issued."""
        return self.config / "certificates.json"

    @property
    def archive(self) -> Path:
        """Where the homes of those who left are kept, and what was taken out of homes.

        Beside the homes: from another mount nothing can be moved there without copying it all.
        """
        return self.homes / ".data-broker-archive"

    def at(self, path: Path) -> Path:
        """``path`` below this layout's root."""
        return self.root / path.relative_to("/")

    def home(self, name: str) -> Path:
        """The home of one person."""
        return self.homes / name
