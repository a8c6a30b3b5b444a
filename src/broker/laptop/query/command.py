"""``sql``: a question to the data, guarded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from ...errors import LaptopError
from ..receipts.make import make_receipt, repeatable, write_receipt
from ..screen import say, say_data, say_json, warn
from ..workspace import Workspace
from .answer import QueryAnswer
from .ask import GuardedData
from .limits import QueryLimits
from .options import (
    MIB,
    characters_option,
    memory_option,
    parameters_option,
    rows_option,
    seconds_option,
)
from .render import as_csv, as_json, as_table, provenance

__all__ = ["CUT", "limits_of", "show_answer", "sql", "values_of"]

CUT = 4  # exit code: the answer is not whole


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@click.option("--file", type=click.File("rb"), help="Read the SQL from a file.")
@parameters_option
@click.option("--json", "form", flag_value="json", help="Answer with JSON.")
@click.option("--csv", "form", flag_value="csv", help="Answer with CSV.")
@rows_option
@characters_option
@seconds_option
@memory_option
@click.option(
    "--receipt", "is_receipted", is_flag=True, help="Write a receipt into user/receipts/."
)
@click.pass_obj
def sql(
    workspace: Workspace,
    /,
    query: tuple[str, ...],
    file: BinaryIO | None,
    parameters: tuple[str, ...],
    form: str | None,
    is_receipted: bool,
    **limits: float,
) -> None:
    """Ask the data one SELECT, given as QUERY, by --file, or on standard input.

    SHOW TABLES, DESCRIBE TABLE and EXPLAIN work, too. Every answer says of which generation it
    is, and how old its tables are. An answer that is cut ends with exit code 4.
    """
    data = GuardedData.of(workspace, limits_of(**limits))
    data = repeatable(data) if is_receipted else data
    checked = data.check(_text(query, file), values_of(parameters))
    answer = data.ask(checked)
    receipt = None
    if is_receipted:
        receipt = write_receipt(make_receipt(data, checked, answer), workspace)
    show_answer(answer, form, receipt)


def limits_of(*, rows: float, characters: float, seconds: float, memory: float) -> QueryLimits:
    """The limits as the options give them."""
    return QueryLimits(
        rows=int(rows),
        characters=int(characters),
        seconds=seconds,
        memory_bytes=int(memory) * MIB,
    )


def _text(query: tuple[str, ...], file: BinaryIO | None) -> str:
    if file is not None and query:
        raise click.UsageError("Give the SQL as an argument or by --file, not both.")
    if len(query) > 1:
        raise click.UsageError(
            f"Expected the SQL as one argument, in quotes; found {len(query)} arguments."
        )
    if query:
        return query[0]
    if file is None and sys.stdin.isatty():
        raise click.UsageError("Give the SQL as an argument, by --file, or on standard input.")
    try:
        return (sys.stdin.buffer if file is None else file).read().decode()
    except UnicodeDecodeError as error:
        raise LaptopError("the SQL is not UTF-8", remedy="Save it as UTF-8.") from error


def values_of(parameters: Iterable[str]) -> dict[str, str]:
    """The values of the options ``--param``; raises ``click.UsageError``."""
    values = {}
    for one in parameters:
        name, separator, value = one.partition("=")
        if not (name and separator) or name in values:
            raise click.UsageError("Expected --param NAME=VALUE, once per name.")
        values[name] = value
    return values


def show_answer(answer: QueryAnswer, form: str | None, receipt: Path | None = None) -> None:
    """Show it as a table, as ``json`` or as ``csv``; one that is cut ends the program."""
    below = [*provenance(answer), *([f"receipt: {receipt}"] if receipt else [])]
    if form == "json":
        say_json(as_json(answer) | ({"receipt": str(receipt)} if receipt else {}))
    elif form == "csv":
        say_data(as_csv(answer))
        warn(*below)
    else:
        say(*as_table(answer), *below)
    if form != "csv" and answer.cut is not None:
        warn(f"broker: the answer was cut after {answer.cut}, and there are more rows")
    if answer.cut is not None:
        sys.exit(CUT)
