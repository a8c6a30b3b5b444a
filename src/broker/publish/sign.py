"""Signatures as OpenSSH makes them (``ssh-keygen -Y``): any laptop with OpenSSH can check them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import PublishError
from ..files import make_dir, write_atomic
from ..manifest.signature import FOR_DATA, IDENTITY, NAMESPACES, ssh_keygen

__all__ = ["Signer"]


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
            _made_by_ssh_keygen(
                ["-q", "-t", "ed25519", "-N", "", "-C", IDENTITY, "-f", str(arriving)]
            )
            arriving.with_suffix(".pub").unlink()
            arriving.rename(key)
        return cls(key)

    def sign(self, content: bytes, *, namespace: str = FOR_DATA) -> bytes:
        """The armored signature over these bytes, which holds for this ``namespace`` alone."""
        return _made_by_ssh_keygen(["-Y", "sign", "-n", namespace, "-f", str(self._key)], content)

    def export(self, signers: Path) -> None:
        """Have the public key listed in an ``allowed_signers`` file.

        Older keys stay listed: they signed the generations that are still kept.
        """
        public = _made_by_ssh_keygen(["-y", "-f", str(self._key)]).decode().split()[:2]
        line = f'{IDENTITY} namespaces="{NAMESPACES}" {" ".join(public)}'
        known = signers.read_text().splitlines() if signers.exists() else []
        if line not in known:
            write_atomic(signers, "\n".join((*known, line)) + "\n", mode=0o644)


def _made_by_ssh_keygen(arguments: Sequence[str], content: bytes = b"") -> bytes:
    answer = ssh_keygen(arguments, content)
    if answer.returncode != 0:
        words = answer.stderr.decode(errors="replace").split("\n")
        raise PublishError(
            "ssh-keygen refused to work with the signing key",
            where=str(arguments[-1]),
            expected="an OpenSSH private key without passphrase, readable to its owner alone",
            found=next((line.strip() for line in reversed(words) if line.strip()), None),
        )
    return answer.stdout
