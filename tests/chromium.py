"""Fixtures of a browser and of what judges its pages.

Tests are skipped where there is none, and the run says so at its end; a browser that does not start
is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from rig.browser import BrowserMissingError, axe_script, browser
from tests.unseen import NO_BROWSER

__all__ = ["axe", "chromium"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        with browser() as started:
            yield started
    except BrowserMissingError as error:
        pytest.skip(f"{NO_BROWSER}{error}")


@pytest.fixture(scope="module")
def axe() -> str:
    try:
        return axe_script()
    except BrowserMissingError as error:
        pytest.skip(f"{NO_BROWSER}{error}")
