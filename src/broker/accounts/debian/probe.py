"""Offers public keys to the host's own sshd, as RFC 4252 section 7 lets a client ask:
the answer tells whether a key would be taken, and no private key is needed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..records.certificates import Certificate
from ..records.keys import Key

__all__ = ["KeyAnswer", "probe", "ssh_port", "sshd_address", "sshd_settings"]

_SECONDS = 20
_TAKEN = "Server accepts key"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The answer of sshd to one key: whether it is ``taken``, and the last line."""

    fingerprint: str
    taken: bool
    answer: str


def probe(
    name: str, keys: Iterable[Key], certificates: Iterable[Certificate] = ()
) -> tuple[KeyAnswer, ...]:
    """Ask for each key and each certificate whether it opens an account on this host, over a
    real connection."""
    wanted = [("IdentityFile", key.fingerprint, key.line) for key in keys]
    wanted += [
        ("CertificateFile", f"{one.fingerprint}, certificate {one.serial}", one.line)
        for one in certificates
    ]
    if not wanted:
        return ()
    host, port = sshd_address(sshd_settings())
    with tempfile.TemporaryDirectory() as folder:
        return tuple(_knock(name, one, host, port, Path(folder)) for one in wanted)


def _knock(name: str, offer: tuple[str, str, str], host: str, port: str, folder: Path) -> KeyAnswer:
    option, shown, text = offer
    path = folder / "key.pub"
    path.write_text(f"{text}\n", encoding="utf-8")
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(_SECONDS),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "LogLevel": "DEBUG1",
        "PreferredAuthentications": "publickey",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        option: str(path),
    }
    line = ["ssh", "-F", "none", "-T", "-p", port, "-l", name]
    line += [f"-o{word}={value}" for word, value in options.items()]
    try:
        done = subprocess.run(
            [*line, host, "true"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=3 * _SECONDS,
        )
    except subprocess.TimeoutExpired:
        return KeyAnswer(shown, False, "no answer")
    words = [line for line in done.stderr.splitlines() if not line.startswith("debug")]
    taken = _TAKEN in done.stderr or done.returncode == 0
    return KeyAnswer(shown, taken, (words or ["no answer"])[-1].strip())


def sshd_settings() -> str:
    """The whole configuration of sshd, a setting per line."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        ["sshd", "-T"], check=False, capture_output=True, text=True, env={"PATH": path}
    ).stdout


def sshd_address(settings: str) -> tuple[str, str]:
    """Where ``sshd -T`` says that it listens, reachable from the host itself."""
    for line in settings.splitlines():
        word, _, value = line.partition(" ")
        if word == "listenaddress":
            host, _, port = value.rpartition(":")
            own = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 - what sshd says, not what we bind
            return own.get(host, host.strip("[]")), port
    return "127.0.0.1", "22"


def ssh_port(settings: str) -> int:
    """The first port that ``sshd -T`` says that it listens at."""
    ports = [line.split()[1] for line in settings.splitlines() if line.startswith("port ")]
    return int(ports[0]) if ports else 22
