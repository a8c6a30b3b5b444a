"""Which files are here by their content: plain files alone, in the order of the folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

from broker.laptop.shelf import Shelf


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def write(place: Path, content: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    return place


def test_the_first_folder_that_has_this_content_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first / "a/one", "old")
    found = write(second / "a/one", "new")
    shelf = Shelf([first, second])
    shelf.look(["a/one"])
    assert shelf.find("a/one", digest("new")) == found
    assert shelf.find("a/one", digest("old")) == first / "a/one"
    assert shelf.find("a/one", digest("other")) is None


def test_what_is_not_a_plain_file_is_not_here(tmp_path: Path) -> None:
    target = write(tmp_path / "target", "x")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    shelf = Shelf([tmp_path])
    names = ["link", "folder", "missing", "target/below", "loop/below"]
    shelf.look(names)
    assert [shelf.find(name, digest("x")) for name in names] == [None] * len(names)


def test_more_files_than_one_reader_takes_are_each_found(tmp_path: Path) -> None:
    names = [f"{number % 7}/{number}" for number in range(1_000)]
    for name in names:
        write(tmp_path / name, name)
    shelf = Shelf([tmp_path])
    shelf.look(names)
    for name in names:
        (tmp_path / name).unlink()  # what was looked at is remembered
    assert all(shelf.find(name, digest(name)) == tmp_path / name for name in names)


def test_a_file_that_was_written_is_looked_at_anew_once_it_is_forgotten(tmp_path: Path) -> None:
    place = write(tmp_path / "one", "old")
    shelf = Shelf([tmp_path])
    shelf.look(["one"])
    write(place, "new")
    assert shelf.find("one", digest("new")) is None
    shelf.forget("one")
    assert shelf.find("one", digest("new")) == place
