from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.foreign.addresses import folded_address, folded_domain, is_address


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.Lee+data@Example.COM", "ann.lee+data@example.com"),
        (" \tann@example.com\u00a0\n", "ann@example.com"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_one_spelling_of_each_address(text: str, folded: str) -> None:
    assert folded_address(text) == folded


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "an n@example.com",
        "ann@exa mple.com",
        "ann@example..com",
        "ann@-example.com",
        "ann@example.com.",
        "ann@example.com\r\nBcc: eva@example.com",
        "ann@example.com, eva@example.com",
        "Ann <ann@example.com>",
        "\u0430nn@example.com",  # Cyrillic
        "\uff41nn@example.com",  # wide
        "\u0131nn@example.com",  # dotless i
        "an\u200bn@example.com",  # of no width
        "\u202eann@example.com",  # right to left
        "KELVIN@example.com".replace("K", "\u212a"),  # folds to k
        "ann@b\u00fccher.example",
        "a" * 65 + "@example.com",
        "ann@" + "a" * 64 + ".com",
        "ann@" + "a." * 126 + "com",
    ],
)
def test_what_is_not_an_address_of_ascii_is_refused(text: str) -> None:
    assert folded_address(text) is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_folded_stays_so_and_is_an_address(name: str, domain: str) -> None:
    folded = folded_address(f"{name}@{domain}")
    if folded is not None:
        assert is_address(folded)
        assert folded.isascii()
        assert folded_address(folded) == folded
        assert folded_address(folded.upper()) == folded


def test_domains() -> None:
    assert folded_domain(" Example.COM ") == "example.com"
    for text in ("", "ex ample.com", "example.com.", "\u0435xample.com", "a@example.com", "-a.com"):
        assert folded_domain(text) is None
