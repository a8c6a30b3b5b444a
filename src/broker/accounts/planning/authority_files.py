"""The files of a certificate authority, and how each should stand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..records.node import Node
from ..records.paths import HostPaths

__all__ = ["SECRET", "authority_files"]

SECRET = Node("file", 0o600, 0, 0)
_OPEN = Node("file", 0o644, 0, 0)


def authority_files(layout: HostPaths) -> Mapping[str, Node]:
    """Every file of an authority, and how it should stand; the private key first."""
    return MappingProxyType(
        {
            str(layout.authority): SECRET,
            str(layout.authority_public): _OPEN,
            str(layout.valid_certificates): _OPEN,
            str(layout.revocations): SECRET,
            str(layout.certificates): SECRET,
        }
    )
