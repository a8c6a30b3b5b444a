"""The only way from this program to a person: a broker's words never act on a terminal."""

from __future__ import annotations

from typing import Any

import click

from ..foreign.text import readable_json, shown

__all__ = ["say", "say_json", "warn"]


def say(*lines: object) -> None:
    """Print each argument as one line."""
    for line in lines:
        click.echo(shown(line))


def warn(*lines: object) -> None:
    """The same where a pipe does not take it for an answer."""
    for line in lines:
        click.echo(shown(line), err=True)


def say_json(value: Any) -> None:
    """Print the value for a program."""
    click.echo(readable_json(value))
