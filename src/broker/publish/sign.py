"""Signatures as OpenSSH makes them (``ssh-keygen -Y``): any laptop with OpenSSH can check them."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import PublishError
from ..files import make_dir, write_atomic

__all__ = ["Signer", "refusal"]

_NAMESPACE = "data-broker"
_IDENTITY = "data-broker"
_TIMEOUT_SECONDS = 30
_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_END = b"\n-----END SSH SIGNATURE-----\n"


class Signer:
    """Signs with one private key, which never leaves its file."""

    def __init__(self, key: Path) -> None:
        """``key`` is an OpenSSH private key without a passphrase, readable to its owner alone."""
        self._key = key

    @classmethod
    def own(cls, folder: Path) -> Signer:
        """The key of an instance that was given none: made once, kept in ``folder``."""
        key = folder / "signing_key"
        make_dir(folder, mode=0o700)
        if not key.exists():
            arriving = folder / ".arriving"
            arriving.unlink(missing_ok=True)
            _ssh_keygen(["-q", "-t", "ed25519", "-N", "", "-C", _IDENTITY, "-f", str(arriving)])
            arriving.with_suffix(".pub").unlink()
            arriving.rename(key)
        return cls(key)

    def sign(self, content: bytes) -> bytes:
        """The armored signature over these bytes."""
        return _ssh_keygen(["-Y", "sign", "-n", _NAMESPACE, "-f", str(self._key)], content)

    def export(self, signers: Path) -> None:
        """Have the public key listed in an ``allowed_signers`` file.

        Older keys stay listed: they signed the generations that are still kept.
        """
        public = _ssh_keygen(["-y", "-f", str(self._key)]).decode().split()[:2]
        line = f'{_IDENTITY} namespaces="{_NAMESPACE}" {" ".join(public)}'
        known = signers.read_text().splitlines() if signers.exists() else []
        if line not in known:
            write_atomic(signers, "\n".join((*known, line)) + "\n", mode=0o644)


def refusal(content: bytes, signature: bytes, signers: bytes) -> str | None:
    """Why the signature does not hold for these bytes; None if it does.

    ``signers`` is the text of a list of allowed signers.
    """
    if not _is_canonical(signature):
        return "the signature was changed"
    with tempfile.TemporaryDirectory() as folder:
        known, given = Path(folder, "signers"), Path(folder, "signature")
        known.write_bytes(signers)
        given.write_bytes(signature)
        answer = _run(
            ["-Y", "verify", "-n", _NAMESPACE, "-I", _IDENTITY, "-f", str(known), "-s", str(given)],
            content,
        )
    return None if answer.returncode == 0 else "the signature does not fit the manifest"


def _is_canonical(armored: bytes) -> bool:
    """Armored exactly as ssh-keygen does it, which itself accepts stray bytes around and within.

    PROTOCOL.sshsig of OpenSSH leaves the width of the lines open; ssh-keygen writes 70.
    """
    body = armored.removeprefix(_BEGIN).removesuffix(_END)
    try:
        text = base64.b64encode(base64.b64decode(body)).decode()
    except ValueError:
        return False
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return armored == _BEGIN + lines.encode() + _END


def _ssh_keygen(arguments: Sequence[str], content: bytes = b"") -> bytes:
    answer = _run(arguments, content)
    if answer.returncode != 0:
        words = answer.stderr.decode(errors="replace").split("\n")
        raise PublishError(
            "ssh-keygen refused to work with the signing key",
            where=str(arguments[-1]),
            expected="an OpenSSH private key without passphrase, readable to its owner alone",
            found=next((line.strip() for line in reversed(words) if line.strip()), None),
        )
    return answer.stdout


def _run(arguments: Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    """A session of its own has no terminal, so a passphrase is never asked for."""
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            input=content,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            start_new_session=True,
            env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        )
    except FileNotFoundError as error:
        raise PublishError(
            "ssh-keygen is missing", remedy="Install the package openssh-client."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PublishError("ssh-keygen did not answer", where=arguments[-1]) from error
