"""Options of the verbs that run a query."""

from __future__ import annotations

import click

from .limits import QueryLimits

__all__ = [
    "MIB",
    "characters_option",
    "memory_option",
    "parameters_option",
    "rows_option",
    "seconds_option",
]

MIB = 1024**2
_DEFAULT = QueryLimits()

rows_option = click.option(
    "--rows",
    type=click.IntRange(1),
    default=_DEFAULT.rows,
    show_default=True,
    help="Rows of the answer at most.",
)
characters_option = click.option(
    "--characters",
    type=click.IntRange(1),
    default=_DEFAULT.characters,
    show_default=True,
    help="Characters of the answer at most.",
)
seconds_option = click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    default=_DEFAULT.seconds,
    show_default=True,
    help="Time until the query is stopped.",
)
memory_option = click.option(
    "--memory",
    type=click.IntRange(64),
    default=_DEFAULT.memory_bytes // MIB,
    show_default=True,
    metavar="MIB",
    help="Memory for the query.",
)
parameters_option = click.option(
    "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="The value of $NAME."
)
