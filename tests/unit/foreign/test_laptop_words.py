"""What passes between a broker and the folders of laptops beside data: choices, and their word."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.foreign.dataset_choice import (
    MOST_CHOICE_BYTES,
    MOST_LEFT_OUT,
    DatasetChoice,
    parse_choice,
    render_choice,
)
from broker.foreign.laptop_note import NO_CHOICE, OWN_CHOICE, LaptopNote, parse_note, render_note

CHOICE = DatasetChoice("0123456789abcdef", datetime(2026, 11, 30, 12, tzinfo=UTC), ("crm", "o'é"))
FACTS = json.loads(render_choice(CHOICE))
GENERATION = "2026-11-22T163000Z-7f3a"


def test_a_choice_comes_back_as_it_was_written() -> None:
    assert parse_choice(render_choice(CHOICE).encode()) == CHOICE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'"x"',
        json.dumps({**FACTS, "id": "../../etc"}).encode(),
        json.dumps({**FACTS, "id": 5}).encode(),
        json.dumps({**FACTS, "more": 1}).encode(),
        json.dumps({**FACTS, "changed_at": "2026-11-30T12:00:00"}).encode(),
        json.dumps({**FACTS, "changed_at": 5}).encode(),
        json.dumps({**FACTS, "without": "crm"}).encode(),
        json.dumps({**FACTS, "without": [""]}).encode(),
        json.dumps({**FACTS, "without": [5]}).encode(),
        json.dumps({**FACTS, "without": ["a\x1b[2J"]}).encode(),
        json.dumps({**FACTS, "without": ["a\u202eb"]}).encode(),
        json.dumps({**FACTS, "without": ["x"] * (MOST_LEFT_OUT + 1)}).encode(),
        json.dumps({**FACTS, "without": ["x" * 201]}).encode(),
        b" " * (MOST_CHOICE_BYTES + 1),
        b'{"id": "x", "id": "y"}',
        b"\xff",
    ],
)
def test_what_no_broker_writes_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_choice(content)


@given(st.text(), st.sampled_from([NO_CHOICE, OWN_CHOICE, "f" * 16]), st.booleans())
def test_whatever_a_machine_calls_itself_the_note_is_one_line_and_is_read(
    name: str, choice: str, has_data: bool
) -> None:
    note = LaptopNote("00112233445566aa", choice, GENERATION if has_data else None, name)
    line = render_note(note)
    assert line.isascii()
    assert line.isprintable()
    read = parse_note(line)
    assert read is not None
    assert (read.id, read.choice, read.generation) == (note.id, choice, note.generation)
    assert 0 < len(read.name) <= 64


@pytest.mark.parametrize(
    "line",
    [
        "",
        "00112233445566aa own none",
        "00112233445566aa own none ",
        "00112233445566AA own none laptop",
        "00112233445566aa mine none laptop",
        "00112233445566aa own ../../etc laptop",
        f"00112233445566aa own {GENERATION} " + "x" * 65,
        "00112233445566aa own none a\nb",
        "00112233445566aa own none a\u202eb",
    ],
)
def test_another_line_is_no_word_of_a_laptop(line: str) -> None:
    assert parse_note(line) is None
