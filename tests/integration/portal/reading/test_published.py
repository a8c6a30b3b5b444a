"""The portal over what a real sync published of a whole made-up company."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker.portal.look.figures import number
from demo.company.generate import DEFAULT_TODAY, Company, generate
from tests.unit.portal.browsing import signed_in_app
from tests.unit.portal.pages.reading_html import Page, crawl, number_of, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company at a fiftieth of its size, synced once; its store is ``store``."""
    made = tmp_path_factory.mktemp("company")
    list(generate(made / "source", Company(0.02, DEFAULT_TODAY)))
    config = str(made / "source/config")
    command = ["-m", "broker", "sync", "--config", config, "--data", str(made / "store")]
    subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=300)
    return made


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    """A browser of someone who holds every class of it."""
    return signed_in_app(folder, classes=("public", "private")).test_client()


def manifest(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "store/current/manifest.json").read_text())[
        "tables"
    ]
    return found


def texts(page: Page, tag: str) -> list[str]:
    """The text of each element up to the small print in it."""
    return [one.text.strip().split("\n")[0] for one in page.all(tag)]


def column_pages(client: FlaskClient) -> Iterator[tuple[str, Page]]:
    for address, status, html in crawl(client):
        assert status == 200, address
        if address.startswith("/catalog/column/"):
            yield address, read(html)


def test_every_page_of_it_is_reached_and_answers(client: FlaskClient, folder: Path) -> None:
    found = {address: status for address, status, _ in crawl(client)}
    assert set(found.values()) == {200}
    for table in manifest(folder):
        assert f"/catalog/table/{table['path']}" in found
    assert any(address.startswith("/catalog/metrics/") for address in found)


def test_the_rows_of_each_table_are_those_of_the_manifest(
    client: FlaskClient, folder: Path
) -> None:
    for table in manifest(folder):
        facts = read(client.get(f"/catalog/table/{table['path']}").text).all("dd")
        assert facts[0].text == number(table["rows"])


def test_what_each_plot_and_list_has_adds_up_to_the_rows(client: FlaskClient) -> None:
    plots = lists = 0
    for address, page in column_pages(client):
        facts = dict(zip(texts(page, "dt"), texts(page, "dd"), strict=True))
        rows, nulls = number_of(facts["Rows"]), number_of(facts["NULL"])
        other = number_of(facts.get("Infinite or NaN", "0"))
        if page.all("table", id="bars"):
            plots += 1
            bars = sum(number_of(row[2]) for row in page.rows("bars"))
            assert bars + nulls + other == rows, address
        if page.all("table", id="top"):
            lists += 1
            assert sum(number_of(row[1]) for row in page.rows("top")) == rows, address
    assert plots > 15
    assert lists > 5


def test_a_search_finds_its_tables(client: FlaskClient) -> None:
    found = read(client.get("/search?q=order").text)
    assert "/catalog/table/shop/orders" in found.links
    assert "/catalog/table/shop/order_items" in found.links


def test_who_holds_the_public_class_alone_sees_nothing_of_people(folder: Path) -> None:
    client = signed_in_app(folder, classes=("public",)).test_client()
    pages = list(crawl(client))
    assert {status for _, status, _ in pages} == {200}
    assert not [address for address, _, html in pages if "salar" in html or "employee" in html]
    assert client.get("/search?q=salaries").text.count("Nothing found") == 1
