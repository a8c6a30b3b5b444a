"""``python -m tests.integration.portal.look``: a picture of every page into a folder.

In light and dark at the width of a desk, and in light at that of a phone. Look at them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import click
from flask import Flask
from playwright.sync_api import Browser, Page

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
LOOKS: tuple[tuple[str, Literal["light", "dark"]], ...] = (
    ("desk", "light"),
    ("desk", "dark"),
    ("phone", "light"),
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


def with_options(main: Callable[..., None]) -> click.Command:
    """The command of a program that makes pictures: where to, and of which pages."""
    folder = click.Path(path_type=Path)
    main = click.option("--output", type=folder, default=Path(".cache/screenshots"))(main)
    main = click.option("--only", multiple=True, help="A part of the pages' names.")(main)
    return click.command()(main)


def asked_for(names: Iterable[str], only: tuple[str, ...]) -> list[str]:
    """Those of the names that have one of these parts; without parts all of them."""
    return [name for name in names if not only or any(part in name for part in only)]


@with_options
def main(output: Path, only: tuple[str, ...]) -> None:
    """Make the pictures, and say where they are."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_gallery(Path(folder) / "store")
        try:
            with served(of_gallery(Path(folder))) as origin, browser() as started:
                for page in asked_for(PAGES, only):
                    pictures(started, origin, page, output)
            with served(for_anyone(Path(folder))) as origin, browser() as started:
                for page in asked_for(FOR_ANYONE, only):
                    pictures(started, origin, page, output)
        except BrowserError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"screenshots are in {output}")


def pictures(started: Browser, origin: str, page: str, output: Path) -> None:
    """Of the page at an address."""
    tab = started.new_page(reduced_motion="reduce")
    tab.goto(origin + page)
    pictures_of(tab, page, output)
    tab.close()


def pictures_of(tab: Page, name: str, output: Path) -> None:
    """Of what a browser shows."""
    for size, theme in LOOKS:
        width, height = SIZES[size]
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(color_scheme=theme)
        tab.screenshot(path=output / picture_name(name, size, theme), full_page=True)


def picture_name(name: str, size: str, theme: str) -> str:
    """The file of a page in one look."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "home"
    return f"{plain}-{size}-{theme}.png"


if __name__ == "__main__":
    main()
