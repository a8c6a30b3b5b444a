"""How the host is: units, disks, certificates, and the proof of access."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import render_template

from ...acts.facts import moment_of
from ...acts.host import host_acts
from ...acts.publishing import problem_of, rows_of
from ..acting import database
from .blueprint import admin

__all__: list[str] = []

_PARTS = ("units", "disks", "certificates", "proof")


@admin.get("/health")
def health() -> str:
    """All of it; what is not known says why."""
    facts = host_acts().publishing.facts(*_PARTS)
    proof = facts["proof"] if not problem_of(facts["proof"]) else None
    path = database().path
    return render_template(
        "admin/health.html",
        problems=[*dict.fromkeys(filter(None, map(problem_of, facts.values())))],
        units=[one for one in rows_of(facts["units"]) if one.get("load") == "loaded"],
        disks=[*rows_of(facts["disks"])],
        certificates=[
            {**one, "until": moment_of(one.get("until"))} for one in rows_of(facts["certificates"])
        ],
        proof=proof,
        proof_at=moment_of((proof or {}).get("at")),
        state_bytes=sum(
            one.stat().st_size for one in path.parent.glob(f"{path.name}*") if one.is_file()
        ),
        moment_now=datetime.now(UTC),
    )
