"""The page of a table has what the catalog knows of it, and no more than its class shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.catalog.example import NOW, write_example

from ..browsing import signed_in_app
from .reading_html import read, words


@pytest.fixture
def sections(tmp_path: Path) -> dict[str, dict[str, str]]:
    """By table: the text of each section, by its heading. The first shows samples, 1 counts."""
    write_example(tmp_path / "store", 6)
    client = signed_in_app(tmp_path, now=NOW).test_client()
    found = {}
    for path in ("shop/table_0", "hr/table_1", "hr/table_4"):
        html = client.get(f"/catalog/table/{path}").text
        titles = [one.text for one in read(html).all("h2") if one.attributes.get("id")]
        texts = [words(f"<{one}") for one in html.split("<section")[1:]]
        found[path] = dict(zip(titles, texts, strict=True))
    return found


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("Description", "One row for each sale."),
        ("Columns", "id key Key of the row BIGINT"),
        ("Sample rows", "1 NULL 2026-11-30 paid"),
        ("Relations", "parent of ledger/table_2 refers to id of shop/table_0 the parent"),
        ("How to query", "the table is the view table_0"),
        ("Quality", "day : no row of 2026-08-03"),
        ("History", "30 versions as a table"),
        ("Source", "Source, csv erp Name there in.c-shop/table_0"),
        ("Metrics that use it", "Revenue monthly_revenue"),
    ],
)
def test_a_page_has_all_that_is_known(
    sections: dict[str, dict[str, str]], section: str, expected: str
) -> None:
    assert expected in sections["shop/table_0"][section]


def test_rows_that_were_rejected_and_columns_that_changed_are_its_quality(
    sections: dict[str, dict[str, str]],
) -> None:
    quality = sections["hr/table_1"]["Quality"]
    assert "1 row" in quality
    assert "not a DATE" in quality
    assert "column status became VARCHAR" in quality


def test_of_a_class_that_shows_counts_there_is_no_value(
    sections: dict[str, dict[str, str]],
) -> None:
    counts = sections["hr/table_1"]
    assert "Sample rows" not in counts
    assert "paid" not in " ".join(counts.values())
    assert "id key Key of the row BIGINT 0 % 2,000" in counts["Columns"]


def test_without_a_profile_each_section_says_so(sections: dict[str, dict[str, str]]) -> None:
    without = sections["hr/table_4"]
    assert "Sample rows" not in without
    assert "no profile" in without["History"]
