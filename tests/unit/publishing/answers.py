"""What the helper for publishing answers: each field, with its kind and the words that it takes.

Answers of the helper and those of the portal's scene are both checked against this, so no page is
tested with what no host says. What is not given is what a host says when all is well.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_serializer

from broker.publishing.protocol import FACT_PARTS, PUBLISHING_VERBS

__all__ = ["ANSWERS", "FACTS", "checked", "completed", "when_all_is_well"]


def _instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("an instant without its zone")
    return text


Instant = Annotated[str, AfterValidator(_instant)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class UnknownFact(_Answer):
    """A part that cannot be known, and why."""

    problem: str


class SyncFact(_Answer):
    unit: str = "broker-sync.service"
    invocation: str = "0123456789abcdef" * 2
    began: Instant | None = "2026-11-30T11:58:00+00:00"
    ended: Instant = "2026-11-30T12:00:00+00:00"
    outcome: Literal["fine", "rejects", "partly", "failed"] = "fine"
    reason: str = "exit code 0"
    result: str = "success"
    exit_code: int | None = 0
    signal: str | None = None
    generation: str | None = None


class RunningSyncFact(_Answer):
    unit: str = "broker-sync.service"
    invocation: str = "0123456789abcdef" * 2
    began: Instant = "2026-11-30T11:58:00+00:00"


class SyncsFact(_Answer):
    last: SyncFact | None = None
    failures: int = 0
    failing_since: Instant | None = None
    running_since: Instant | None = None
    next: Instant | None = None
    problems: list[str] = []
    failed: bool = False
    running: list[RunningSyncFact] = []
    ended: list[SyncFact] = []


class UnitFact(_Answer):
    unit: str
    load: str = "loaded"
    active: str = "active"
    sub: str = "running"
    result: str = "success"
    enabled: str = "enabled"


class DiskFact(_Answer):
    path: str = "/"
    bytes: int = 10**12
    bytes_free: int = 5 * 10**11
    files_free: int | None = None


class CertificateFact(_Answer):
    path: str
    since: Instant = "2019-01-01T00:00:00+00:00"
    until: Instant


class ProofFact(_Answer):
    """Of a proof that has ended."""

    at: Instant = "2026-11-30T12:00:00+00:00"
    generation: str | None = None
    analysts: int = 3
    checks: int = 12
    unexpected: int = 0
    seconds: float = 1.5
    tried: dict[str, int] = {}
    problem: None = None
    state: Literal["proved", "unexpected", "pending", "overdue"] = "proved"
    stopped: list[str] = []
    failed: bool = False


class NoProofFact(_Answer):
    """Of a host whose first proof has not ended, or whose last one cannot be read."""

    at: None
    generation: None = None
    checks: Literal[0] = 0
    unexpected: None = None
    problem: str | None = None
    state: Literal["pending", "overdue", "proved", "unreadable"] = "pending"
    stopped: list[str] = []
    failed: bool = False


Found = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]  # none: it is not known what waits


class HeldRowsFact(_Answer):
    id: str
    table: str
    access: str
    what: Literal["deletion", "columns"] = "deletion"
    found: Found
    rows: int | None
    words: str
    approved: bool = False


class HeldReadersFact(_Answer):
    id: str
    table: str
    access: str
    what: Literal["readers"]
    found: Digest
    words: str
    approved: bool = False


class MoreReadersFact(_Answer):
    id: str
    table: str
    what: Literal["readers"] = "readers"
    found: Digest
    words: str
    approved: bool = False


class GenerationFact(_Answer):
    generation: str
    current: bool
    error: None = None
    created_at: Instant = "2026-11-29T12:00:00+00:00"
    tables: int = 3
    rows: int = 9
    bytes: int = 99
    good: bool = True


class DamagedGenerationFact(_Answer):
    """Its manifest cannot be read."""

    generation: str
    current: bool
    error: str


class ActorFact(_Answer):
    uid: int = 0
    name: str = "root"
    via: str = "socket"
    login: str | None = None
    claims: dict[str, str] | None = None

    @model_serializer(mode="wrap")
    def _without_empty(self, handler: Any) -> dict[str, Any]:
        return {name: one for name, one in handler(self).items() if one not in (None, {})}


class EventFact(_Answer):
    time: Instant = "2026-11-30T12:00:00.000000Z"
    action: str
    subject: str | None = None
    result: Literal["begun", "done", "refused", "failed"] = "done"
    act: str | None = None
    actor: ActorFact = ActorFact()
    detail: dict[str, Any] | None = None

    @model_serializer(mode="wrap")
    def _without_empty(self, handler: Any) -> dict[str, Any]:
        return {name: one for name, one in handler(self).items() if one not in (None, {})}


class AuditAnswer(_Answer):
    events: list[EventFact] = []
    matches: int = 0
    garbled: int = 0
    pending: int = 0


class JournalLineFact(_Answer):
    at: Instant = "2026-11-30T12:00:00+00:00"
    level: Literal["info", "warning", "error"] = "info"
    text: str
    is_systemd: bool = False


class LogAnswer(_Answer):
    lines: list[JournalLineFact] = []
    hidden: int = 0
    is_cut: bool = False


class RunAnswer(_Answer):
    started: bool


class ApproveAnswer(_Answer):
    approved: str


class RollbackAnswer(_Answer):
    current: str


FACTS: dict[str, TypeAdapter[Any]] = {
    "syncs": TypeAdapter(SyncsFact | UnknownFact | None),
    "units": TypeAdapter(list[UnitFact] | UnknownFact),
    "disks": TypeAdapter(list[DiskFact] | UnknownFact),
    "certificates": TypeAdapter(list[CertificateFact] | UnknownFact),
    "proof": TypeAdapter(ProofFact | NoProofFact | UnknownFact | None),
    "held": TypeAdapter(list[HeldRowsFact | HeldReadersFact] | UnknownFact),
    "generations": TypeAdapter(list[GenerationFact | DamagedGenerationFact] | UnknownFact),
    "more_readers": TypeAdapter(list[MoreReadersFact] | UnknownFact),
}
ANSWERS: dict[str, TypeAdapter[Any]] = {
    "run": TypeAdapter(RunAnswer),
    "approve": TypeAdapter(ApproveAnswer),
    "rollback": TypeAdapter(RollbackAnswer),
    "audit": TypeAdapter(AuditAnswer),
    "log": TypeAdapter(LogAnswer),
}
WHEN_ALL_IS_WELL: dict[str, Any] = {"syncs": {}, "proof": None, "audit": {}}
"""Of a host on which nothing has happened yet; other facts are lists, without a row then."""

assert FACTS.keys() == {*FACT_PARTS}
assert ANSWERS.keys() == PUBLISHING_VERBS.keys() - {"facts"}


def completed(part: str, given: Any) -> Any:
    """An answer with all fields that a host gives beside those; ``part`` is a fact or a verb.

    Raises ``ValidationError`` for what no host says.
    """
    adapter = FACTS.get(part) or ANSWERS[part]
    return adapter.dump_python(adapter.validate_python(given))


def when_all_is_well(part: str) -> Any:
    """What a host says of a part when all is well."""
    return completed(part, WHEN_ALL_IS_WELL.get(part, []))


def checked(part: str, answer: Any) -> Any:
    """An answer of the helper, in which no field is missing, and none is of another kind."""
    assert completed(part, answer) == answer, part
    return answer
