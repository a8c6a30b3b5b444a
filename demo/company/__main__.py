"""The command line of the generator."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from .generate import DEFAULT_TODAY, Company, generate


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 100))
@click.option(
    "--today",
    default=DEFAULT_TODAY.isoformat(),
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day before which the 24 months end.",
)
def main(out: Path, scale: float, today: datetime) -> None:
    """Write the demo company's CSV files and config folder."""
    for table in generate(out, Company(scale, today.date())):
        click.echo(f"{table.name:16} {table.rows:>9,} rows {table.bytes / 1e6:>8.1f} MB")


if __name__ == "__main__":
    main()
