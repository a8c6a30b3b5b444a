"""The host as the helper acts on it: systemd, and commands of the account that owns the store."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ..access.proof_now import proof_now
from ..errors import BrokerError, LockedError, PublishError
from ..files import make_dir, write_atomic
from ..hostpaths import AUDIT_LOG, CONFIG, PROGRAMS, RUN, STORE
from ..publish import Store
from ..runs import SERVICE, RunRecord, RunStatus, facts_of, host_syncs, unit_states
from .journal import RunLog, read_run_log
from .machine import certificates, disks, units

__all__ = ["DeployedHost", "PublishingHost"]

_SECONDS = 300.0  # RuntimeMaxSec= of broker-publishing@.service is more
_TRY_LATER = 75  # EX_TEMPFAIL: see LockedError
_MOST_TEXT = 1_000


class PublishingHost(Protocol):
    """All that the helper asks of a host, and does to it."""

    @property
    def store(self) -> Store:
        """What is published there; it is only read."""

    @property
    def log(self) -> Path:
        """The audit log."""

    @property
    def tokens(self) -> Path:
        """The folder of the counters of requests."""

    def start_sync(self) -> bool:
        """Start a sync without waiting; whether none was on its way. Raises ``BrokerError``."""

    def as_service(self, words: Sequence[str]) -> None:
        """Run ``broker WORDS`` as the store's owner, in its sandbox. Raises ``BrokerError``."""

    def sync_log(self, invocation: str) -> RunLog:
        """What a sync that is on record wrote to the journal. Raises ``BrokerError``."""

    def look(self, part: str) -> Any:
        """A part of ``FACT_PARTS`` that is not of the store. Raises ``BrokerError``."""


@dataclass(frozen=True, slots=True)
class DeployedHost:
    """The host on which this runs, as root."""

    store: Store = field(default_factory=lambda: Store(STORE))
    log: Path = AUDIT_LOG
    tokens: Path = RUN / "broker-publishing"

    def start_sync(self) -> bool:
        """See ``PublishingHost``."""
        unit = unit_states([SERVICE])[SERVICE]
        if unit["LoadState"] != "loaded":
            raise PublishError(
                "this host does not sync",
                where=SERVICE,
                found=unit["LoadState"] or "unknown",
                remedy="Set broker_sync_enabled: true, then run `ansible-playbook site.yml`.",
            )
        if unit.busy:
            return False
        done = _run(["systemctl", "start", "--no-block", "--", SERVICE])
        if done.returncode != 0:
            raise BrokerError("systemd does not start a sync", where=SERVICE, found=_last(done))
        return True

    def as_service(self, words: Sequence[str]) -> None:
        """As ``/usr/local/bin/broker`` does it: no word is in a command line."""
        name = f"broker-run-{words[0]}-{secrets.token_hex(8)}"
        make_dir(self.tokens, mode=0o700)
        path = self.tokens / f"{name}.words"
        write_atomic(path, "".join(f"{word}\0" for word in words), mode=0o600)
        try:
            done = _run(_as_service(name, words[0], path))
        finally:
            path.unlink()
        if done.returncode == _TRY_LATER:
            raise LockedError(
                "the store is busy", found=_last(done), remedy="Try again when the sync has ended."
            )
        if done.returncode != 0:
            raise PublishError(_last(done).removeprefix("broker: "))

    def sync_log(self, invocation: str) -> RunLog:
        """See ``PublishingHost``. No other unit's lines can be had by an id of its own."""
        found = host_syncs()
        units = _units_of(found.record) if found else {}
        if invocation not in units:
            raise PublishError(
                "no sync of this id is on record",
                where=invocation,
                remedy="Those that are kept are listed as `syncs`.",
            )
        return read_run_log(units[invocation], invocation)

    def look(self, part: str) -> Any:
        """See ``PublishingHost``."""
        match part:
            case "syncs":
                return _syncs(host_syncs())
            case "units":
                return units()
            case "disks":
                return disks()
            case "certificates":
                return certificates()
            case "proof":
                current = self.store.current()
                shown = current.id if current else None
                proof = proof_now(shown, self.store.root, datetime.now(UTC))
                # What it found names paths that not every admin may know of.
                return proof and {name: one for name, one in proof.items() if name != "findings"}
            case _:
                raise ValueError(part)


def _syncs(found: RunStatus | None) -> dict[str, Any] | None:
    """None where the host does not sync."""
    if found is None:
        return None
    running = [
        {"unit": run.unit, "invocation": invocation, "began": run.at.isoformat()}
        for invocation, run in found.record.begun.items()
    ]
    ended = [facts_of(run) for run in found.record.ended]
    return {**found.facts(), "running": running, "ended": ended}


def _units_of(record: RunRecord) -> dict[str, str]:
    """The unit of each run that is on record, by its invocation id."""
    ended = {run.invocation: run.unit for run in record.ended if run.invocation}
    return ended | {invocation: run.unit for invocation, run in record.begun.items()}


def _as_service(name: str, verb: str, words: Path) -> list[str]:
    return [
        *("systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--unit={name}"),
        *(f"--description=broker {verb}", f"--property=LoadCredential=broker.words:{words}"),
        *("--uid=broker", f"--setenv=CONFIG_DIR={CONFIG}"),
        *(str(PROGRAMS / "broker"), "--words-in-credential"),
    ]


def _run(line: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            line,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerError(  # and no LockedError, which says that nothing was done
            "it takes longer than a request may, and goes on",
            where=line[0],
            remedy="Look again in some minutes.",
        ) from error
    except OSError as error:
        raise BrokerError("a program of the host cannot run", where=line[0]) from error


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """What it wrote as its last line, which names no value of a row."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return (lines[-1] if lines else f"exit code {done.returncode}")[:_MOST_TEXT]
