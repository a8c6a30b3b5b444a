"""Which certificate may be issued, and which still counts. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ...errors import AccountsError
from ..records.certificates import Certificate, Certificates, Mode, Ranges
from ..records.keys import Key
from ..records.model import Person
from ..records.times import render_time
from .change import by_label

__all__ = [
    "LAST_SERIAL",
    "draft",
    "identity",
    "is_valid",
    "live",
    "revoked_serials",
    "wanted_hours",
]

LAST_SERIAL = 2**64 - 1
_SKEW = timedelta(minutes=5)
"""How far the clock of a host may be behind that of another."""


def is_valid(certificate: Certificate, analyst: Person | None) -> bool:
    """Whether the list of analysts still allows this certificate."""
    if analyst is None or analyst.state != "present":
        return False
    if (analyst.uid, analyst.shell) != (certificate.uid, certificate.shell):
        return False
    keys = {key.fingerprint: key for key in analyst.keys if not key.revoked}
    key = keys.get(certificate.fingerprint)
    return key is not None and (key.until is None or certificate.until <= key.until)


def live(certificates: Iterable[Certificate], now: datetime) -> tuple[Certificate, ...]:
    """Those that have not ended."""
    return tuple(one for one in certificates if one.until > render_time(now))


def revoked_serials(issued: Iterable[Certificate]) -> Ranges:
    """Every serial but theirs. Zero is left out: OpenSSH takes it for no serial at all."""
    return tuple(_between(sorted({one.serial for one in issued})))


def _between(serials: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = 1
    for serial in serials:
        if first < serial:
            yield first, serial - 1
        first = serial + 1
    if first <= LAST_SERIAL:
        yield first, LAST_SERIAL


def wanted_hours(mode: Mode | None, known: Certificates) -> int:
    """How long a certificate lives: as ``mode`` declares, or as the host has it without one."""
    return known.hours if mode is None or mode.hours is None else mode.hours


def draft(
    analyst: Person, label: str | None, known: Certificates, now: datetime
) -> tuple[Certificate, Key]:
    """What to sign next, and for which key. Raises ``AccountsError`` where nothing may be.

    A certificate never outlives its key. Serials follow the clock in milliseconds, so that even a
    host that lost its list never gives one out twice.
    """
    key = _key(analyst, label, render_time(now))
    end = render_time(now + timedelta(hours=known.hours))
    certificate = Certificate(
        serial=max(known.last_serial + 1, int(now.timestamp() * 1000)),
        analyst=analyst.name,
        uid=analyst.uid,
        fingerprint=key.fingerprint,
        shell=analyst.shell,
        since=render_time(now - _SKEW),
        until=min(end, key.until or end),
    )
    return certificate, key


def identity(certificate: Certificate, key: Key) -> str:
    """The name of the login in sshd's log."""
    return f"{certificate.analyst}/{key.name or key.fingerprint}"


def _key(analyst: Person, label: str | None, now: str) -> Key:
    where = analyst.where
    keys = [key for key in analyst.keys if not key.revoked and (key.until or "~") > now]
    if not keys:
        raise AccountsError(
            "this analyst has no valid key, so no certificate can be issued",
            where=where,
            remedy=f"Register one with: broker analyst key add {analyst.name} KEY.",
        )
    if label is not None:
        return by_label(keys, label, where)
    if len(keys) > 1:
        raise AccountsError(
            "there are several keys, and a certificate is for one",
            where=where,
            expected=f"one of: {', '.join(key.name or key.fingerprint for key in keys)}",
            remedy="Say which key it is for.",
        )
    return keys[0]
