"""An analyst as the helper for accounts describes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["AccountFacts", "CertificateOfKey", "KeyOfAccount", "moment_of"]


@dataclass(frozen=True, slots=True)
class KeyOfAccount:
    """A public key. ``until`` is when the host stops accepting it; None: never.

    ``is_declared`` says that the inventory lists it, so that the portal cannot end it.
    """

    type: str
    fingerprint: str
    comment: str
    name: str
    until: datetime | None
    is_revoked: bool
    is_declared: bool

    @property
    def label(self) -> str:
        """How people call it."""
        return self.name or self.comment or self.fingerprint

    def state(self, now: datetime) -> str:
        """``accepted``, ``ends``, ``ended`` or ``revoked``."""
        if self.is_revoked:
            return "revoked"
        if self.until is None:
            return "accepted"
        return "ends" if self.until > now else "ended"


@dataclass(frozen=True, slots=True)
class CertificateOfKey:
    """A certificate that opens a session now."""

    serial: int
    fingerprint: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What stands of an analyst. ``classes`` are those beyond public.

    ``host`` is ok, drift, leaving or taken; ``problem`` says what is wrong with it. ``last_login``
    and ``last_sync`` are as far as the journal reaches back.
    """

    name: str
    uid: int | None
    email: str
    classes: tuple[str, ...]
    keys: tuple[KeyOfAccount, ...]
    origin: str
    host: str
    problem: str
    last_login: datetime | None
    last_sync: datetime | None
    certificates: tuple[CertificateOfKey, ...] = ()
    bytes: int | None = None
    files: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> AccountFacts:
        """From a row of the helper's ``list``."""
        space = row.get("space") or {}
        return cls(
            name=str(row["name"]),
            uid=row.get("uid"),
            email=str(row.get("email") or ""),
            classes=tuple(map(str, row.get("classes") or ())),
            keys=tuple(map(_key, row.get("keys") or ())),
            origin=str(row.get("origin") or ""),
            host=str(row.get("host") or ""),
            problem=str(row.get("problem") or ""),
            last_login=moment_of(row.get("last_login")),
            last_sync=moment_of(row.get("last_sync")),
            certificates=tuple(map(_certificate, row.get("certificates") or ())),
            bytes=space.get("bytes"),
            files=space.get("files"),
        )

    @property
    def is_declared(self) -> bool:
        """The inventory declares this analyst, so that only it can remove them."""
        return self.origin == "declared"

    def key(self, fingerprint: str) -> KeyOfAccount | None:
        """The key with this fingerprint."""
        return next((one for one in self.keys if one.fingerprint == fingerprint), None)

    def accepted(self, now: datetime) -> tuple[KeyOfAccount, ...]:
        """The keys that open the account now."""
        return tuple(one for one in self.keys if one.state(now) in ("accepted", "ends"))


def moment_of(text: Any) -> datetime | None:
    """An instant as the host writes it (``2026-11-30T12:00:00Z``); None where there is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _key(row: Mapping[str, Any]) -> KeyOfAccount:
    return KeyOfAccount(
        type=str(row.get("type") or ""),
        fingerprint=str(row.get("fingerprint") or ""),
        comment=str(row.get("comment") or ""),
        name=str(row.get("name") or ""),
        until=moment_of(row.get("until")),
        is_revoked=bool(row.get("revoked")),
        is_declared=row.get("origin") == "declared",
    )


def _certificate(row: Mapping[str, Any]) -> CertificateOfKey:
    return CertificateOfKey(
        int(row.get("serial") or 0), str(row.get("fingerprint") or ""), moment_of(row.get("until"))
    )
