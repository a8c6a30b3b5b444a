from __future__ import annotations

import pytest

from broker.access.strict_yaml import parse_yaml


def test_values_as_they_are_written() -> None:
    assert parse_yaml(b"a: [1, x]\nb: {c: null}\n") == {"a": [1, "x"], "b": {"c": None}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 100_000, "too deeply"),
        (b"{a: " * 65 + b"}" * 65, "too deeply"),
        (b"a: &a [x]\nb: *a\n", "alias"),
        (b"a: [", "while parsing"),
        (b"a: 1\n---\nb: 2\n", "another document"),
        (b"a: !!python/object/apply:os.getcwd []\n", "constructor"),
        (b"\xff", "codec|utf-8|UTF-8"),
    ],
)
def test_what_would_fill_stack_or_memory_or_is_no_data_is_refused(
    content: bytes, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        parse_yaml(content)
