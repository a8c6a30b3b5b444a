"""An analyst as the helper for accounts describes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...foreign.laptop_note import OWN_CHOICE
from ..viewer import AccountId

__all__ = [
    "AccountFacts",
    "CertificateOfKey",
    "ChosenDatasets",
    "KeyOfAccount",
    "LaptopOfAccount",
    "moment_of",
]


@dataclass(frozen=True, slots=True)
class KeyOfAccount:
    """A public key. ``until`` is when the host stops accepting it; None: never.

    ``is_declared`` says that the inventory lists it, so that the portal cannot end it.
    ``last_used`` is as far as the journal of the host reaches back.
    """

    type: str
    fingerprint: str
    comment: str
    name: str
    until: datetime | None
    is_revoked: bool
    is_declared: bool
    last_used: datetime | None = None

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
class ChosenDatasets:
    """The choice that laptops of the account find on the host. ``problem``: it cannot be read."""

    id: str = ""
    changed_at: datetime | None = None
    without: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LaptopOfAccount:
    """A laptop at the end of its newest transfer, by its own word; ``name`` is empty where it gave
    none. ``choice`` is the id of the choice of datasets that it follows since ``chosen_at``,
    ``none`` or ``own``; ``generation`` the one in use there.
    """

    name: str
    choice: str
    chosen_at: datetime | None
    generation: str | None
    at: datetime | None
    code: int

    def has_reached(self, chosen: ChosenDatasets) -> bool:
        """Whether it goes by this choice."""
        return self.choice == chosen.id

    @property
    def decides_itself(self) -> bool:
        """Whether its own ``broker.toml`` says which datasets it has."""
        return self.choice == OWN_CHOICE


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What stands of an analyst. ``classes`` are those beyond public.

    ``host`` is ok, drift, leaving or taken; ``problem`` says what is wrong with it. ``last_login``
    and ``last_sync`` are as far as the journal reaches back, and so are the ``laptops``, those that
    were there last first. With a shell the host does not learn what is pulled.
    """

    name: str
    uid: int
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
    has_shell: bool = False
    datasets: ChosenDatasets | None = None
    laptops: tuple[LaptopOfAccount, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> AccountFacts:
        """From a row of the helper's ``list``, which has all these fields."""
        space = row["space"] or {}
        return cls(
            name=str(row["name"]),
            uid=int(row["uid"]),
            email=str(row["email"] or ""),
            classes=tuple(map(str, row["classes"])),
            keys=tuple(map(_key, row["keys"])),
            origin=str(row["origin"]),
            host=str(row["host"]),
            problem=str(row["problem"] or ""),
            last_login=moment_of(row["last_login"]),
            last_sync=moment_of(row["last_sync"]),
            certificates=tuple(map(_certificate, row["certificates"])),
            bytes=space.get("bytes"),
            files=space.get("files"),
            has_shell=bool(row["shell"]),
            datasets=_datasets(row["datasets"]) if row["datasets"] else None,
            laptops=tuple(map(_laptop, row["laptops"])),
        )

    @property
    def id(self) -> AccountId:
        """This account, and no other that gets its name."""
        return AccountId(self.name, self.uid)

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
        type=str(row["type"]),
        fingerprint=str(row["fingerprint"]),
        comment=str(row["comment"]),
        name=str(row["name"]),
        until=moment_of(row["until"]),
        is_revoked=bool(row["revoked"]),
        is_declared=row["origin"] == "declared",
        last_used=moment_of(row["last_used"]),
    )


def _datasets(row: Mapping[str, Any]) -> ChosenDatasets:
    """A choice, or the problem with it alone."""
    if "problem" in row:
        return ChosenDatasets(problem=str(row["problem"]))
    return ChosenDatasets(
        id=str(row["id"]),
        changed_at=moment_of(row["changed_at"]),
        without=frozenset(map(str, row["without"])),
    )


def _laptop(row: Mapping[str, Any]) -> LaptopOfAccount:
    return LaptopOfAccount(
        name=str(row["name"]),
        choice=str(row["choice"]),
        chosen_at=moment_of(row["chosen_at"]),
        generation=row["generation"],
        at=moment_of(row["at"]),
        code=int(row["code"]),
    )


def _certificate(row: Mapping[str, Any]) -> CertificateOfKey:
    return CertificateOfKey(int(row["serial"]), str(row["fingerprint"]), moment_of(row["until"]))
