"""Values keep their text, and every place its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.config.document import Document
from broker.config.markdown import yaml_blocks
from broker.config.scalars import plain

PATH = Path("f.yaml")


def read(text: str) -> object:
    return Document(text, PATH).data


@pytest.mark.parametrize(
    "word", ["no", "NO", "on", "y", "1.10", "0777", "2026-01-01", "12:30:45", "1e3", "0x1F", ".inf"]
)
def test_scalar_stays_what_was_written(word: str) -> None:
    assert read(f"column: {word}") == {"column": word}
    assert read(f"- {word}") == [word]


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_key_without_a_value_is_none_but_a_list_keeps_the_word(word: str) -> None:
    assert read(f"key: {word}") == {"key": None}
    assert read(f"key: '{word}'") == {"key": word}
    assert read(f"- {word}") == [word]


def test_nothing_at_all() -> None:
    assert read("") is None
    assert read("# only a remark\n") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("no", "no"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("1e5", "1e5"),
        ("0777", "0777"),
        ("1.5e+3", 1500.0),
        ("infinity", "infinity"),
        ("2026-01-01", "2026-01-01"),
        ("{a: [1, x]}", {"a": [1, "x"]}),
    ],
)
def test_settings_of_no_declared_type_are_yaml(text: str, value: object) -> None:
    assert plain(Document(f"a: {text}", PATH).data) == {"a": value}


def test_merge_keys_and_their_lines() -> None:
    document = Document("base: &b\n  x: 1\n  y: 2\nmore:\n  <<: [*b]\n  y: 3\n", PATH)
    assert document.data["more"] == {"x": "1", "y": "3"}
    assert document.where(("more", "x")) == "f.yaml:2"
    assert document.where(("more", "y")) == "f.yaml:6"


def test_mapping_that_merges_itself_ends() -> None:
    assert Document("a: &a\n  <<: *a\n  x: 1\n", PATH).data == {"a": {"x": "1"}}


def test_line_ends_of_windows_and_of_unicode() -> None:
    document = Document("a: 1\r\nb: 'x\u2028y'\r\nc: 3\r\n", PATH, first_line=10)
    assert document.where(("c",)) == "f.yaml:12"


def test_place_that_does_not_exist_is_what_is_around_it() -> None:
    document = Document("a:\n  - b:\n      c: 1\n", PATH)
    assert document.where(("a", 0, "b", "missing")) == "f.yaml:2"
    assert document.where(("nowhere", 3)) == "f.yaml:1"


KEYS = st.text(min_size=1, max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.text(max_size=20) | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def places(value: object, location: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [location, *(place for key, item in items for place in places(item, (*location, key)))]


def at(value: object, location: tuple[str | int, ...]) -> object:
    for part in location:
        value = value[part]  # type: ignore[index]
    return value


@settings(max_examples=60, deadline=None)
@given(
    data=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5),
    first_line=st.integers(1, 500),
    is_flow=st.booleans(),
    draw=st.data(),
)
def test_every_place_is_told_by_the_line_of_its_key(
    data: dict[str, object], first_line: int, is_flow: bool, draw: st.DataObject
) -> None:
    """A mark is put into one key; its line in the text is what the document must say."""
    mark = "MARK-of-the-test"
    parent = draw.draw(
        st.sampled_from([place for place in places(data) if isinstance(at(data, place), dict)])
    )
    holder = at(data, parent)
    assert isinstance(holder, dict)
    holder[mark] = "x"
    text = yaml.safe_dump(data, default_flow_style=is_flow, sort_keys=True, width=60)
    lines = [number for number, line in enumerate(text.split("\n")) if f"{mark}:" in line]
    document = Document(text, PATH, first_line)
    assert document.where((*parent, mark)) == f"f.yaml:{first_line + lines[0]}"
    assert document.found((*parent, mark)) == "'x'"


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_data_is_what_was_dumped(value: object) -> None:
    """What another program writes as text, number or nothing is just that for a source."""
    text = yaml.safe_dump({"value": value})
    assert plain(Document(text, PATH).data) == {"value": value}


BLOCK_LINES = st.lists(st.from_regex(r"[a-z]{1,5}: [a-z0-9]{1,5}", fullmatch=True), max_size=4)
PROSE_LINES = st.lists(st.sampled_from(["", "# Title", "Some words.", "    indented", "a ` tick"]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            PROSE_LINES,
            st.sampled_from(["```", "~~~", "````"]),
            st.sampled_from(["yaml", "YAML", "yaml title=x", "sql", "", "yamlish"]),
            BLOCK_LINES,
        ),
        max_size=5,
    )
)
def test_blocks_of_markdown_begin_where_they_say(
    parts: list[tuple[list[str], str, str, list[str]]],
) -> None:
    lines: list[str] = []
    expected: list[tuple[str, int]] = []
    for prose, fence, language, body in parts:
        lines += [*prose, fence + language]
        if language.lower().split(" ")[0] == "yaml":
            expected.append(("\n".join(body), len(lines) + 1))
        lines += [*body, fence]
    blocks = yaml_blocks("\n".join(lines))
    assert [(block.text, block.first_line) for block in blocks] == expected


def test_fence_inside_of_a_longer_fence_is_text() -> None:
    assert yaml_blocks("````markdown\n```yaml\na: 1\n```\n````\n") == []


def test_block_that_is_never_closed_goes_to_the_end() -> None:
    (block,) = yaml_blocks("x\n```yaml\na: 1\nb: 2")
    assert (block.text, block.first_line) == ("a: 1\nb: 2", 3)
