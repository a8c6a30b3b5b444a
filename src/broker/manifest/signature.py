"""Signatures as OpenSSH makes them (``ssh-keygen -Y``), checked by OpenSSH itself."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import PublishError

__all__ = ["FOR_DATA", "FOR_SCRIPTS", "IDENTITY", "NAMESPACES", "refusal", "ssh_keygen"]

IDENTITY = "data-broker"
# What a signature is for: that of a manifest, which holds texts of sources, fits no script.
FOR_DATA = "data-broker"
FOR_SCRIPTS = "data-broker-scripts"
NAMESPACES = f"{FOR_DATA},{FOR_SCRIPTS}"
_TIMEOUT_SECONDS = 30
_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_END = b"\n-----END SSH SIGNATURE-----\n"


def refusal(
    content: bytes, signature: bytes, signers: bytes, *, namespace: str = FOR_DATA
) -> str | None:
    """Why the signature does not hold for these bytes; None if it does.

    ``signers`` is the text of a list of allowed signers, ``namespace`` what it must be for.
    """
    if not _is_canonical(signature):
        return "the signature was changed"
    with tempfile.TemporaryDirectory() as folder:
        known, given = Path(folder, "signers"), Path(folder, "signature")
        known.write_bytes(signers)
        given.write_bytes(signature)
        answer = ssh_keygen(
            ["-Y", "verify", "-n", namespace, "-I", IDENTITY, "-f", str(known), "-s", str(given)],
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


def ssh_keygen(arguments: Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run it with these arguments; it never asks for a passphrase.

    A session of its own has no terminal. Raises ``PublishError`` where it is missing, or hangs.
    """
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
            "ssh-keygen is missing",
            remedy="Install OpenSSH: on Debian the package openssh-client, on Windows the optional "
            "feature OpenSSH Client.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PublishError("ssh-keygen did not answer", where=arguments[-1]) from error
