"""The command line: words to calls. A verb is one module that gives a ``click`` command."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from ..errors import BrokerError
from ..foreign.text import shown
from .screen import warn
from .starting import QUERY
from .workspace import Workspace

__all__ = ["laptop", "main"]

_INTERRUPTED = 130
_OTHERS = 0o022  # may not write what stands in the folder, whatever the person's umask
# The module of a verb is imported when it is used: a sync does not wait for those that ask.
_VERBS = {
    "sync": "syncing",
    "status": "status",
    "undo": "history.undo",
    "diff": "history.diff",
    "at": "history.at",
    "bisect": "history.bisect",
    "mcp": "mcp.command",
    "sql": "query.command",
    "verify-receipt": "receipts.command",
    "metrics": "metrics.command",
    "metric": "metrics.command",
    "login": "login.command",
    "schedule": "schedule.command",
    "sessions": "sessions.command",
}


class _Verbs(click.Group):
    """A group of commands, each in a module of this room."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _VERBS:
            return None
        module = import_module(f".{_VERBS[cmd_name]}", __package__)
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(
    cls=_Verbs, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
)
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
    os.umask(os.umask(_OTHERS) | _OTHERS)
    sys.exit(_run())


def _run() -> int:
    try:
        code = laptop(prog_name=QUERY, standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokerError as error:
        warn(f"broker: {error}")
        return error.exit_code
    except OSError as error:
        warn(f"broker: {_words(error)}")
        return 1
    return code if isinstance(code, int) else 0


def _words(error: OSError) -> str:
    place = f" ({shown(error.filename, 300)})" if error.filename else ""
    return f"this laptop refused: {error.strerror or error}{place}. What you had is untouched."
