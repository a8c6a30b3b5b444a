"""``python -m tests.integration.portal.look``: a picture of every page into a folder.

In light and dark at the width of a desk, and in light at that of a phone. Look at them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask
from playwright.sync_api import Browser

from broker.config import Instance
from rig.browser import BrowserError, browser
from tests.unit.portal.browsing import portal_over, signed_in_app

from ..judging import SIZES
from .gallery import NOW, write_gallery
from .serving import served

PAGES = (
    "/catalog",
    "/catalog/folder/shop",
    "/catalog/table/shop/orders",
    "/catalog/table/finance/invoices",
    "/catalog/table/people/employees",
    "/catalog/column/shop/orders?name=total",
    "/catalog/column/shop/orders?name=day",
    "/catalog/column/shop/orders?name=status",
    "/catalog/metrics",
    "/catalog/metrics/monthly_revenue",
    "/catalog/metrics/orders_by_status",
    "/search?q=order",
    "/search?q=nothing+of+it",
    "/catalog/table/no/such",
)
FOR_ANYONE = ("/sign-in", "/sign-in/email/sent", "/sign-in/link/x")


def for_anyone(folder: Path) -> Callable[[str], Flask]:
    """The same without anyone signed in, and with two doors to do so."""
    instance = Instance.model_validate(
        {
            "instance": {"name": "Acme data", "subtitle": "Numbers of the house"},
            "auth": {
                "allowed_domain": "example.com",
                "magic_link": {"enabled": True, "allowed": ["eva@example.org"]},
            },
        }
    )
    return lambda origin: portal_over(folder, now=NOW, origin=origin, instance=instance)


def of_gallery(folder: Path) -> Callable[[str], Flask]:
    """Makes the app over ``folder/store`` at an address."""
    return lambda origin: signed_in_app(folder, now=NOW, origin=origin)


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path(".cache/screenshots"))
@click.option("--only", default="", help="A part of the pages' addresses.")
def main(output: Path, only: str) -> None:
    """Make the pictures, and say where they are."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_gallery(Path(folder) / "store")
        try:
            with served(of_gallery(Path(folder))) as origin, browser() as started:
                for page in (one for one in PAGES if only in one):
                    pictures(started, origin, page, output)
            with served(for_anyone(Path(folder))) as origin, browser() as started:
                for page in (one for one in FOR_ANYONE if only in one):
                    pictures(started, origin, page, output)
        except BrowserError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"screenshots are in {output}")


def pictures(started: Browser, origin: str, page: str, output: Path) -> None:
    """Of one page."""
    name = re.sub(r"[^a-z0-9]+", "-", page.lower()).strip("-")
    for size, theme in (("desk", "light"), ("desk", "dark"), ("phone", "light")):
        width, height = SIZES[size]
        tab = started.new_page(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        tab.goto(origin + page)
        tab.screenshot(path=output / f"{name}-{size}-{theme}.png", full_page=True)
        tab.close()


if __name__ == "__main__":
    main()
