from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from broker.foreign.text import code, escape_json, prose, readable_json, shown

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Žluťoučký kůň 🙂", "Žluťoučký kůň 🙂"),
        ("[/y] [red]", "[/y] [red]"),
        ("\x1b]0;owned\x07\x1b[2J", r"\x1b]0;owned\x07\x1b[2J"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("invoice\u202egnp.exe", r"invoice\u202egnp.exe"),
        ("pay\u200bments\ufeff", r"pay\u200bments\ufeff"),
        ("a\u3164b\ufe0f\u034f\U000e0041", r"a\u3164b\ufe0f\u034f\U000e0041"),
        ("\udc9b", r"\udc9b"),
    ],
)
def test_what_acts_or_hides_is_written_out(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(ANY)
def test_what_is_shown_has_no_control_and_no_format_character(text: str) -> None:
    kinds = {unicodedata.category(character)[0] for character in shown(text)}
    assert not kinds & {"C"}
    assert shown(shown(text)) == shown(text)
    shown(text).encode()


@given(ANY)
def test_prose_is_one_line(text: str) -> None:
    assert len(prose(text).splitlines()) <= 1


def test_long_text_is_cut() -> None:
    assert shown("x" * 50, 10) == "x" * 9 + "…"


@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("`\n\\ *_<@[|")))
def test_nothing_leaves_a_code_span(text: str) -> None:
    """CommonMark is the judge: a list item with one code span, and no other mark."""
    (_, _, _, inline, *_) = MarkdownIt().parse(f"- {code(text)} end")
    assert inline.children is not None
    span, rest = inline.children
    assert (span.type, rest.type, rest.content) == ("code_inline", "text", " end")
    assert span.content.strip() == shown(text).strip()


@given(st.dictionaries(ANY, ANY))
def test_json_stays_what_it_was_and_prints(value: dict[str, str]) -> None:
    document = readable_json(value, indent=1)
    assert json.loads(document) == value
    assert all(shown(line) == line for line in document.split("\n"))
    assert escape_json(document) == document
