"""Whose word counts in this folder: the keys that were pinned at first contact."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..errors import LaptopError
from ..files import write_atomic
from ..manifest.signature import FOR_DATA, FOR_SCRIPTS, refusal, ssh_keygen
from .workspace import Workspace

__all__ = ["SIGNERS", "check_signature", "fingerprints", "pinned_signers", "take_next_key"]

SIGNERS = "allowed_signers"
_MOST_BYTES = 100_000


def pinned_signers(workspace: Workspace) -> bytes:
    """The list of allowed signers of this folder; raises ``LaptopError`` where there is none."""
    try:
        return (workspace.state / SIGNERS).read_bytes()
    except FileNotFoundError:
        raise LaptopError(
            "this folder does not know the key that signs the broker's data",
            where=str(workspace.root),
            remedy="Run the line for a first contact that your operator got for you: "
            "it brings that key.",
        ) from None


def take_next_key(workspace: Workspace, offered: Path) -> str | None:
    """Pin the key that the broker signs with from now on, if a pinned one signed that it is.

    ``offered`` is the folder with the broker's list and its signature. Returns the fingerprint of
    the new key; None where nothing changes, as where that list cannot be believed.
    """
    pinned = pinned_signers(workspace)
    try:
        with (offered / SIGNERS).open("rb") as stream:
            signers = stream.read(_MOST_BYTES)
        armored = (offered / f"{SIGNERS}.sig").read_bytes()
    except FileNotFoundError:
        return None
    if signers == pinned or refusal(signers, armored, pinned, namespace=FOR_SCRIPTS) is not None:
        return None
    write_atomic(workspace.state / SIGNERS, signers, mode=0o644)
    return fingerprints(signers)


def check_signature(
    workspace: Workspace, content: bytes, signature: Path, what: str, *, namespace: str = FOR_DATA
) -> None:
    """Raise ``LaptopError`` unless a pinned key signed ``content``.

    ``signature`` is the file that came with it, ``what`` names the content in the error,
    ``namespace`` is what it must have been signed for.
    """
    signers = pinned_signers(workspace)
    try:
        armored = signature.read_bytes()
    except FileNotFoundError:
        raise LaptopError(
            f"{what} came without a signature",
            remedy="Nothing was changed here. Tell the broker's operator.",
        ) from None
    if refusal(content, armored, signers, namespace=namespace) is not None:
        raise LaptopError(
            f"the signature of {what} was not made by {fingerprints(signers)}",
            remedy="Nothing was changed here. Run this again in a minute; if it says the same, "
            "ask the operator. If the key was changed on purpose, the operator has a new line "
            "for a first contact.",
        )


def fingerprints(signers: bytes) -> str:
    """The keys of a list of allowed signers as people compare them: ``SHA256:…``."""
    keys = []
    for line in signers.decode("ascii", "replace").splitlines():
        words = line.split()
        kinds = [at for at, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))]
        if kinds and kinds[0] + 1 < len(words):
            keys.append(f"{words[kinds[0]]} {words[kinds[0] + 1]}")
    with tempfile.TemporaryDirectory() as folder:  # Windows opens no file of another's twice
        file = Path(folder, "keys")
        file.write_bytes("\n".join(keys).encode() + b"\n")
        answer = ssh_keygen(["-lf", str(file)], b"")
    found = [line.split()[1] for line in answer.stdout.decode().splitlines() if " " in line]
    return ", ".join(found) or "a key that this folder knows"
