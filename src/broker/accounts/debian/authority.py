"""One look at the authority of a host. Reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...errors import AccountsError
from ..planning.authority_files import SECRET, authority_files
from ..records.certificates import Authority, Certificates, parse_certificates
from ..records.keys import Key, parse_key
from ..records.node import Node
from ..records.paths import HostPaths
from .homes import node_at
from .keygen import public_of, read_revocations
from .system import Owners

__all__ = ["look_at_authority"]


def look_at_authority(layout: HostPaths, owners: Owners) -> Authority | None:
    """The authority as found; None where there is none: the host accepts plain keys."""
    found = {path: node_at(layout.at(Path(path)), owners) for path in authority_files(layout)}
    nodes = {path: node for path, node in found.items() if node is not None}
    if not nodes:
        return None
    # A private key that other accounts can read is no longer used.
    private = str(layout.authority)
    trusted = private in nodes and SECRET.accepts(nodes[private])
    key = public_of(layout.at(layout.authority)) if trusted else None
    fingerprint = key.fingerprint if key else None
    return Authority(
        fingerprint=fingerprint,
        public_key_matches=key is not None and _trusted_by_sshd(layout) == (key.type, key.blob),
        certificates=_certificates(layout),
        revoked=_revoked(layout, nodes, fingerprint),
        valid=_valid(layout),
        nodes=nodes,
    )


def _valid(layout: HostPaths) -> str | None:
    try:
        return layout.at(layout.valid_certificates).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _trusted_by_sshd(layout: HostPaths) -> tuple[str, bytes] | None:
    try:
        text = layout.at(layout.authority_public).read_text(encoding="utf-8", errors="replace")
        key: Key = parse_key(text, where=str(layout.authority_public))
    except (OSError, AccountsError):
        return None
    return key.type, key.blob


def _certificates(layout: HostPaths) -> Certificates | None:
    try:
        text = layout.at(layout.certificates).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return parse_certificates(text, where=str(layout.certificates))


def _revoked(
    layout: HostPaths, nodes: Mapping[str, Node], fingerprint: str | None
) -> tuple[tuple[int, int], ...] | None:
    node = nodes.get(str(layout.revocations))
    if node is None or node.kind != "file" or fingerprint is None:
        return None
    return read_revocations(layout.at(layout.revocations), fingerprint)
