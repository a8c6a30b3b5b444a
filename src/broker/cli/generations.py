"""``broker generations|rollback|verify|expose``: what may happen to what is published."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import find_config_dir, load_instance
from ..errors import PublishError
from ..publish import Generation, Store
from ..publishing.published import generation_facts
from .options import as_json, config_dir, data_dir
from .store import open_store
from .terminal import counted, say, say_json

__all__ = ["expose", "generations", "rollback", "verify"]


def _store(config_option: Path | None, data: Path) -> Store:
    return open_store(load_instance(find_config_dir(config_option), secrets=False), data)


@click.command()
@config_dir
@data_dir
@as_json
def generations(config_option: Path | None, data: Path, as_json: bool) -> None:
    """List the generations that are kept.

    Oldest first.
    """
    store = _store(config_option, data)
    current = store.current()
    rows = [
        generation_facts(one, current is not None and one.id == current.id)
        for one in store.generations()
    ]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        mark = "*" if row["current"] else " "
        if row["error"]:
            say(f"{mark} {row['generation']}  {row['error']}")
            continue
        fine = "" if row["good"] else "  (some tables were not brought up to date)"
        say(
            f"{mark} {row['generation']}  {row['tables']} tables  {row['rows']:,} rows  "
            f"{row['bytes'] / 1e6:,.1f} MB{fine}"
        )


@click.command()
@config_dir
@data_dir
@click.argument("generation", required=False)
def rollback(config_option: Path | None, data: Path, generation: str | None) -> None:
    """Publish an older generation again.

    Without the name of a GENERATION, the one before the current. One in which more people could
    read a table than now is refused until `broker approve TABLE --generation GENERATION`.
    """
    store = _store(config_option, data)
    doubt = _doubt(store.current())
    target = store.rollback(generation)
    say(f"{target.id} is published again")
    if doubt:
        say(f"warning: {doubt}", err=True)


def _doubt(current: Generation | None) -> str | None:
    """What cannot be compared with the readers of now."""
    try:
        _ = current and current.memory
    except PublishError as error:
        return f"who could read which table is known only in part: {error}"
    return None


@click.command()
@config_dir
@data_dir
@click.option("--all", "every", is_flag=True, help="Every generation, not just the current one.")
@click.argument("generation", required=False)
@as_json
def verify(
    config_option: Path | None, data: Path, generation: str | None, every: bool, as_json: bool
) -> int:
    """Compare a generation with its signed manifest.

    Every file is hashed again, and its rights and the signatures are checked. Ends with 1 if
    anything is not as it was published.
    """
    store = _store(config_option, data)
    chosen = [one.id for one in store.generations()] if every else [generation]
    defects = [
        {"generation": store.generation(one).id, "path": found.path, "problem": found.problem}
        for one in chosen
        for found in store.verify(one)
    ]
    if as_json:
        say_json(defects)
    else:
        for found in defects:
            say(f"{found['generation']}/{found['path']} {found['problem']}")
        result = counted(len(defects), "defect") if defects else "no defects"
        say(f"{counted(len(chosen), 'generation')} verified, {result}", err=bool(defects))
    return 1 if defects else 0


@click.command()
@config_dir
@data_dir
@click.argument("audiences", nargs=-1, required=True)
def expose(config_option: Path | None, data: Path, audiences: tuple[str, ...]) -> None:
    """Give access classes a view of the data.

    Each of AUDIENCES is access classes joined by commas, such as finance,hr.
    """
    store = _store(config_option, data)
    wanted = [audience.split(",") for audience in audiences]
    unknown = {name for group in wanted for name in group} - set(store.rights.groups or {})
    if unknown and store.rights.groups is not None:
        raise PublishError(
            "no such access class",
            expected=", ".join(sorted(store.rights.groups)),
            found=", ".join(sorted(unknown)),
        )
    built = store.expose(wanted)
    say(f"{len(built)} view(s) built" if built else "every view stands already")
