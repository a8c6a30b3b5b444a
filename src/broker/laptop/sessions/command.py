"""``sessions list|private``: what is kept of the sessions of Claude Code in this folder."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import click

from ...errors import LaptopError, nearest
from ..agents.transcripts import Transcript, transcripts
from ..choice import read_choice
from ..screen import say
from ..workspace import Workspace
from .collect import FOLDER, forget, sessions_lock
from .ledger import KeptSession, read_ledger
from .private import add_private, read_private

__all__ = ["sessions"]

_HEADS = {
    "none": 'transcripts of agents are not kept here: broker.toml has no sessions = "mine"',
    "mine": "transcripts of agents are kept in user/sessions/, and stay on this laptop",
    "broker": "transcripts of agents are kept in user/sessions/, and sent by sync --push",
}


@click.group()
def sessions() -> None:
    """See which sessions of Claude Code in this folder are kept, and make one private."""


@sessions.command("list")
@click.pass_obj
def list_sessions(workspace: Workspace) -> None:
    """Show each session that is here or was kept: when it changed, its id, and its state."""
    here = {one.id: one for one in transcripts(workspace.root, os.environ)}
    ledger, private = read_ledger(workspace), read_private(workspace)
    say(_HEADS[read_choice(workspace.choice).sessions])
    for session in (*(ledger.keys() - here.keys()), *here):
        state = _state(here.get(session), ledger.get(session))
        say(f"  {session}  {'private' if session in private else state}")


def _state(transcript: Transcript | None, kept: KeptSession | None) -> str:
    name = f"kept as user/{FOLDER}/{kept.name}" if kept else "not kept"
    if transcript is None:
        return name
    changed = datetime.fromtimestamp(transcript.changed / 1e9, UTC)
    has_gone_on = kept and (kept.size, kept.changed) != (transcript.size, transcript.changed)
    later = ", and has gone on since" if has_gone_on else ""
    return f"{name}{later}, changed {changed:%Y-%m-%d %H:%M} UTC"


@sessions.command("private")
@click.argument("session", metavar="ID|last")
@click.pass_obj
def make_private(workspace: Workspace, session: str) -> None:
    """Never keep this session, and remove the copy of it; a person types this on a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LaptopError(
            "only a person makes a session private",
            expected="a terminal on which this is typed",
            remedy="Open one in this folder, and type it there.",
        )
    here = [one.id for one in transcripts(workspace.root, os.environ)]
    with sessions_lock(workspace):
        known = {*here, *read_ledger(workspace)}
        chosen = here[-1] if session == "last" and here else session
        if chosen not in known:
            near = nearest(chosen, known)
            raise LaptopError(
                "there is no such session in this folder",
                found=chosen,
                remedy=f"Did you mean {near}?" if near else "See: sessions list",
            )
        add_private(workspace, chosen)
        forget(workspace, {chosen})
    say(f"session {chosen} is private: it is never kept, and no copy of it is here")
    if read_choice(workspace.choice).sessions == "broker":
        say("what a push has sent of it is still on the broker: its operator can remove that")
