"""The command line: words to calls. A verb is one module that gives a ``click`` command."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..errors import BrokerError
from .screen import warn
from .workspace import Workspace

__all__ = ["laptop", "main"]


@click.group(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The folder of the data; the scripts in server/scripts/ know theirs.",
)
@click.pass_context
def laptop(context: click.Context, folder: Path) -> None:
    """Company data on this laptop: bring it up to date, ask it, see how old it is."""
    context.obj = Workspace.at(folder)


def main() -> None:
    """Start the program; a failure is one line, and an exit code that is not 0."""
    try:
        laptop(prog_name="broker.sh", standalone_mode=True)
    except BrokerError as error:
        warn(f"broker: {error}")
        sys.exit(error.exit_code)
