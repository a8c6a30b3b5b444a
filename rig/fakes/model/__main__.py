"""``python -m rig.fakes.model --script steps.json``: play a script until stopped."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click

from .script import ScriptError, Step
from .standin import StandIn


@click.command()
@click.option("--port", default=0, show_default=True, help="0 is a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--script",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON list of steps: a tool with its input, or a text.",
)
def main(port: int, host: str, script: Path) -> None:
    """Be a model that says what a script says; give the address to an agent as its base URL."""
    try:
        steps = [Step.of(plain) for plain in json.loads(script.read_bytes())]
    except (ValueError, TypeError, ScriptError) as error:
        raise click.ClickException(f"{script}: {error}") from error
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before threads, which inherit it
    with StandIn(steps, host=host, port=port) as model:
        click.echo(model.url)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
