"""What the host remembers of certificates, and what stands of its authority. Plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import AccountsError, BrokerError

if TYPE_CHECKING:
    from .node import Node

__all__ = [
    "Authority",
    "Certificate",
    "Certificates",
    "Mode",
    "Ranges",
    "check_mode",
    "parse_certificates",
    "render_certificates",
]

_HOURS = 12
_MAX_HOURS = 24 * 31
_VERSION = 1
Ranges = tuple[tuple[int, int], ...]
"""Serials from the first to the second, both included."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How long a certificate lives; None means that registered keys open a session instead."""

    hours: int | None = _HOURS


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. ``line`` is what its owner has, the text of a ``-cert.pub`` file.

    ``uid``, ``fingerprint`` and ``shell`` say for which account, key and login it was issued.
    """

    serial: int
    analyst: str
    uid: int
    fingerprint: str
    shell: bool
    since: str
    until: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class Certificates:
    """All that were issued and are not known to have ended. ``last_serial`` only grows."""

    hours: int = _HOURS
    last_serial: int = 0
    issued: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """What stands of the authority on a host.

    ``fingerprint`` is that of the private key, None where there is none or others could read it.
    ``public_key_matches``: sshd's copy of the public key belongs to it. ``revoked`` are the serials
    of the revocation list, None where sshd cannot use it or it is for another key.
    ``valid`` is the text of the list that ``broker-principals`` answers from.
    """

    fingerprint: str | None
    public_key_matches: bool
    certificates: Certificates | None
    revoked: Ranges | None
    valid: str | None = None
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def issued(self) -> tuple[Certificate, ...]:
        """What the present key signed, as far as the host remembers."""
        known = self.certificates is not None and self.fingerprint is not None
        return self.certificates.issued if known and self.certificates else ()


def check_mode(hours: int | None) -> Mode:
    """The mode itself, when the hours are valid. Raises ``AccountsError``."""
    if hours is not None and not 1 <= hours <= _MAX_HOURS:
        raise AccountsError(
            "a certificate cannot live that long",
            where="hours",
            expected=f"1 to {_MAX_HOURS}",
            found=str(hours),
        )
    return Mode(hours)


def render_certificates(certificates: Certificates) -> str:
    """The text of their file; the same certificates give the same text."""
    return json.dumps({"version": _VERSION, **asdict(certificates)}, indent=2) + "\n"


def parse_certificates(text: str, *, where: str) -> Certificates:
    """What a file says. Raises ``BrokerError``: unreadable is not empty."""
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']!r} instead of {_VERSION}")
        issued = tuple(Certificate(**_checked(entry)) for entry in document["issued"])
        hours, last = int(document["hours"]), int(document["last_serial"])
        check_mode(hours)
        return Certificates(hours, max([last, *(one.serial for one in issued)]), issued)
    except (AccountsError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokerError(
            "the list of certificates cannot be read, so nothing was changed",
            where=where,
            found=f"{type(error).__name__}: {error}"[:200],
            remedy="Move the file away and run site.yml: every certificate ends, and analysts ask "
            "for new ones.",
        ) from error


def _checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    for name, kind in (("serial", int), ("uid", int), ("shell", bool), ("until", str)):
        if not isinstance(entry[name], kind):
            raise TypeError(f"{name} is {entry[name]!r}")
    return dict(entry)
