from __future__ import annotations

from pathlib import Path

import pytest

from broker.foreign import strict_json
from broker.foreign.strict_json import parse_json, read_json


def test_whole_numbers_text_and_their_lists() -> None:
    assert parse_json('{"a": [1, -2, null, true, "ž"]}'.encode()) == {"a": [1, -2, None, True, "ž"]}


def test_fractions_stand_where_rows_do_and_are_numbers() -> None:
    assert parse_json(b"[1.5]", rows=True) == [1.5]
    assert parse_json(b"9" * 38, rows=True) == 10**38 - 1
    for content in (b"1e999", b"NaN", b"9" * 39):
        with pytest.raises(ValueError, match=r"found|digits"):
            parse_json(content, rows=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": [{"a": 1, "b": 1, "a": 1}]}', "twice"),
        (b"NaN", "found NaN"),
        (b"[Infinity, -Infinity]", "found Infinity"),
        (b"1.5", "found 1.5"),
        (b"1e400", "found 1e400"),
        (b"1" * 20, "19 digits"),
        (b"-" + b"9" * 5_000_000, "19 digits"),
        (b"[" * 100_000 + b"]" * 100_000, "too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too deeply"),
        (b"\xff", "decode"),
        (b"\xef\xbb\xbf{}", "BOM"),
        ('{"a": 1}'.encode("utf-16"), "decode"),
        (b"{", "Expecting"),
        (b"", "Expecting"),
        (b"{} {}", "Extra data"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_two_readers_could_read_differently_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_json(content)


def test_more_values_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "_MOST_VALUES", 1000)
    with pytest.raises(ValueError, match="more than 1,000 values"):
        parse_json(b"[" + b"[]," * 1000 + b"1]")


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ValueError, match="longer than"):
        read_json(path)
