"""Syncs, for admins: how they ended, and one now."""

from __future__ import annotations

from flask import current_app

from ...catalog.reader import current_generation
from ...errors import CatalogError
from ..acts.facts import moment_of
from ..acts.host import host_acts
from ..acts.publishing import problem_of
from ..events import noted_act
from .caller import api_viewer, database
from .models import SyncRun, SyncStarted, SyncStatus

__all__ = ["start_sync", "sync_status"]


def sync_status() -> SyncStatus:
    """How syncs ended, the newest first; ``problem`` where the host does not say."""
    found = host_acts().publishing.facts("syncs")["syncs"]
    problem = problem_of(found)
    runs = () if problem or not found else found["ended"]
    try:
        generation = current_generation(current_app.extensions["portal"].store)
    except CatalogError:
        generation = None
    return SyncStatus(
        generation=generation,
        problem=problem,
        runs=[
            SyncRun(
                began_at=moment_of(one["began"]),
                ended_at=moment_of(one["ended"]),
                outcome=str(one["outcome"]),
                reason=str(one["reason"]),
                generation=one["generation"],
            )
            for one in sorted(runs, key=lambda one: str(one["ended"]), reverse=True)
        ],
    )


def start_sync() -> SyncStarted:
    """Start one, unless one is on its way."""
    viewer = api_viewer()
    with noted_act(database(), viewer.person_id, "sync.run") as end:
        started = host_acts().publishing.run(viewer.email)
        end.result = "done" if started else "running"
    return SyncStarted(started=started)
