"""Which transcripts are of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.laptop.agents.transcripts import encoded, start_of, transcripts

from .sessions_made import ONE, OTHER, line, session


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "my data"
    made.mkdir()
    return made


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def ids(root: Path, environment: dict[str, str]) -> list[str]:
    return [one.id for one in transcripts(root, environment)]


def test_those_that_began_in_this_folder_the_last_one_at_the_end(
    root: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    settings = tmp_path / ".claude"
    session(settings, root, line(root, "later"), name=OTHER, seconds=1_800_000_100)
    session(settings, root, {"type": "summary"}, line(root, "first"))
    session(settings, root / "user", line(root / "user", "below"), name=OTHER)
    assert ids(root, environment) == [ONE, OTHER]
    own = tmp_path / "elsewhere"
    session(own, root, line(root, "x"))
    assert ids(root, {**environment, "CLAUDE_CONFIG_DIR": str(own)}) == [ONE]
    assert ids(root, {"HOME": "/nonexistent"}) == []


def test_another_folder_with_the_same_letters_is_known_by_its_lines(
    root: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    other = tmp_path / "my-data"
    assert encoded(other) == encoded(root)
    session(tmp_path / ".claude", other, line(other, "not yours"))
    session(tmp_path / ".claude", root, {"type": "summary"}, name=OTHER)
    assert ids(root, environment) == []
    assert ids(other, environment) == [ONE]


def test_a_name_of_more_than_200_letters_is_cut(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    long = tmp_path / ("a" * 150) / ("b" * 150)
    other = tmp_path / ("a" * 150) / ("b" * 151)
    name = f"{encoded(long)[:200]}-x7k2"
    session(tmp_path / ".claude", long, line(long, "x"), folder=name)
    session(tmp_path / ".claude", other, line(other, "x"), folder=name, name=OTHER)
    assert ids(long, environment) == [ONE]
    short = tmp_path / "a"
    session(tmp_path / ".claude", short, line(short, "x"), folder=f"{encoded(short)}-b")
    assert ids(short, environment) == []


def test_links_pipes_and_files_of_other_names_are_not_read(
    root: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    settings = tmp_path / ".claude"
    real = session(settings, root, line(root, "x"))
    for name in ("agent-1234", "..", "notes", ONE.upper()):
        session(settings, root, line(root, "x"), name=name)
    real.with_name(f"{OTHER}.jsonl").symlink_to(real)
    os.mkfifo(real.with_name(f"{OTHER[:-1]}0.jsonl"))
    real.with_name(f"{OTHER[:-1]}1.jsonl").mkdir()
    assert ids(root, environment) == [ONE]
    with pytest.raises(OSError, match="Too many levels"):
        start_of(real.with_name(f"{OTHER}.jsonl"))
    linked = tmp_path / "linked"
    linked.mkdir()
    (settings / "projects" / encoded(linked)).symlink_to(real.parent)
    assert ids(linked, environment) == []


def test_lines_that_are_not_json_do_not_hide_where_it_began(
    root: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    hostile = [b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"cwd": 5}\n', b"null\n", b"\n"]
    session(tmp_path / ".claude", root, *hostile, line(root, "x"))
    assert ids(root, environment) == [ONE]
