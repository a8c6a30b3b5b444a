"""``python -m demo up|portal|info|down``: the whole story in one command."""

from __future__ import annotations

import json
import shutil
import sys
import time
from types import ModuleType

import click
from rich.console import Console
from rich.markup import escape

from broker.errors import BrokerError
from rig.hosts import HostError, can_boot, destroy
from rig.hosts.lifecycle import at

from . import keboola, local, provider, questions, remote
from .board import Board
from .commands import Commands, DemoError
from .places import LOGS, SOURCE, STATE

__all__ = ["main"]


@click.group()
def main() -> None:
    """A whole data broker on this machine: company, broker, analyst's laptop, answers."""


@main.command()
@click.option(
    "--mode",
    type=click.Choice(["auto", "hosts", "local"]),
    default="auto",
    show_default=True,
    help="With booted hosts, or without; auto takes hosts where they can be booted.",
)
@click.option(
    "--source",
    type=click.Choice(["csv", "keboola"]),
    default="csv",
    show_default=True,
    help="Where the company's tables come from: files, or a Keboola project made for the purpose.",
)
def up(mode: str, source: str) -> None:
    """Tell the whole story; what already stands is used again."""
    console = Console()
    _keep_to(source)
    reason = None if mode == "local" else can_boot()
    if reason and mode == "hosts":
        raise click.ClickException(f"no host can be booted here: {reason}")
    if reason:
        console.print(f"No host can be booted here ({reason}): the same steps without hosts.")
    _run(console, local if reason or mode == "local" else remote, source)


def _keep_to(source: str) -> None:
    """A demo has one source from beginning to end."""
    stands = SOURCE.read_text() if SOURCE.is_file() else source
    if stands != source:
        raise click.ClickException(
            f"a demo with SOURCE={stands} stands here. Type `make demo-down` first."
        )
    SOURCE.parent.mkdir(parents=True, exist_ok=True)
    SOURCE.write_text(source)


def _run(console: Console, story: ModuleType, source: str) -> None:
    began, commands = time.monotonic(), Commands()
    shutil.rmtree(LOGS, ignore_errors=True)
    try:
        with Board(console) as board:
            answers = story.tell(board, commands, source)
        steps = story.next_steps()
    except (DemoError, HostError, BrokerError) as error:
        _fail(error)
    except KeyboardInterrupt:
        commands.stop()
        click.echo(
            "\nStopped. What stands is kept: `make demo` goes on from here, "
            "`make demo-down` ends it.",
            err=True,
        )
        sys.exit(130)
    questions.show(answers, console)
    console.print(f"\nAll that took {time.monotonic() - began:.0f} s. What to type next:\n")
    _print_next(console, steps)


def _print_next(console: Console, steps: list[tuple[str, str]]) -> None:
    for command, purpose in steps:
        console.print(f"  {escape(purpose)}:", highlight=False)
        console.print(f"    [bold]{escape(command)}[/]", highlight=False, soft_wrap=True)


def _fail(error: Exception) -> None:
    log = getattr(error, "log", None)
    first, *more = str(error).splitlines() or ["it failed without a word"]
    if more:
        log = LOGS / "error.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{error}\n", encoding="utf-8")
    click.echo(f"\ndemo: {first}", err=True)
    if log:
        click.echo(f"demo: the whole story is in {log}", err=True)
    sys.exit(1)


@main.command()
@click.option("--port", default=8080, show_default=True, help="Where it listens, on loopback.")
def portal(port: int) -> None:
    """Serve the portal over the company's data on this machine alone, until Ctrl-C."""
    from .portal import serve_portal  # noqa: PLC0415  the rest of the demo needs no web server

    try:
        code = serve_portal(Board(Console()), Commands(), port)
    except (DemoError, BrokerError) as error:
        _fail(error)
    sys.exit(code)


@main.command()
def info() -> None:
    """Print, as JSON, what a person or a script needs to look at the demo that stands."""
    facts = remote.describe() or local.describe()
    if not facts:
        raise click.ClickException("no demo stands here. Type `make demo`.")
    click.echo(json.dumps(facts, indent=2))


@main.command()
def down() -> None:
    """End the hosts and remove what the demo made; without a demo, this does nothing."""
    if not can_boot():
        destroy(at(remote.RUN))
    remote.end()
    keboola.end()
    provider.end()
    shutil.rmtree(STATE, ignore_errors=True)
    click.echo("The demo is gone.")


if __name__ == "__main__":
    main()
