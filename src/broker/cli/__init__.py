"""``broker …``: words to calls, nothing else."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from .. import __version__
from ..errors import BrokerError
from .terminal import say, say_document

__all__ = ["broker", "guarded", "main"]

# A command's module is imported when the command is used: `broker --help` and the short
# account commands should not wait for DuckDB and Arrow.
COMMANDS = {
    "analyst": ("accounts", "analyst", "Say who may log in and pull data."),
    "access": ("access", "access", "Prove who may read what, or explain one answer."),
    "approve": ("approve", "approve", "Let a table shrink by more than it usually may."),
    "audit": ("audit", "audit", "Show who changed what, and who pulled what."),
    "check": ("check", "check", "Try credentials, network and rights of every source."),
    "config": ("config", "config", "Check the config folder, or print its JSON Schema."),
    "diff": ("diff", "diff", "Compare two generations."),
    "discover": ("discover", "discover", "Draft the description of a source's tables."),
    "expose": ("generations", "expose", "Give access classes a view of the data."),
    "generations": ("generations", "generations", "List the generations that are kept."),
    "replay": ("replay", "replay", "Write a table's files anew from its change file."),
    "rollback": ("generations", "rollback", "Publish an older generation again."),
    "status": ("status", "status", "Tell what is published, how old, what went wrong."),
    "sync": ("sync", "sync", "Read every table and publish the next generation."),
    "verify": ("generations", "verify", "Hold a generation to its signed manifest."),
}


class LazyGroup(click.Group):
    """A group whose commands stand in modules of this package, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f".{module}", __name__), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each command, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][-1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="broker")
def broker() -> None:
    """Sync company tables, publish them as signed generations, look after who may read them."""


def guarded(command: click.Command, name: str) -> None:
    """Run a command as a program: a known error is one line on stderr and its own exit code."""
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


def main() -> None:
    """The program ``broker``."""
    guarded(broker, "broker")
