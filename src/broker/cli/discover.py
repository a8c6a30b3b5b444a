"""``broker discover``: a first description of the tables that a source has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError, SourceError
from ..files import write_atomic
from ..sources.csv import CsvSource
from ..sources.csv.survey import survey
from ..sources.draft import Draft, Revision, document, revise
from .options import as_json

__all__ = ["discover"]


@click.command()
@click.option("--source", type=click.Choice(["csv"]), required=True, help="Kind of source.")
@click.argument("path")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the draft to, instead of the screen. What it says already is kept.",
)
@as_json
@click.pass_context
def discover(
    context: click.Context, source: str, path: str, out: Path | None, *, as_json: bool
) -> None:
    """Infer types, keys and partitions of the tables in PATH, and draft their description.

    PATH is the folder (or the s3:// location) that data_source names.
    """
    del source  # the choice has only one value so far
    drafts, failures = _drafts(CsvSource({"path": path}, Path()))
    if not drafts and not failures:
        raise ConfigError("no table lies there", where=path, expected="at least one CSV file")
    if out is not None:
        revision = _write(out, Path(path).name or path, drafts)
        click.echo(json.dumps(_facts(revision, failures)) if as_json else _said(revision, out))
    elif as_json:
        click.echo(json.dumps({"tables": [one.described() for one in drafts], "failed": failures}))
    else:
        click.echo(document(Path(path).name or path, drafts), nl=False)
    for name, failure in failures.items():
        click.echo(f"{name} is left out: {failure}", err=True)
    context.exit(SourceError.exit_code if failures else 0)


def _drafts(source: CsvSource) -> tuple[list[Draft], dict[str, str]]:
    drafts, failures = [], {}
    for request in source.requests():
        try:
            drafts.append(survey(source, request))
        except SourceError as error:
            failures[request.id] = str(error)
    return drafts, failures


def _write(out: Path, title: str, drafts: Iterable[Draft]) -> Revision:
    """Write what is new; a file in which everything stands already is not touched."""
    try:
        before = out.read_text() if out.exists() else None
        revision = revise(before if before is not None else document(title, ()), out, drafts)
        if revision.text != before:
            write_atomic(out, revision.text, mode=out.stat().st_mode & 0o777 if before else 0o644)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be written: {error}", where=str(out)) from error
    return revision


def _facts(revision: Revision, failures: Mapping[str, str]) -> dict[str, Any]:
    return {
        "added": revision.added,
        "differences": revision.differences,
        "gone": revision.gone,
        "failed": failures,
    }


def _said(revision: Revision, out: Path) -> str:
    lines = [f"{out}: {_counted(len(revision.added))} added"]
    for name, difference in revision.differences.items():
        lines.append(f"\n{name} is kept as it is described, though the data look otherwise:")
        lines.append(difference)
    lines += [f"\n{name} is described, but not there" for name in revision.gone]
    return "\n".join(lines)


def _counted(tables: int) -> str:
    return "1 table" if tables == 1 else f"{tables or 'no'} tables"
