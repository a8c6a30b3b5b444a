"""What a person may see of certificates and of the authority: properties, never a key."""

from __future__ import annotations

from typing import Any

from ..records.certificates import Authority, Certificate, Certificates, Mode
from ..records.paths import HostPaths
from ..records.valid_certificates import render_valid
from .authority_files import authority_files
from .certificate_rules import revoked_serials, wanted_hours

__all__ = ["AUTHORITY", "authority_sides", "certificate_facts", "certificate_line"]

AUTHORITY = "certificate authority"
"""Its place in a diff, beside the names of analysts: none of them holds a blank."""
_ANEW = "made anew: what the one before signed does not count"
_LISTED = "every certificate but those on record"
_ACCEPTED = "the certificates on record"
_OTHER = "something else, or unreadable"


def certificate_facts(certificate: Certificate) -> dict[str, Any]:
    """A certificate as plain values for a report."""
    return {
        "serial": certificate.serial,
        "fingerprint": certificate.fingerprint,
        "since": certificate.since,
        "until": certificate.until,
    }


def certificate_line(certificate: Certificate) -> str:
    """A certificate in one line of a diff."""
    return f"serial {certificate.serial}, {certificate.fingerprint}, until {certificate.until}"


def authority_sides(
    found: Authority | None, mode: Mode | None, layout: HostPaths
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What stands of the authority and what will; the same where nothing is to be done."""
    before = None if found is None else _found(found, layout)
    if mode is not None and mode.hours is None:
        return before, None
    if found is None and mode is None:
        return None, None
    known = found.certificates if found and found.certificates else Certificates()
    files = {path: f"{wish.mode:04o}" for path, wish in authority_files(layout).items()}
    after = {
        "key": found.fingerprint if found and found.fingerprint else _ANEW,
        "hours": wanted_hours(mode, known),
        "trusted by sshd": True,
        "revoked": _LISTED,
        "accepted": _ACCEPTED,
        "files": files,
    }
    return before, after


def _found(found: Authority, layout: HostPaths) -> dict[str, Any]:
    listed = revoked_serials(found.issued)
    accepted = render_valid(found.issued, found.fingerprint or "")
    return {
        "key": found.fingerprint,
        "hours": found.certificates.hours if found.certificates else None,
        "trusted by sshd": found.public_key_matches,
        "revoked": _LISTED if found.revoked == listed else _OTHER,
        "accepted": _ACCEPTED if found.valid == accepted else _OTHER,
        "files": {path: _node(found, path) for path in authority_files(layout)},
    }


def _node(found: Authority, path: str) -> str | None:
    node = found.nodes.get(path)
    if node is None:
        return None
    owner = "" if (node.uid, node.gid) == (0, 0) else f" of {node.uid}:{node.gid}"
    return (f"{node.mode:04o}" if node.kind == "file" else str(node.kind)) + owner
