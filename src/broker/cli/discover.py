"""``broker discover``: a first description of the tables that a source has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError, SourceError
from ..files import write_atomic
from ..sources.draft import Revision, document, revise
from .drafting import Choice, DraftSet, drafts_of_files, drafts_of_source
from .options import as_json, config_dir
from .terminal import counted, say, say_document, say_json

__all__ = ["discover"]


@click.command()
@click.option(
    "--source",
    required=True,
    help="csv, with its PATH; else a source of instance.yaml, by its name or type.",
)
@click.argument("path", required=False)
@config_dir
@click.option("--bucket", "buckets", multiple=True, help="Only tables of this bucket.")
@click.option("--include", multiple=True, help="Only tables whose id fits a pattern like *.c-crm.*")
@click.option("--exclude", multiple=True, help="No tables whose id fits this pattern.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the draft to, instead of the screen. What it says already is kept.",
)
@as_json
@click.pass_context
def discover(  # noqa: PLR0913  each is an option
    context: click.Context,
    source: str,
    path: str | None,
    config_option: Path | None,
    buckets: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Draft the description of a source's tables.

    Types, keys, partitions. PATH is the folder (or the s3:// location) of a csv source, as
    data_source names it; any other source is opened as instance.yaml says.
    """
    choice = Choice(buckets, include, exclude)
    if source == "csv" and path is not None:
        found = drafts_of_files(path, choice)
    else:
        found = drafts_of_source(source, config_option, choice)
    if not found.drafts and not found.failures:
        expected = "at least one CSV file" if path else "a table that the credentials may read"
        raise ConfigError(
            "there is no table in this place", where=path or found.title, expected=expected
        )
    if out is not None:
        revision = _write(out, found, choice)
        facts = _facts(revision, found.failures)
        if as_json:
            say_json(facts)
        else:
            say_document(_summary(revision, out))
    elif as_json:
        tables = [one.described() for one in found.drafts]
        say_json({"tables": tables, "failed": found.failures})
    else:
        say_document(document(found.title, found.drafts))
    for name, failure in found.failures.items():
        say(f"{name} is left out: {failure}", err=True)
    context.exit(SourceError.exit_code if found.failures else 0)


def _write(out: Path, found: DraftSet, choice: Choice) -> Revision:
    """Write what is new; a file in which everything stands already is not touched."""
    try:
        before = out.read_text() if out.exists() else None
        text = before if before is not None else document(found.title, ())
        revision = revise(
            text, out, found.drafts, lambda name: choice(name) and name not in found.failures
        )
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


def _summary(revision: Revision, out: Path) -> str:
    lines = [f"{out}: {counted(len(revision.added), 'table')} added"]
    for name, difference in revision.differences.items():
        lines.append(f"\n{name} is kept as it is described, though the data look otherwise:")
        lines.append(difference)
    lines += [f"\n{name} is described, but not there" for name in revision.gone]
    return "\n".join(lines)
