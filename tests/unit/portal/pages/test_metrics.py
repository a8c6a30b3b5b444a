from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from broker.metrics.model import ResultColumn
from broker.portal.reading.metrics import value_type
from tests.unit.catalog.example import NOW, example_catalog, write_example

from ..browsing import signed_in_app
from .reading_html import read


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    write_example(tmp_path / "store", 6)
    return signed_in_app(tmp_path, now=NOW).test_client()


def test_each_metric_has_its_last_value_and_when(client: FlaskClient) -> None:
    found = read(client.get("/catalog/metrics").text)
    rows = [" ".join(one.text.split()) for one in found.all("tr")[1:]]
    assert any("Revenue" in row and "125,000.50 EUR" in row and "2026-11-01" in row for row in rows)
    assert any("Orders by status" in row and "a table" in row for row in rows)
    assert any("A metric that fails" in row and "no value" in row for row in rows)


def test_a_metric_shows_its_definition_and_the_tables_it_reads(client: FlaskClient) -> None:
    found = read(client.get("/catalog/metrics/monthly_revenue").text)
    assert found.all("pre", id="query-sql")[0].text.startswith("SELECT date_trunc('month', day)")
    assert "/catalog/table/shop/table_0" in found.links
    assert found.all("svg", role="img")


def test_a_metric_says_when_it_was_computed_and_since_when_it_is_the_same(
    client: FlaskClient,
) -> None:
    found = read(client.get("/catalog/metrics/orders_by_status").text)
    facts = " ".join(" ".join(one.text.split()) for one in found.all("dl"))
    assert "Computed2026-11-30 10:00 UTC" in facts
    assert "Unchanged since2026-11-29 12:00 UTC" in facts


def test_a_time_that_is_not_over_is_marked(client: FlaskClient) -> None:
    rows = [one.text for one in read(client.get("/catalog/metrics").text).all("tr")]
    assert ["so far" in one for one in rows if "Revenue" in one] == [True]
    page = client.get("/catalog/metrics/monthly_revenue").text
    assert "month from 2026-11-01, so far" in page
    assert '2026-11-01 <span class="soft">so far</span>' in page


def test_a_value_of_data_that_wait_for_a_person_is_marked(client: FlaskClient) -> None:
    rows = [one.text for one in read(client.get("/catalog/metrics").text).all("tr")]
    marked = ["data: waits for approval" in one for one in rows if "by status" in one]
    assert marked == [True]
    page = read(client.get("/catalog/metrics/orders_by_status").text)
    (note,) = [one.text for one in page.all("div") if "It reads" in one.text][-1:]
    assert "Waits for approval." in note
    assert "shop/table_3" in note


def test_one_that_is_a_table_shows_it_with_null(client: FlaskClient) -> None:
    found = read(client.get("/catalog/metrics/orders_by_status").text)
    cells = [one.text for one in found.all("td")]
    assert cells == ["paid", "7", "NULL", "2"]


def test_one_that_failed_says_why(client: FlaskClient) -> None:
    assert "it took longer than 20 seconds" in client.get("/catalog/metrics/broken").text


def test_one_that_is_not_there_has_no_page(client: FlaskClient) -> None:
    assert client.get("/catalog/metrics/revenue_of_others").status_code == 404


def test_without_any_the_page_says_so(tmp_path: Path) -> None:
    write_example(tmp_path / "empty/store", 0)
    answer = signed_in_app(tmp_path / "empty").test_client().get("/catalog/metrics")
    assert "No metrics yet" in answer.text


def test_a_value_is_grouped_by_its_type_alone() -> None:
    metric = replace(
        example_catalog(3).index.metrics[1], columns=(ResultColumn("code", "VARCHAR"),)
    )
    assert value_type(metric) == "VARCHAR"
    assert value_type(replace(metric, columns=metric.columns * 2)) == ""
    assert value_type(example_catalog(3).index.metrics[1]) == "DECIMAL(38,2)"
