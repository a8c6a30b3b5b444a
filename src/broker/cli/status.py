"""``broker status``: what is published, how old it is, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..access.proof_now import proof_now
from ..accounts.debian.usage import spaces
from ..accounts.records.paths import HostPaths
from ..config import find_config_dir, load_instance
from ..errors import BrokerError, PublishError
from ..manifest import TableEntry
from ..publish import Generation, deletion_of
from ..runs import host_syncs
from ..sync.held import widening_of
from ..sync.report import Exit
from .approve import example_keys
from .options import as_json, config_dir, data_dir
from .screen import Screen
from .store import open_store
from .terminal import say, say_json

__all__ = ["status"]

_HINTS = {
    "unexpected": ": `broker access prove` lists them",
    "overdue": ", and no proof has ended since: `journalctl -u broker-access-prove.service` tells",
}

# By how much the clocks of a host and of a reader may differ, and those of a source and a host.
_CLOCKS_DIFFER = timedelta(minutes=5)
_A_DAY = timedelta(days=1)


@click.command()
@config_dir
@data_dir
@as_json
def status(config_option: Path | None, data: Path, as_json: bool) -> int:
    """Show what is published, how old it is, and what went wrong.

    Ends with 0 if every table is as its source has it and as fresh as promised, 3 if rows were
    rejected, 1 if a table is not up to date, nothing was published, the last sync of this host
    failed, none will start by itself, or the proof of access is not good.
    """
    now, problem = datetime.now(UTC), None
    try:
        instance = load_instance(find_config_dir(config_option), secrets=False)
        generation = open_store(instance, data).current()
        facts = _facts(generation, data, now)
    except BrokerError as error:
        generation, problem = None, error
        facts = _facts(None, data, now) | {"exit_code": error.exit_code}
    current = generation.id if generation else None
    facts |= {"problem": problem and str(problem), "access": proof_now(current, data, now)}
    facts["sync"], sync_lines = _syncs()
    facts["space"] = spaces(HostPaths())
    if not problem and any(facts[part] and facts[part]["failed"] for part in ("access", "sync")):
        facts["exit_code"] = int(Exit.FAILED)
    if as_json:
        say_json(facts)
        return int(facts["exit_code"])
    if not problem:
        _print(facts, generation.manifest.tables if generation else ())
    say(*sync_lines)
    if facts["access"]:
        say(_access_line(facts["access"], facts["generation"]))
    if line := _space_line(facts["space"]):
        say(line)
    if problem:
        raise problem
    return int(facts["exit_code"])


def _syncs() -> tuple[dict[str, Any] | None, list[str]]:
    """How the syncs of this host stand, for programs and for people; None where it has none."""
    try:
        found = host_syncs()
    except BrokerError as error:
        return {"problems": [str(error)], "failed": True}, [f"Sync: {error}"]
    return (found.facts(), found.lines()) if found else (None, [])


def _facts(generation: Generation | None, data: Path, now: datetime) -> dict[str, Any]:
    if generation is None:
        exit_code = int(Exit.FAILED)
        nothing: dict[str, Any] = {"tables": [], "warnings": [], "exit_code": exit_code}
        return {"generation": None, "data": str(data), **nothing}
    manifest = generation.manifest
    tables = [_table(entry, generation, now) for entry in manifest.tables]
    return {
        "generation": generation.id,
        "created_at": manifest.created_at.isoformat(),
        "age_seconds": round((now - manifest.created_at).total_seconds()),
        "data": str(data),
        "path": str(generation.path),
        "tables": tables,
        "warnings": _warnings(generation),
        "exit_code": int(_exit(tables)),
    }


def _warnings(generation: Generation) -> list[str]:
    """What is of no single table: metrics that did not bind."""
    try:
        return list(generation.metrics.warnings)
    except PublishError as error:
        return [str(error)]


def _table(entry: TableEntry, generation: Generation, now: datetime) -> dict[str, Any]:
    root = generation.path
    age = (now - entry.as_of).total_seconds() if entry.as_of else None
    promised = entry.freshness_seconds
    return {
        "id": entry.id,
        "table": entry.path,
        "access": entry.access,
        "strategy": entry.strategy,
        "status": str(entry.status),
        "error": entry.error,
        **_deletion(generation, entry),
        "readers": _readers(generation, entry),
        "rows": entry.rows,
        "rejects": entry.rejects,
        "duplicates": entry.duplicates,
        "bytes": entry.bytes,
        "files": [str(root / file.path) for file in entry.files],
        "reject_file": str(root / entry.reject_file.path) if entry.reject_file else None,
        "as_of": entry.as_of.isoformat() if entry.as_of else None,
        "loaded_at": entry.loaded_at.isoformat() if entry.loaded_at else None,
        "age_seconds": None if age is None else round(age),
        "stale": promised is not None
        and (age is None or not -_A_DAY.total_seconds() <= age <= promised),
        "warnings": list(entry.warnings),
        "issues": [asdict(issue) for issue in entry.issues],
    }


def _deletion(generation: Generation, entry: TableEntry) -> dict[str, Any]:
    """Which rows a table that is held would lose: what an approval names, and some of the keys."""
    found = deletion_of(generation, entry)
    return {
        "deletion": found.digest or None if found else None,
        "lost_keys": [*found.keys] if found else [],
    }


def _readers(generation: Generation, entry: TableEntry) -> str | None:
    """Who could read a table before, and who could once it is approved."""
    widening = widening_of(generation, entry)
    return widening.words if widening else None


def _exit(tables: list[dict[str, Any]]) -> Exit:
    if any(table["error"] or table["stale"] for table in tables):
        return Exit.FAILED
    return Exit.REJECTS if any(table["rejects"] for table in tables) else Exit.FINE


def _access_line(proof: dict[str, Any], generation: str | None) -> str:
    if proof["problem"]:
        return f"Access: {proof['problem']}"
    pending = f"{generation} is not proved yet" if generation else "nothing is published"
    found = f"{pending}, and no other was before" if generation else f"{pending} to be proved"
    if proof["at"]:
        found = f"{proof['checks']:,} checks, {proof['unexpected']:,} unexpected, proved "
        found += f"{proof['at'][:16].replace('T', ' ')} UTC"
        if proof["generation"] != generation:
            found = f"{pending}; {proof['generation']}: {found}"
    found += _HINTS.get(proof["state"], "")
    if proof["stopped"]:
        names = " ".join(proof["stopped"])
        found += f"; not every proof starts by itself: `systemctl enable --now {names}` mends that"
    return f"Access: {found}"


def _space_line(space: dict[str, dict[str, int] | None] | None) -> str:
    """The sum, and the three largest."""
    known = {name: one["bytes"] for name, one in (space or {}).items() if one is not None}
    if not known:
        return ""
    most = sorted(known, key=lambda name: -known[name])[:3]
    shown = ", ".join(f"{name} {known[name] / 1e6:,.1f} MB" for name in most)
    return f"Space of {len(known):,} analysts: {sum(known.values()) / 1e6:,.1f} MB; most: {shown}"


def _published(facts: dict[str, Any]) -> str:
    age = timedelta(seconds=facts["age_seconds"])
    if age >= -_CLOCKS_DIFFER:
        return f"published {max(age, timedelta())} ago"
    when = f"{datetime.fromisoformat(facts['created_at']):%Y-%m-%d %H:%M} UTC"
    return f"published {when}, which is still to come: the clock was ahead, or it is behind now"


def _print(facts: dict[str, Any], entries: Sequence[TableEntry]) -> None:
    console = Screen(width_of_a_pipe=200)
    if facts["generation"] is None:
        say(f"Nothing is published in {facts['data']} yet. Run `broker sync`.")
        return
    say(f"Generation {facts['generation']}, {_published(facts)}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("table", "class", "status"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "rejects", "duplicates", "MB"):
        table.add_column(name, justify="right")
    table.add_column("as of (UTC)", no_wrap=True)
    for row in facts["tables"]:
        table.add_row(
            row["table"],
            row["access"],
            f"{row['status']}, stale" if row["stale"] else row["status"],
            f"{row['rows']:,}",
            f"{row['rejects']:,}",
            f"{row['duplicates']:,}",
            f"{row['bytes'] / 1e6:,.1f}",
            (row["as_of"] or "never")[:16].replace("T", " "),
        )
    console.print(table)
    for row, entry in zip(facts["tables"], entries, strict=True):
        for sentence in (entry.error, *entry.warnings, *entry.issues):
            if sentence:
                say(f"{row['table']}: {sentence}")
        if row["lost_keys"]:
            say(f"{row['table']}: {example_keys(row['lost_keys'])}")
        if row["readers"]:
            say(f"{row['table']}: {row['readers']}")
    say(*(f"warning: {warning}" for warning in facts["warnings"]))
