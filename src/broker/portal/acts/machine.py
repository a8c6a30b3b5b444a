"""How parts of the host are, judged once for every page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .facts import moment_of
from .publishing import problem_of, rows_of

__all__ = ["AccessProof", "HostCertificate", "HostDisk", "HostParts", "HostUnit"]

_LEAST_FREE = 0.1  # of a disk, under which a person should make room
_FEWEST_FILES = 10_000  # a release has about as many
_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class HostDisk:
    """A file system by one of its places. ``files_free`` is how many files it may still have; None
    where it has no limit of them."""

    path: str
    bytes: int
    bytes_free: int
    files_free: int | None = None

    @property
    def is_nearly_full(self) -> bool:
        """Whether less than a tenth is free, or the room for files goes to its end."""
        has_little = bool(self.bytes) and self.bytes_free / self.bytes < _LEAST_FREE
        return has_little or (self.files_free is not None and self.files_free < _FEWEST_FILES)


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """The certificate at a path. ``word`` is ``ended``, ``ends soon``, or empty."""

    path: str
    until: datetime | None
    word: str

    @classmethod
    def of(cls, row: Mapping[str, Any], now: datetime) -> HostCertificate:
        """Soon is within two weeks."""
        until, word = moment_of(row["until"]), ""
        if until is not None and until - now < _SOON:
            word = "ended" if until <= now else "ends soon"
        return cls(str(row["path"]), until, word)


@dataclass(frozen=True, slots=True)
class HostUnit:
    """A unit that systemd has loaded, in its words."""

    name: str
    active: str
    sub: str
    result: str
    enabled: str

    @property
    def has_failed(self) -> bool:
        """Whether systemd says so."""
        return self.active == "failed"


@dataclass(frozen=True, slots=True)
class AccessProof:
    """The last proof of access. ``unexpected`` is None where none ended; ``stopped`` are units that
    should start proofs and do not."""

    state: str
    failed: bool
    at: datetime | None
    checks: int
    unexpected: int | None
    stopped: tuple[str, ...]


@dataclass(frozen=True)
class HostParts:
    """What the host answers of itself. A part that is None is not known, and is among
    ``problems``; ``proof`` is None too where the host proves nothing."""

    problems: tuple[str, ...]
    disks: Sequence[HostDisk] | None
    certificates: Sequence[HostCertificate] | None
    units: Sequence[HostUnit] | None
    proof: AccessProof | None

    @classmethod
    def of(cls, facts: Mapping[str, Any], now: datetime) -> HostParts:
        """From the answers of the helper, by part."""
        disks, certificates, units = (
            None if problem_of(facts.get(part)) or facts.get(part) is None else rows_of(facts[part])
            for part in ("disks", "certificates", "units")
        )
        return cls(
            problems=tuple(dict.fromkeys(filter(None, map(problem_of, facts.values())))),
            disks=None if disks is None else [_disk(one) for one in disks],
            certificates=None
            if certificates is None
            else [HostCertificate.of(one, now) for one in certificates],
            units=None if units is None else [*_units(units)],
            proof=_proof(facts.get("proof")),
        )


def _disk(row: Mapping[str, Any]) -> HostDisk:
    whole, free = int(row["bytes"]), int(row["bytes_free"])
    return HostDisk(str(row["path"]), whole, free, row["files_free"])


def _units(rows: Iterable[Mapping[str, Any]]) -> Iterable[HostUnit]:
    for row in rows:
        if row["load"] == "loaded":
            words = (str(row[name]) for name in ("active", "sub", "result", "enabled"))
            yield HostUnit(str(row["unit"]), *words)


def _proof(fact: Any) -> AccessProof | None:
    """One that cannot be read has a state as well, and its problem."""
    if not isinstance(fact, Mapping) or fact.keys() == {"problem"}:
        return None
    return AccessProof(
        state=str(fact["state"]),
        failed=bool(fact["failed"]),
        at=moment_of(fact["at"]),
        checks=int(fact["checks"]),
        unexpected=fact["unexpected"],
        stopped=tuple(map(str, fact["stopped"])),
    )
