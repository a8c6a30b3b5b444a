"""The transcripts of a folder, brought to what ``user/sessions/`` should hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ...errors import BrokerError, LaptopError
from ...files import lock, write_atomic
from ...foreign.text import shown
from ..agents.transcripts import Transcript, transcripts
from ..workspace import Workspace
from .copy import copied
from .ledger import KeptSession, read_ledger, write_ledger
from .private import read_private

__all__ = ["collect", "forget", "kept_names", "sessions_lock"]

FOLDER = "sessions"
_WAIT_SECONDS = 60.0


@contextmanager
def sessions_lock(workspace: Workspace) -> Iterator[None]:
    """One at a time changes what is kept; raises ``LockedError``."""
    place = workspace.state / "sessions.lock"
    with lock(place, purpose="the transcripts of this folder", wait_seconds=_WAIT_SECONDS):
        yield


def collect(workspace: Workspace, environment: Mapping[str, str]) -> list[str]:
    """Copy what is new or has gone on, and nothing of a private session.

    Returns a sentence for each that could not be kept, and never raises for one of them: a sync
    does not depend on it. ``environment`` says where Claude Code keeps its files.
    """
    problems = []
    try:
        with sessions_lock(workspace):
            private = read_private(workspace)
            forget(workspace, private)
            ledger = read_ledger(workspace)
            for transcript in transcripts(workspace.root, environment):
                try:
                    _keep(workspace, transcript, ledger, private)
                except (LaptopError, OSError) as error:
                    problems.append(f"session {transcript.id} was not kept: {shown(error, 300)}")
    except (BrokerError, OSError) as error:
        problems.append(f"no session was kept: {shown(error, 500)}")
    return problems


def _keep(
    workspace: Workspace,
    transcript: Transcript,
    ledger: dict[str, KeptSession],
    private: frozenset[str],
) -> None:
    before = ledger.get(transcript.id)
    is_known = before and (before.size, before.changed) == (transcript.size, transcript.changed)
    if transcript.id in private or is_known:
        return
    made = copied(transcript)
    if made.ids & private:  # it goes on a private one, whose lines are in it
        return
    name = before.name if before else f"{made.day}_{transcript.id}.jsonl.gz"
    write_atomic(_folder(workspace) / name, made.content, mode=0o600)
    facts = (name, transcript.size, transcript.changed, sorted(made.ids))
    ledger[transcript.id] = KeptSession(*facts)
    write_ledger(workspace, ledger)


def _folder(workspace: Workspace) -> Path:
    place = workspace.user / FOLDER
    if place.is_symlink():
        raise LaptopError(
            "transcripts are kept in no folder that is a link",
            where=str(place),
            remedy="Move it away; the next sync makes one.",
        )
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def forget(workspace: Workspace, private: Collection[str]) -> None:
    """Remove the copies with lines of these sessions; raises ``OSError``.

    For who holds ``sessions_lock``.
    """
    ledger = read_ledger(workspace)
    gone = {one: kept for one, kept in ledger.items() if _is_of(one, kept, private)}
    if gone:
        for kept in gone.values():
            (_folder(workspace) / kept.name).unlink(missing_ok=True)
        write_ledger(workspace, {one: kept for one, kept in ledger.items() if one not in gone})


def kept_names(workspace: Workspace) -> frozenset[str]:
    """The copies that may leave this laptop, as paths below ``user/``.

    None while the list of private sessions cannot be read, since any of them may be one.
    """
    try:
        private = read_private(workspace)
    except LaptopError:
        return frozenset()
    ledger = read_ledger(workspace).items()
    return frozenset(f"{FOLDER}/{k.name}" for one, k in ledger if not _is_of(one, k, private))


def _is_of(session: str, kept: KeptSession, private: Collection[str]) -> bool:
    return bool({session, *kept.ids} & {*private})
