"""``python -m tests.integration.portal.pages``: a picture of every page of one's own and of admins.

Also of those that only an act makes, and of every form that is refused. In light and dark at the
width of a desk, and in light at that of a phone. Look at them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from playwright.sync_api import Browser, Page

from rig.browser import BrowserError, browser
from tests.integration.portal.look.__main__ import asked_for, pictures, pictures_of, with_options

from .acts import ACTS
from .gallery import PAGES, Stage, gallery, staged
from .refusals import REFUSALS

NEW = "/welcome?new"
REFUSED = {f"refused-{name}": refusal for name, refusal in REFUSALS.items()}


@with_options
def main(output: Path, only: tuple[str, ...]) -> None:
    """Make the pictures, and say where they are."""
    output.mkdir(parents=True, exist_ok=True)
    try:
        with browser() as started:
            with gallery() as origin:
                for page in asked_for(PAGES, only):
                    pictures(started, origin, page, output)
            for page in asked_for((NEW,), only):
                with gallery("cleo") as origin:
                    pictures(started, origin, page, output)
            for name in asked_for(ACTS, only):
                _of_stage(started, output, name, ACTS[name].person, ACTS[name].do)
            for name in asked_for(REFUSED, only):
                refusal = REFUSED[name]
                _of_stage(started, output, name, refusal.person, refusal.send)
    except BrowserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"screenshots are in {output}")


def _of_stage(
    started: Browser,
    output: Path,
    name: str,
    person: str | None,
    lead: Callable[[Page, Stage], None],
) -> None:
    """Where an act leads, which may be done once."""
    with staged(person) as stage:
        tab = started.new_page(reduced_motion="reduce")
        lead(tab, stage)
        pictures_of(tab, name, output)
        tab.close()


if __name__ == "__main__":
    main()
