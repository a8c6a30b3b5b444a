"""How a folder reaches its broker over ssh, whichever program carries the files."""

from __future__ import annotations

import os

from ...foreign.laptop_note import LAPTOP_VARIABLE
from ..workspace import Workspace

__all__ = ["CERTIFICATE", "pause_seconds", "ssh_options"]

_PAUSE_SECONDS = 2  # before the second try, and twice that before the third
_OPTIONS = (
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
    f"SendEnv={LAPTOP_VARIABLE}",
)


CERTIFICATE = "certificate.pub"
"""Of the key of this folder, where its person has signed in to the portal: below ``.broker/``."""


def ssh_options(workspace: Workspace) -> list[str]:
    """The folder's own configuration, and an end to waiting.

    The path is seen from the folder itself: rsync splits the words at blanks.
    """
    own = workspace.state / "ssh_config"
    has_own = ["-F", own.relative_to(workspace.root).as_posix()] if own.exists() else []
    certificate = workspace.state / CERTIFICATE
    if certificate.exists():
        place = certificate.relative_to(workspace.root).as_posix()
        has_own += ["-o", f"CertificateFile={place}"]
    return [*has_own, *(word for option in _OPTIONS for word in ("-o", option))]


def pause_seconds() -> float:
    """How long to wait before the second try."""
    return float(os.environ.get("BROKER_PAUSE", _PAUSE_SECONDS))
