"""What is kept in memory, and for how long."""

from __future__ import annotations

import pytest

from broker.portal.reading.memory_cache import MemoryCache


def test_a_value_is_made_once_and_the_longest_unused_goes() -> None:
    made: list[str] = []

    def value(name: str) -> str:
        def make() -> str:
            made.append(name)
            return name * 10

        return kept.get(name, make)

    kept: MemoryCache[str, str] = MemoryCache(20, len)
    assert [value(name) for name in "abab"] == ["a" * 10, "b" * 10] * 2
    assert made == ["a", "b"]
    value("a")
    value("c")
    value("a")
    assert made == ["a", "b", "c"]
    value("b")
    assert made == ["a", "b", "c", "b"]


def test_what_has_no_room_is_answered_and_not_kept() -> None:
    kept: MemoryCache[str, str] = MemoryCache(5, len)
    kept.get("small", lambda: "x")
    assert kept.get("large", lambda: "x" * 6) == "x" * 6
    assert kept.get("large", lambda: "other") == "other"


def test_what_fails_is_tried_again() -> None:
    kept: MemoryCache[str, int] = MemoryCache(1)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 2) == 2
