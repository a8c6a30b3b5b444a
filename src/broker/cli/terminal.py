"""The only way from a command to a terminal, a pipe or the journal.

Tables, columns, errors and file names come from sources, so they may hold whatever acts on a
terminal or reads as markup. Here everything is made safe to show, and in ``screen`` for Rich. What
would go another way (``click.echo``, ``print``, Rich's own console) is refused by the linter.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from ..foreign.text import readable_json, shown

__all__ = ["counted", "log_to_stderr", "say", "say_document", "say_json"]


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``: for nouns whose plural ends in s."""
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def say(*lines: object, err: bool = False) -> None:
    """Print each argument as one line, whatever stands in it."""
    for line in lines:
        click.echo(shown(line), err=err)


def say_json(value: Any, indent: int | None = None) -> None:
    """Print the value for a program."""
    click.echo(readable_json(value, indent))


def say_document(text: str, *, err: bool = False) -> None:
    """Print a text of several lines, such as a draft, or all mistakes of a file."""
    say(*text.removesuffix("\n").split("\n"), err=err)


class _OneLine(logging.Formatter):
    """A line of a log is one line; a traceback has its own, each made safe."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Logging's hook for the line itself."""
        return shown(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Logging's hook for what follows an error."""
        return "\n".join(map(shown, super().formatException(ei).split("\n")))


def log_to_stderr() -> None:
    """Send the lines where the journal, or a person, reads them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
