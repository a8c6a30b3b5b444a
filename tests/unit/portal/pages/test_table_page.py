"""A table's page, section by section: all that is known of it, and nothing that its tier hides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.catalog.example import NOW, example_catalog, write_example

from ..browsing import signed_in_app
from .reading_html import read, words

WHOLE = "shop/table_0"  # public, of the tier samples
COUNTED = "hr/table_1"  # private, of the tier counts, with rejected rows and partitions


def page_of(folder: Path, path: str) -> str:
    write_example(folder / "store", 7, audiences=[("finance", "private")])
    client = signed_in_app(folder, now=NOW).test_client()
    answer = client.get(f"/catalog/table/{path}")
    assert answer.status_code == 200
    return str(answer.text)


def sections(html: str) -> dict[str, str]:
    """The text of each section by the id of its heading."""
    found = {}
    for part in html.split("<section")[1:]:
        page = read(f"<section{part.partition('</section>')[0]}</section>")
        heading = next(one for one in page.elements if one.tag == "h2")
        found[str(heading.attributes.get("id"))] = words(
            f"<section{part.partition('</section>')[0]}"
        )
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return sections(page_of(tmp_path_factory.mktemp("whole"), WHOLE))


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return sections(page_of(tmp_path_factory.mktemp("counted"), COUNTED))


def test_each_section_that_is_linked_is_there(tmp_path: Path) -> None:
    for path in (WHOLE, COUNTED):
        html = page_of(tmp_path, path)
        anchors = {
            one.attributes["href"]
            for one in read(html).all("a")
            if str(one.attributes.get("href")).startswith("#")
            and "skip" not in one.attributes.values()
        }
        assert anchors <= {f"#{name}" for name in sections(html)}
        assert len(anchors) >= 6


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ("description", ["One row for each sale."]),
        ("columns", ["id key Key of the row BIGINT", "Day of the sale DATE", "1,000", "90"]),
        ("samples", ["id parent day status", "1 NULL 2026-11-30 paid"]),
        ("relations", ["parent of ledger/table_2 refers to id of shop/table_0", "the parent"]),
        ("query", ["SELECT", "table_0", "duckdb", "In Python", "For an agent"]),
        ("quality", ["day : no row of 2026-08-03"]),
        ("history", ["Rows", "30 versions as a table", "990"]),
        ("source", ["erp", "csv", "in.c-shop/table_0", "Loaded as a whole", WHOLE, "3 metrics"]),
        ("metrics", ["Revenue monthly_revenue"]),
    ],
)
def test_a_section_has_what_is_known(
    whole: dict[str, str], section: str, wanted: list[str]
) -> None:
    missing = [one for one in wanted if one not in whole[section]]
    assert missing == [], whole[section]


def test_a_table_of_the_tier_counts_shows_no_value(counted: dict[str, str]) -> None:
    assert "samples" not in counted
    assert "id key Key of the row BIGINT" in counted["columns"]
    assert "2,000" in counted["columns"]  # how many values differ
    everything = " ".join(counted.values())
    assert "paid" not in everything
    assert "2026-11-30 paid" not in everything


def test_rejected_rows_warnings_and_partitions_are_shown(counted: dict[str, str]) -> None:
    assert "orders.csv" in counted["quality"]
    assert "99.99.9999" in counted["quality"]
    assert "column status became VARCHAR" in counted["quality"]
    source = counted["source"]
    assert "3 partitions, one for each month of day" in source
    assert [one for one in ("2026_09", "2026_10", "2026_11") if one not in source] == []
    assert "Changed rows are merged in" in source
    assert "Rejected rows 1" in source


def test_at_the_top_stand_rows_size_age_promise_and_key(tmp_path: Path) -> None:
    found = words(page_of(tmp_path, COUNTED).partition("On this page")[0])
    for wanted in (
        "Rows 2,000",
        "Columns 4",
        "Key id",
        "7 min ago",
        "promised: 1 h",
        "class private",
    ):
        assert wanted in found, found


def test_without_a_profile_the_page_says_so(tmp_path: Path) -> None:
    example = example_catalog(7)
    (path,) = [name for name, one in example.details.items() if one.profile is None]
    found = sections(page_of(tmp_path, path))
    assert "samples" not in found
    assert "profile" in found["history"]
    assert "NULL" not in found["columns"]
