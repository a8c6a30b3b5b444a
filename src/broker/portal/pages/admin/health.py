"""How the host is: units, disks, certificates, the last backup, and the proof of access."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import render_template

from ...acts.host import host_acts
from ...acts.machine import HostParts
from ...database.backup_note import MOST_AGE, BackupStanding
from ..acting import database
from .blueprint import admin

__all__: list[str] = []

_PARTS = ("units", "disks", "certificates", "proof")


@admin.get("/health")
def health() -> str:
    """All of it; what is not known says why."""
    now = datetime.now(UTC)
    path = database().path
    return render_template(
        "admin/health.html",
        host=HostParts.of(host_acts().publishing.facts(*_PARTS), now),
        backup=BackupStanding.of(path, now),
        most_days=MOST_AGE.days,
        state_bytes=sum(
            one.stat().st_size for one in path.parent.glob(f"{path.name}*") if one.is_file()
        ),
    )
