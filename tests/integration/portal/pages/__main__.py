"""``python -m tests.integration.portal.pages``: a picture of every page of one's own and of admins.

In light and dark at the width of a desk, and in light at that of a phone. Look at them.
"""

from __future__ import annotations

from pathlib import Path

import click

from rig.browser import BrowserError, browser
from tests.integration.portal.look.__main__ import pictures

from .gallery import PAGES, gallery


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path(".cache/screenshots"))
@click.option("--only", default="", help="A part of the pages' addresses.")
def main(output: Path, only: str) -> None:
    """Make the pictures, and say where they are."""
    output.mkdir(parents=True, exist_ok=True)
    try:
        with browser() as started:
            with gallery() as origin:
                for page in (one for one in PAGES if only in one):
                    pictures(started, origin, page, output)
            with gallery("cleo") as origin:
                pictures(started, origin, "/welcome?new", output)
    except BrowserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"screenshots are in {output}")


if __name__ == "__main__":
    main()
