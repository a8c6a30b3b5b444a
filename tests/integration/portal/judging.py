"""Pages in a browser of a size, and what axe-core finds wrong with them in both themes."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page

__all__ = ["SIZES", "check_fits", "opened", "violations"]

SIZES = {"desk": (1280, 900), "phone": (390, 844)}


_CROSSED = """() => [...document.querySelectorAll("form .field, .note, .card, .card-body")]
  .filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.outerHTML.slice(0, 200))"""


def check_fits(page: Page) -> None:
    """The page is as wide as its window, and no box is lower than what stands in it."""
    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(_CROSSED) == []


def opened(chromium: Browser, address: str, size: str = "desk", **options: Any) -> Page:
    """A page with all that folds open."""
    width, height = SIZES[size]
    page = chromium.new_page(viewport={"width": width, "height": height}, **options)
    page.goto(address)
    for details in page.query_selector_all("details"):
        details.evaluate("one => { one.open = true }")
    return page


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds wrong in light and in dark, each with its rule and the first places."""
    page.evaluate(axe)
    return [*_of_theme(page, "light"), *_of_theme(page, "dark")]


def _of_theme(page: Page, theme: Any) -> list[str]:
    page.emulate_media(color_scheme=theme)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{theme}: {one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
