"""Pages in a real browser; skipped with the reason where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from tests.unit.catalog.example import write_example

from ..judging import SIZES, check_fits, opened, violations
from .__main__ import FOR_ANYONE, PAGES, for_anyone, of_gallery
from .gallery import write_gallery
from .serving import served

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal over the gallery."""
    folder = tmp_path_factory.mktemp("gallery")
    write_gallery(folder / "store")
    with served(of_gallery(folder)) as address:
        yield address


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal in which every text wants to do harm."""
    folder = tmp_path_factory.mktemp("hostile")
    write_example(folder / "store", 6, hostile=True, long=10_000)
    with served(of_gallery(folder)) as address:
        yield address


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_and_a_page_fits_a_phone(
    chromium: Browser, axe: str, origin: str, address: str
) -> None:
    page = opened(chromium, origin + address)
    assert violations(page, axe) == []
    width, height = SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    check_fits(page)
    page.close()


def test_nor_before_someone_is_signed_in(chromium: Browser, axe: str, tmp_path: Path) -> None:
    with served(for_anyone(tmp_path)) as origin:
        for address in FOR_ANYONE:
            page = opened(chromium, origin + address, "phone")
            assert violations(page, axe) == []
            check_fits(page)
            page.close()


@pytest.mark.parametrize("address", ["/catalog", "/catalog/table/shop/table_0", "/search?q=table"])
def test_nor_among_hostile_names_on_a_phone(
    chromium: Browser, axe: str, hostile: str, address: str
) -> None:
    page = opened(chromium, hostile + address, "phone")
    assert violations(page, axe) == []
    page.close()


def test_hostile_names_do_nothing_and_fit(chromium: Browser, hostile: str) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    errors: list[str] = []
    requested: set[str] = set()
    page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss())[0])
    page.on("console", lambda message: errors.append(message.text))
    page.on("request", lambda request: requested.add(request.url.rpartition("/")[2]))
    status = quote('status "><img src=x onerror=alert(1)>')
    for address in (
        "/catalog",
        "/catalog/table/shop/table_0",
        "/catalog/column/shop/table_0?name=day",
        "/catalog/metrics",
        "/catalog/metrics/monthly_revenue",
        "/catalog/metrics/orders_by_status",
        f"/search?q={status}",
    ):
        page.goto(hostile + address)
        check_fits(page)
    assert errors == []
    assert "x" not in requested
    page.close()


def test_every_page_is_whole_and_nothing_is_refused_by_its_policy(
    chromium: Browser, origin: str
) -> None:
    page = chromium.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(re.match(r"\w+://[^/]+", request.url)[0]))  # type: ignore[index]
    for address in PAGES[:-1]:
        page.goto(origin + address)
    assert errors == []
    assert hosts == {origin}
    page.close()


def test_pages_are_whole_without_javascript(chromium: Browser, origin: str) -> None:
    page = opened(chromium, origin + "/catalog/table/shop/orders", java_script_enabled=False)
    assert page.is_visible("text=How to query")
    assert not page.is_visible("text=Copy")
    page.fill("input[type=search]", "custom")
    page.press("input[type=search]", "Enter")
    assert page.is_visible("text=/[0-9]+ results for/")
    page.click("button:has-text('Dark')")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.url.endswith("/search?q=custom")
    page.close()


def test_copying_works_without_the_clipboard_of_https(chromium: Browser, origin: str) -> None:
    page = opened(chromium, origin + "/catalog/table/shop/orders")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate(
        "document.addEventListener('copy', () => { window.copies = getSelection() + '' })"
    )
    page.click("#query-sql + button")
    assert page.text_content("#query-sql + button") == "Copied"
    page.fill("input[type=search]", "")
    page.press("input[type=search]", "Control+V")
    assert page.input_value("input[type=search]").startswith('SELECT "id", "customer_id"')
    page.close()


def test_copying_that_the_browser_refuses_selects_the_text(chromium: Browser, origin: str) -> None:
    page = opened(chromium, origin + "/catalog/table/shop/orders")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("document.execCommand = () => false")
    page.click("#query-sql + button")
    assert page.text_content("#query-sql + button") == "Selected: press Ctrl+C"
    assert page.evaluate("getSelection() + ''").startswith('SELECT "id"')
    page.close()


def test_the_keyboard_reaches_the_content_first(chromium: Browser, origin: str) -> None:
    page = opened(chromium, origin + "/catalog")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_of_the_system_and_a_choice_against_it(
    chromium: Browser, origin: str, theme: str
) -> None:
    other = "Dark" if theme == "light" else "Light"
    page = opened(chromium, origin + "/catalog", color_scheme=theme)
    ground = "getComputedStyle(document.body).backgroundColor"
    usual = page.evaluate(ground)
    page.click(f"button:has-text('{other}')")  # which loads the page anew
    page.wait_for_function(f"document.body && {ground} !== {usual!r}")
    page.click("button:has-text('System')")
    page.wait_for_function(f"document.body && {ground} === {usual!r}")
    page.close()


@pytest.mark.parametrize("address", PAGES[:-1])
def test_a_page_with_all_its_files_is_below_150_kb(
    chromium: Browser, origin: str, address: str
) -> None:
    """Before compression, which a server before the portal does."""
    page = chromium.new_page()
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(origin + address)
    page.wait_for_load_state("networkidle")
    assert 20_000 < sum(sizes) < 150_000
    page.close()


def test_the_graph_leads_to_other_tables(chromium: Browser, origin: str) -> None:
    page = opened(chromium, origin + "/catalog/table/shop/orders")
    page.click("svg.graph a[href$='shop/customers']")
    assert page.text_content("h1") == "customers"
    page.close()
