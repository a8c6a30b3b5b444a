"""``python -m rig.fakes.bigquery --port N``: serve until stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from .standin import StandIn


@click.command()
@click.option("--port", default=0, show_default=True, help="0 is a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--project", default="acme-data", show_default=True)
@click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the key."
)
def main(port: int, host: str, project: str, key: Path | None) -> None:
    """Be a project of BigQuery."""
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before threads, which inherit it
    with StandIn(name=project, host=host, port=port) as bigquery:
        click.echo(bigquery.url)
        click.echo(f"storage: {bigquery.storage_url}")
        if key is None:
            click.echo(f"key: {bigquery.key}")
        else:
            key.write_text(bigquery.key)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
