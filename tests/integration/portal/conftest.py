"""A browser and what judges its pages; tests are skipped with the reason where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from rig.browser import BrowserError, axe_script, browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        with browser() as started:
            yield started
    except BrowserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def axe() -> str:
    try:
        return axe_script()
    except BrowserError as error:
        pytest.skip(str(error))
