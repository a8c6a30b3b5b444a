"""What a folder remembers of its portal: its address, its authority, the token of the person."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ...foreign.strict_json import read_json
from ..workspace import Workspace
from .portal import check_origin

__all__ = [
    "AUTHORITY",
    "PortalToken",
    "forget_authority",
    "forget_token",
    "keep_authority",
    "keep_portal",
    "keep_token",
    "kept_authority",
    "kept_origin",
    "kept_token",
    "read_authority",
]

AUTHORITY = "portal-ca.pem"
_ORIGIN = "portal"
_TOKEN = "portal-token.json"  # noqa: S105 - the name of a file
_MOST_AUTHORITY = 1 << 20


@dataclass(frozen=True, slots=True)
class PortalToken:
    """A personal token of this folder alone; ``origin`` is the only portal that it is sent to."""

    origin: str
    text: str
    ends: datetime


def keep_portal(workspace: Workspace, origin: str) -> None:
    """Remember the portal that has let this folder in."""
    write_atomic(workspace.state / _ORIGIN, f"{origin}\n", mode=0o644)


def kept_origin(workspace: Workspace) -> str:
    """The portal of this folder; raises ``LaptopError`` where it knows none."""
    try:
        words = (workspace.state / _ORIGIN).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        raise LaptopError(
            "the address of the portal is missing",
            remedy="Say it once: login --portal https://data.example.com",
        ) from None
    return check_origin(words)


def kept_authority(workspace: Workspace) -> Path | None:
    """The file of the authority that signs the portal's certificate, if one was named."""
    place = workspace.state / AUTHORITY
    return place if place.exists() else None


def keep_authority(workspace: Workspace, content: bytes) -> None:
    """Remember it."""
    write_atomic(workspace.state / AUTHORITY, content, mode=0o644)


def forget_authority(workspace: Workspace) -> None:
    """From now on those count that this system trusts."""
    (workspace.state / AUTHORITY).unlink(missing_ok=True)


def read_authority(place: Path) -> bytes:
    """The content of a file of certificates; raises ``LaptopError``."""
    try:
        with place.open("rb") as stream:
            return stream.read(_MOST_AUTHORITY)
    except OSError as error:
        raise LaptopError(
            "the file of the authority cannot be read",
            where=str(place),
            found=error.strerror,
        ) from error


def keep_token(workspace: Workspace, token: PortalToken) -> None:
    """Keep it where its owner alone reads."""
    facts = {**asdict(token), "ends": token.ends.astimezone(UTC).isoformat()}
    write_atomic(workspace.state / _TOKEN, json.dumps(facts) + "\n", mode=0o600)


def forget_token(workspace: Workspace) -> None:
    """It is worth nothing any more."""
    (workspace.state / _TOKEN).unlink(missing_ok=True)


def kept_token(workspace: Workspace, origin: str, now: datetime) -> PortalToken | None:
    """The token for this portal; None where there is none that still counts."""
    try:
        facts = read_json(workspace.state / _TOKEN)
        ends = datetime.fromisoformat(facts["ends"])
        token = PortalToken(str(facts["origin"]), str(facts["text"]), ends)
        return token if token.origin == origin and token.ends > now else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
