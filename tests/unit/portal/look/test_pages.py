from __future__ import annotations

import pytest

from broker.portal.look.pages import Pages


@pytest.mark.parametrize(
    ("number", "total", "begin", "end"),
    [("1", 0, 0, 0), ("1", 100, 0, 100), ("2", 101, 100, 101), ("10", 1_000, 900, 1_000)],
)
def test_a_page_has_its_part(number: str, total: int, begin: int, end: int) -> None:
    found = Pages.of(number, total, 100)
    assert found is not None
    assert (found.begin, found.end) == (begin, end)


@pytest.mark.parametrize("number", ["0", "-1", "3", "", "x", "1.0", "٢", "1" * 5_000, " 1"])
def test_a_page_that_is_not_there_is_none(number: str) -> None:
    assert Pages.of(number, 150, 100) is None


@pytest.mark.parametrize(
    ("number", "links"),
    [
        ("1", [1, 2, 3, None, 40]),
        ("3", [1, 2, 3, 4, 5, None, 40]),
        ("20", [1, None, 18, 19, 20, 21, 22, None, 40]),
        ("40", [1, None, 38, 39, 40]),
    ],
)
def test_a_page_leads_to_its_neighbours_and_the_ends(number: str, links: list[int | None]) -> None:
    found = Pages.of(number, 4_000, 100)
    assert found is not None
    assert found.links == links
