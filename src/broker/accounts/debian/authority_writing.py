"""Writes what belongs to the authority: each file whole and in one rename."""

from __future__ import annotations

from pathlib import Path

from ...errors import BrokerError
from ...files import fsync_dir, remove_leftovers, write_when_full
from ..planning.actions import (
    MakeAuthority,
    RemoveAuthority,
    WriteCertificates,
    WriteRevocations,
    WriteValidCertificates,
)
from ..planning.authority_files import authority_files
from ..records.certificates import Certificate, render_certificates
from ..records.keys import Key
from ..records.paths import HostPaths
from ..records.valid_certificates import render_valid
from .keygen import make_private, make_revocations, public_of

__all__ = ["apply_to_authority"]

_AuthorityAction = (
    MakeAuthority | RemoveAuthority | WriteCertificates | WriteRevocations | WriteValidCertificates
)


def apply_to_authority(action: _AuthorityAction, layout: HostPaths) -> None:
    """Carry out one action. Raises ``BrokerError`` and ``OSError``."""
    match action:
        case MakeAuthority(anew):
            _make(layout, anew=anew)
        case WriteCertificates(certificates):
            _write(layout.at(layout.certificates), render_certificates(certificates), 0o600)
        case WriteRevocations(serials):
            listed = make_revocations(layout.at(layout.authority_public), serials)
            _write(layout.at(layout.revocations), listed, 0o600)
        case WriteValidCertificates(certificates):
            _write_valid(certificates, layout)
        case RemoveAuthority():
            _remove(layout)


def _make(layout: HostPaths, *, anew: bool) -> None:
    private = layout.at(layout.authority)
    if anew:
        make_private(private)
        fsync_dir(private.parent)
    key = _authority(layout)
    _write(layout.at(layout.authority_public), f"{key.line}\n", 0o644)


def _write_valid(certificates: tuple[Certificate, ...], layout: HostPaths) -> None:
    text = render_valid(certificates, _authority(layout).fingerprint)
    _write(layout.at(layout.valid_certificates), text, 0o644)


def _authority(layout: HostPaths) -> Key:
    key = public_of(layout.at(layout.authority))
    if key is None:
        raise BrokerError("the authority's key cannot be read", where=str(layout.authority))
    return key


def _write(path: Path, content: bytes | str, mode: int) -> None:
    remove_leftovers(path)
    write_when_full(path, content, mode=mode)


def _remove(layout: HostPaths) -> None:
    """The private key first: from then on nothing is signed, whatever else is left."""
    for file in authority_files(layout):
        path = layout.at(Path(file))
        path.unlink(missing_ok=True)
        remove_leftovers(path)
    fsync_dir(layout.at(layout.config))
