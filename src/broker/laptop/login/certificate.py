"""A certificate for the key of this folder, from the portal to where ssh finds it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ..transfer.connection import CERTIFICATE, ssh_options
from ..workspace import Workspace
from .portal import Portal, PortalAnswer

__all__ = ["IssuedCertificate", "issue", "keys_of_folder"]

_LINE = re.compile(
    r"[a-z0-9@.-]{1,80}-cert-v01@openssh\.com [A-Za-z0-9+/]{40,20000}={0,2}( .{0,200})?"
)
_MOST_LINE = 20_400
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """``until`` is when it ends, as the portal writes it; ``fingerprint`` that of its key."""

    fingerprint: str
    until: str


def keys_of_folder(workspace: Workspace, name: str) -> list[str]:
    """Fingerprints of the keys that ssh would offer to the broker, in that order."""
    line = ["ssh", *ssh_options(workspace), "-G", name]
    try:
        shown = subprocess.run(
            line, cwd=workspace.root, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = []
    for words in shown.stdout.splitlines():
        kind, _, path = words.partition(" ")
        if kind == "identityfile":
            found += _fingerprints(workspace.root, path.strip('"'))
    return list(dict.fromkeys(found))


def issue(
    workspace: Workspace, portal: Portal, token: str, keys: Sequence[str]
) -> IssuedCertificate | PortalAnswer:
    """The certificate for the first of these keys that the account has, kept for ssh.

    Returns the answer of a portal that does not take the token. Raises ``LaptopError`` for every
    other refusal.
    """
    details = []
    for fingerprint in keys:
        answer = portal.ask("/certificate", {"fingerprint": fingerprint}, token)
        if answer.status in (401, 403):
            return answer
        if answer.status == 201:
            return _kept(workspace, answer, fingerprint)
        details.append(answer.detail)
        if answer.status != 404:
            raise LaptopError(
                "the portal gives no certificate",
                found=answer.detail or f"status {answer.status}",
                remedy="What you had is untouched.",
            )
    raise LaptopError(
        "your account has none of the keys of this folder",
        found=f"{', '.join(keys)}: {details[-1]}" if details else "no key",
        remedy="Add the public half of your key in the portal (Keys and tokens), or name another "
        "key in .broker/ssh_config: IdentityFile ~/.ssh/YOUR_KEY",
    )


def _kept(workspace: Workspace, answer: PortalAnswer, fingerprint: str) -> IssuedCertificate:
    line = answer.text("certificate", _MOST_LINE).strip()
    if _LINE.fullmatch(line) is None or answer.facts.get("fingerprint") != fingerprint:
        raise LaptopError(
            "this is not a certificate for the key of this folder",
            where="the answer of the portal",
            remedy="Nothing was changed here. Ask the operator of the portal.",
        )
    write_atomic(workspace.state / CERTIFICATE, f"{line}\n", mode=0o644)
    return IssuedCertificate(fingerprint, answer.text("until", 60))


def _fingerprints(root: Path, path: str) -> list[str]:
    """That of the public half of a key, which may be all that stands there."""
    place = root / Path(path).expanduser()
    for candidate in (place.with_name(f"{place.name}.pub"), place):
        try:
            kind, blob, *_ = candidate.read_text(encoding="utf-8")[:20_000].split()
            content = base64.b64decode(blob, validate=True)
        except (OSError, ValueError, binascii.Error):
            continue
        if kind.encode() in content[:60]:
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            return [f"SHA256:{digest}"]
    return []
