"""Which sentences name a place of the host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.foreign.places import has_place


@pytest.mark.parametrize(
    "text",
    [
        "/srv/in/orders.csv cannot be read",
        "no file at /data/store/.",
        "two: `/a/b`, (/c/d-e.csv)",
        "found '/srv/in box/orders, new.csv'",
        "/srv/*/orders.csv: no file",
        "no file fits /*.csv",
        "file:///srv/in/orders.csv: cannot be read",
        "file://localhost/srv/in",
        "sftp://in@host/srv/in",
        "/ô/orders.csv",
        "orders:/srv/in",
        "see https://x.example.com/a,/srv/in",
        "a //srv/in",
    ],
)
def test_a_path_of_the_host_is_found_however_it_is_written(text: str) -> None:
    assert has_place(text)


@pytest.mark.parametrize(
    "text",
    [
        *("shop/orders is late", "https://x.example.com/a/b: 503", "5 rows / s", "24/7", ""),
        *("http://127.0.0.1:8080/catalog", "paste it into ~/.ssh/config", "in ./data/../data"),
    ],
)
def test_what_is_no_path_of_the_host_is_none(text: str) -> None:
    assert not has_place(text)


@given(
    st.text("ab ,;*'\"()[]é\u202e.-:/~", min_size=1, max_size=20).filter(lambda one: one.strip()),
    st.sampled_from(["", "cannot be read: ", "found '", "where=", "("]),
    st.text("ab /:,", max_size=10),
)
def test_no_name_hides_the_beginning_of_a_path(name: str, before: str, after: str) -> None:
    assert has_place(f"{before}/{name.lstrip()}{after}")
