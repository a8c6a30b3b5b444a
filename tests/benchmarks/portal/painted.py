"""When Chromium shows something of a page, and how many bytes came for it."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Page

from rig.browser import browser

__all__ = ["painted"]

_FIRST_PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0].startTime"""


def painted(origin: str, paths: Iterable[str], cookie: str) -> dict[str, dict[str, float]]:
    """By path: milliseconds to the first paint and kB before compression, in an empty browser.

    Raises ``BrowserError`` without a browser.
    """
    name, _, value = cookie.partition("=")
    found = {}
    with browser() as started:
        for path in paths:
            context = started.new_context(base_url=origin)
            context.add_cookies([{"name": name, "value": value, "url": origin}])
            found[path] = _measured(context.new_page(), path)
            context.close()
    return found


def _measured(page: Page, path: str) -> dict[str, float]:
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(path, wait_until="networkidle")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    return {
        "first_paint_ms": round(page.evaluate(_FIRST_PAINT)),
        "kb": round(sum(sizes) / 1000, 1),
    }
