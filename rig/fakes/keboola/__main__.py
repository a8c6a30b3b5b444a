"""``python -m rig.fakes.keboola --port N``: serve until stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from ..stores import STORES
from .standin import StandIn


@click.command()
@click.option("--port", default=0, show_default=True, help="0 is a free one.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind, and for clients to use.",
)
@click.option("--store", type=click.Choice(sorted(STORES)), default="http", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="For its data.")
def main(port: int, host: str, store: str, folder: Path | None) -> None:
    """Be a Keboola project."""
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before threads, which inherit it
    with StandIn(store=store, host=host, port=port, folder=folder) as keboola:
        click.echo(keboola.url)
        click.echo(f"token: {keboola.token}")
        for name, value in keboola.store.settings.items():
            click.echo(f"{name}={value}")
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
