"""All that ssh-keygen does for the authority. No format and no arithmetic of SSH is our own."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from ...errors import BrokerError
from ...files import remove_leftovers
from ..planning.certificate_rules import identity
from ..records.certificates import Certificate, Ranges
from ..records.keys import Key, parse_key
from ..records.times import compact_time

__all__ = ["make_private", "make_revocations", "public_of", "read_revocations", "sign"]

_SECONDS = 60
_CA = re.compile(r"# CA key ssh-ed25519 (SHA256:\S+)")
_SERIAL = re.compile(r"serial: (\d+)(?:-(\d+))?")


def make_private(path: Path) -> None:
    """Make a key pair; ``path`` becomes its private half. Whatever stands there goes."""
    arriving = path.with_name(f".{path.name}.new")
    remove_leftovers(path)
    comment = "data broker certificate authority"
    _keygen("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(arriving))
    arriving.with_name(f"{arriving.name}.pub").unlink()
    arriving.replace(path)


def public_of(path: Path) -> Key | None:
    """The public half of a private key; None for an invalid one and for one with a passphrase."""
    with suppress(BrokerError):
        return parse_key(_keygen("-y", "-P", "", "-f", str(path)), where=str(path))
    return None


def sign(authority: Path, certificate: Certificate, key: Key, command: Path) -> str:
    """The line of the certificate. Without a shell it can run ``command`` and nothing else."""
    more = ["permit-pty"] if certificate.shell else [f"force-command={command}"]
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder, "key.pub")
        public.write_text(f"{key.line}\n", encoding="utf-8")
        _keygen(
            *("-q", "-s", str(authority), "-I", identity(certificate, key)),
            *("-n", certificate.analyst, "-z", str(certificate.serial)),
            *("-V", f"{compact_time(certificate.since)}:{compact_time(certificate.until)}"),
            *(part for option in ("clear", *more) for part in ("-O", option)),
            str(public),
        )
        return Path(folder, "key-cert.pub").read_text(encoding="utf-8").strip()


def make_revocations(public: Path, serials: Ranges) -> bytes:
    """A revocation list of these serials of one authority."""
    with tempfile.TemporaryDirectory() as folder:
        made, wanted = Path(folder, "list"), Path(folder, "serials")
        wanted.write_text("".join(map(_line, serials)))
        _keygen("-q", "-k", "-f", str(made), "-s", str(public), str(wanted))
        return made.read_bytes()


def _line(serials: tuple[int, int]) -> str:
    """ssh-keygen takes no range of one."""
    first, last = serials
    return f"serial: {first}\n" if first == last else f"serial: {first}-{last}\n"


def read_revocations(path: Path, fingerprint: str) -> Ranges | None:
    """The serials that a list revokes of this authority; None for anything that is not just so."""
    try:
        lines = _keygen("-Q", "-l", "-f", str(path)).splitlines()
    except BrokerError:
        return None
    authorities = [found[1] for line in lines if (found := _CA.match(line))]
    entries = [line for line in lines if line.strip() and not line.startswith("#")]
    serials = [found for line in entries if (found := _SERIAL.fullmatch(line.strip()))]
    if authorities != [fingerprint] or len(serials) != len(entries):
        return None
    return _joined([(int(one[1]), int(one[2] or one[1])) for one in serials])


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    """Neighbours as one: a list may hold them in several pieces."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _keygen(*arguments: str) -> str:
    """What it prints. Raises ``BrokerError`` with its own last words."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": os.devnull}
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=environment,
        ).stdout
    except FileNotFoundError as error:
        raise BrokerError(
            "the tool ssh-keygen is missing", remedy="Install Debian's package openssh-client."
        ) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        lines = str(getattr(error, "stderr", None) or "nothing").strip().splitlines()
        raise BrokerError("ssh-keygen failed", found=lines[-1][:200]) from error
