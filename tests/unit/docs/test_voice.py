"""What people read has one voice: the words that docs/development.md lists are not in it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.documented import ROOT

PLACES = (
    *("README.md", "CHANGELOG.md", "Makefile", "site.yml", "add_analyst.yml"),
    *("bin", "demo", "docs"),
    *("group_vars", "inventories", "library", "playbooks", "plugins", "rig", "roles", "src/broker"),
)
DATA = {".csv", ".gz", ".json", ".lock", ".parquet", ".pyc", ".zst"}
# Names that do not say what they hold.
NAMES = {"told", "said", "meant", "asked", "held"}
PART = re.compile(r"told_\w+|\w+_(told|said|meant|asked)")
# The status of a table that waits for approval.
TERM = "HELD"
EXCEPTIONS = {
    ("src/broker/classes.py", "nobody"): "an account of Debian",
}
CODE = re.compile(r"(`+)[^`]+\1")


def words() -> list[str]:
    """The first column of the table of words."""
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    section = text.partition("\n## Words\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [word for first in firsts for word in re.findall(r"`([^`]+)`", first)]


@cache
def pattern() -> re.Pattern[str]:
    """Any of the words; "there is no" and "is no longer" are plain English."""
    every = {one for word in words() for one in (word, word.capitalize())}
    listed = "|".join(one.replace(" ", r"[\s#]+") for one in sorted(every))
    after = r"(?![\s#]+(?:longer|later|older|more|less)\b)"
    return re.compile(rf"(?<![=\w-])(?<![Tt]here\s)({listed})\b{after}")


def hits(text: str, line: int = 1) -> Iterator[tuple[int, str]]:
    """Each word with its line. Code between backticks does not count."""
    prose = CODE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in pattern().finditer(prose):
        word = re.sub(r"[\s#]+", " ", match[1]).lower()
        yield line + prose.count("\n", 0, match.start()), word


def python_hits(source: str) -> Iterator[tuple[int, str]]:
    """In comments, docstrings and messages: a string with a blank in it is for people."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from hits(token.string, token.start[0])
    nodes = list(ast.walk(ast.parse(source)))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(value) for node in joined for value in node.values}
    plain = [
        (node.lineno, node.value)
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    ]
    for line, text in (*plain, *((node.lineno, shown(node)) for node in joined)):
        yield from hits(text, line) if re.search(r"\S\s+\S", text) else ()


def shown(node: ast.JoinedStr) -> str:
    """An f-string with {} where it holds a value."""
    return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)


def names(source: str) -> Iterator[tuple[int, str]]:
    """Each name that a file gives or uses."""
    for node in ast.walk(ast.parse(source)):
        for field in ("id", "attr", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield getattr(node, "lineno", 0), name


def files() -> list[Path]:
    """All that holds text for people, but for data."""
    found = []
    for place in PLACES:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.is_file() and path.suffix not in DATA]


def is_python(path: Path, text: str) -> bool:
    return path.suffix == ".py" or text.startswith("#!/usr/bin/env python")


@pytest.mark.parametrize("place", PLACES)
def test_texts_use_none_of_the_words_to_avoid(place: str) -> None:
    found, excused = [], set(EXCEPTIONS)
    for path in files():
        where = path.relative_to(ROOT).as_posix()
        if where == place or where.startswith(f"{place}/"):
            text = path.read_text(encoding="utf-8")
            every = python_hits(text) if is_python(path, text) else hits(text)
            found += [f"{where}:{n}: {word}" for n, word in every if (where, word) not in excused]
    assert found == []


@pytest.mark.parametrize(
    "place", ["src/broker", "library", "plugins", "demo", "inventories", "rig", "tests"]
)
def test_names_say_what_they_hold(place: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / place).rglob("*.py"))
        for line, name in names(path.read_text(encoding="utf-8"))
        if is_vague(name)
    ]
    assert found == []


def is_vague(name: str) -> bool:
    """A test says in its name what it shows, in a sentence that may end with such a word."""
    bare = name.strip("_").lower()
    part = PART.fullmatch(bare) and not bare.startswith("test_")
    return (bare in NAMES or bool(part)) and name != TERM


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_table_said", True),
        ("told_by_ssh", True),
        ("HELD_", True),
        ("HELD", False),
        ("check_held", False),
        ("test_the_place_is_told", False),
        ("retold", False),
    ],
)
def test_a_vague_name_is_found(name: str, expected: bool) -> None:
    assert is_vague(name) is expected


@pytest.mark.parametrize(("room", "noun"), [("access", "violation"), ("publish", "defect")])
def test_what_a_proof_and_a_check_of_files_found_has_its_noun(room: str, noun: str) -> None:
    files = [*(ROOT / "src/broker" / room).rglob("*.py")]
    given = {name.lower() for path in files for _, name in names(path.read_text(encoding="utf-8"))}
    assert {name for name in given if "finding" in name} == set()
    assert noun in given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("this is no key", [(1, "is no")]),
        ("so it is\n# no key", [(1, "is no")]),
        ("there is no key, and it is no longer here", []),
        ("one\nnobody may", [(2, "nobody")]),
        ("as `nobody` or --reuid=nobody", []),
        ("a file that is none", [(1, "is none")]),
        ("there is none", []),
        ("Told apart", [(1, "told")]),
    ],
)
def test_words_are_found_in_prose_alone(text: str, expected: list[tuple[int, str]]) -> None:
    assert list(hits(text)) == expected


def test_messages_are_text_and_keys_are_not() -> None:
    source = 'a = f"{x} is no {y[\'told\']}"\nb = c["told"]  # meant\n"""One\n\nsomebody"""\n'
    assert sorted(python_hits(source)) == [(1, "is no"), (2, "meant"), (5, "somebody")]
