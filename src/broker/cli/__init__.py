"""``broker …``: words to calls, nothing else."""

from __future__ import annotations

import ast
import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path

import click

from .. import __version__
from ..errors import BrokerError, ConfigError
from ..foreign.text import shown
from ..hostpaths import DEPLOYED
from .terminal import say, say_document

__all__ = ["broker", "guarded", "main"]

# A command's module is imported when the command is used: `broker --help` and the short
# account commands should not wait for DuckDB and Arrow. Its docstring says what it does.
COMMANDS = {
    "analyst": ("accounts", "analyst"),
    "access": ("access", "access"),
    "approve": ("approve", "approve"),
    "audit": ("audit", "audit"),
    "check": ("check", "check"),
    "config": ("config", "config"),
    "diff": ("diff", "diff"),
    "discover": ("discover", "discover"),
    "expose": ("generations", "expose"),
    "generations": ("generations", "generations"),
    "operator": ("operators", "operator"),
    "portal": ("portal", "portal"),
    "profile": ("profile", "profile"),
    "rejects": ("rejects", "rejects"),
    "replay": ("replay", "replay"),
    "rollback": ("generations", "rollback"),
    "runs": ("runs", "runs"),
    "status": ("status", "status"),
    "sync": ("sync", "sync"),
    "verify": ("generations", "verify"),
}


def summary(name: str) -> str:
    """The first line of a command's docstring, read in its file without importing it."""
    module, attribute = COMMANDS[name]
    spec = find_spec(f".{module}", __name__)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    for node in ast.parse(Path(spec.origin).read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    raise AttributeError(f"{module}.{attribute}")


class LazyGroup(click.Group):
    """A group whose commands stand in modules of this package, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        try:
            command: click.Command = getattr(import_module(f".{module}", __name__), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
                raise
            raise ConfigError(
                f"broker {cmd_name} needs a package that is not installed here",
                found=error.name,
                remedy="Install what the release lists for this part, such as data-broker[portal].",
            ) from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each command, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(name)) for name in self.list_commands(ctx)])


def deployed(path: Path = DEPLOYED) -> str:
    """Which commit and release a deploy brought to this host, as it noted; empty without a note."""
    try:
        note = json.loads(path.read_text())
        parts = [f"{name} {shown(note[name])}" for name in ("commit", "release") if note[name]]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f" ({', '.join(parts)})" if parts else ""


def _say_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        say(f"broker {__version__}{deployed()}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version, and what was deployed to this host.",
)
def broker() -> None:
    """Sync company tables, publish them as signed generations, manage who may read them."""


def guarded(command: click.Command, name: str) -> None:
    """Run a command as a program: a known error is one line on stderr and its own exit code.

    Characters that a stream cannot encode are written as an escape, such as ``\\u2026``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except BrokerError as error:
        say_document(f"{name}: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say(f"{name}: interrupted; what was published before still stands", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def words_in_credential(folder: Path) -> list[str]:
    """The command's words, from a credential: a unit's command line is visible to every account.

    ``/usr/local/bin/broker`` writes them with a zero byte after each.
    """
    return os.fsdecode((folder / "broker.words").read_bytes()).split("\0")[:-1]


def main() -> None:
    """The program ``broker``."""
    if sys.argv[1:] == ["--words-in-credential"]:
        sys.argv[1:] = words_in_credential(Path(os.environ["CREDENTIALS_DIRECTORY"]))
    guarded(broker, "broker")
