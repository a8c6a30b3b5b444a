"""The command line: words to calls. A verb is one module that gives a ``click`` command."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..errors import BrokerError
from ..foreign.text import shown
from .history.at import at
from .history.bisect import bisect
from .history.diff import diff
from .history.undo import undo
from .mcp.command import mcp
from .metrics.command import metric, metrics
from .query.command import sql
from .receipts.command import verify_receipt
from .schedule.command import schedule
from .screen import warn
from .sessions.command import sessions
from .status import status
from .syncing import sync
from .workspace import Workspace

__all__ = ["laptop", "main"]

_INTERRUPTED = 130


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


laptop.add_command(sync)
laptop.add_command(status)
laptop.add_command(undo)
laptop.add_command(diff)
laptop.add_command(at)
laptop.add_command(bisect)
laptop.add_command(mcp)
laptop.add_command(sql)
laptop.add_command(verify_receipt)
laptop.add_command(metrics)
laptop.add_command(metric)
laptop.add_command(schedule)
laptop.add_command(sessions)


def main() -> None:
    """Start the program; a failure is one line, and an exit code that is not 0."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = laptop(prog_name="bash server/scripts/broker.sh", standalone_mode=False)
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
