"""What of a sentence names a place of the host."""

from __future__ import annotations

import pytest

from broker.foreign.places import has_place, without_places


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/srv/in/orders.csv cannot be read", "orders.csv cannot be read"),
        ("no file at /data/store/.", "no file at store"),
        ("two: `/a/b`, (/c/d-e.csv)", "two: `b`, (d-e.csv)"),
        ("folder /srv/in/ is empty", "folder in is empty"),
    ],
)
def test_of_a_path_its_last_name_is_left(text: str, expected: str) -> None:
    assert has_place(text)
    assert without_places(text) == expected
    assert not has_place(expected)


@pytest.mark.parametrize(
    "text", ["shop/orders is late", "https://x.example.com/a/b: 503", "5 rows / s", "a //b", ""]
)
def test_what_is_no_path_of_the_host_stays(text: str) -> None:
    assert without_places(text) == text
    assert not has_place(text)
