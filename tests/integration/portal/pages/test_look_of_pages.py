"""Pages of one's own and of admins in a real browser; skipped with a reason without one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.unit.accounts.scratch import public_key

from ..judging import check_fits, opened, violations
from .gallery import PAGES, gallery

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone"),
]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with gallery() as address:
        yield address


@pytest.fixture(scope="module")
def newcomer() -> Iterator[str]:
    with gallery("cleo") as address:
        yield address


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing(chromium: Browser, axe: str, origin: str, address: str) -> None:
    page = opened(chromium, origin + address)
    assert violations(page, axe) == []
    page.close()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_fits_a_phone_and_nothing_of_it_is_refused(
    chromium: Browser, origin: str, address: str
) -> None:
    page = opened(chromium, origin + address, "phone")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.reload()
    check_fits(page)
    assert errors == []
    page.close()


def test_a_newcomer_finds_what_to_do(chromium: Browser, axe: str, newcomer: str) -> None:
    page = opened(chromium, f"{newcomer}/", "phone")
    assert page.url == f"{newcomer}/welcome"
    assert violations(page, axe) == []
    check_fits(page)
    page.close()


def test_a_key_is_given_and_the_line_appears_without_javascript(
    chromium: Browser, newcomer: str
) -> None:
    page = opened(chromium, f"{newcomer}/welcome", "desk", java_script_enabled=False)
    page.get_by_label("Public key").fill(public_key("of cleo"))
    page.get_by_role("button", name="Use this key").click()
    assert "cleo@data.example.com" in page.locator("#contact").inner_text()
    page.close()
