"""Which generation is in use where links need rights: a file, and copies of the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.pointer import FilePointer, LinkPointer, Pointer, pointed


def generation(server: Path, name: str, **pages: str) -> Path:
    place = server / "generations" / name
    for part in ("parquet", "docs", "metadata"):
        (place / part).mkdir(parents=True)
    for page, text in pages.items():
        (place / "docs" / page).write_text(text)
    return place


@pytest.fixture
def server(tmp_path: Path) -> Path:
    return tmp_path / "server"


@pytest.mark.parametrize("pointer", [FilePointer(), LinkPointer()])
def test_it_names_one_generation_and_then_the_next(server: Path, pointer: Pointer) -> None:
    first = generation(server, "one", same="x", changed="a", gone="y")
    second = generation(server, "two+", same="x", changed="b", new="z")
    pointer.check(server)
    assert pointed(server / "current") is None
    for place in (first, second, first, second):
        assert not pointer.is_at(server, place)
        pointer.point(server, place)
        assert pointer.is_at(server, place)
        assert pointed(server / "current") == place
    shown = {page.name: page.read_text() for page in (server / "docs").iterdir()}
    assert shown == {"same": "x", "changed": "b", "new": "z"}
    assert not (server / ".links").exists()


def test_no_link_is_made_and_none_of_another_system_stays(server: Path) -> None:
    first, second = generation(server, "one", page="a"), generation(server, "two", page="b")
    LinkPointer().point(server, first)
    FilePointer().point(server, second)
    assert not [path for path in server.rglob("*") if path.is_symlink()]
    assert not (server / "parquet").exists()
    assert (first / "docs/page").read_text() == "a"
    assert (server / "current").read_text() == "generations/two\n"
    LinkPointer().point(server, first)
    assert (server / "current").is_symlink()
    assert (server / "docs/page").read_text() == "a"


def test_a_sync_that_was_cut_off_has_to_be_finished(server: Path) -> None:
    place = generation(server, "one")
    FilePointer().point(server, place)
    (server / "docs").rmdir()
    assert not FilePointer().is_at(server, place)


def test_a_page_that_is_open_elsewhere_leaves_what_was_in_use(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = generation(server, "one", page="a"), generation(server, "two", page="b")
    FilePointer().point(server, first)

    def refuse(_: Path, target: Path) -> Path:
        raise PermissionError(13, "Access denied", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(LaptopError, match="another program has a page of the data open"):
            FilePointer().point(server, second)
    assert pointed(server / "current") == first


@pytest.mark.parametrize(
    "text",
    ["", "generations/../..\n", "/etc\n", "generations/.x\n", "generations/a\nb\n", "x" * 999],
)
def test_a_file_that_names_something_else_names_nothing(server: Path, text: str) -> None:
    server.mkdir()
    (server / "current").write_text(text)
    assert pointed(server / "current") is None
