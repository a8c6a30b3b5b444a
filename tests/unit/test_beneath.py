"""Below a folder that others write: plain files alone, and no link on the way."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from broker.beneath import opened, read_file, walk

SWAPS = 10_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with what may be read, and beside it what may not."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/secret").write_text("canary")
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder/file").write_text("content")
    (root / "link").symlink_to(tmp_path / "beside/secret")
    (root / "folder/out").symlink_to(tmp_path / "beside")
    (root / "round").symlink_to("folder")
    os.mkfifo(root / "pipe")
    return root


def test_a_plain_file_is_read_also_where_the_root_is_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(root)
    assert read_file(root, "folder/file") == b"content"
    assert read_file(tmp_path / "other", "folder/file") == b"content"


@pytest.mark.parametrize(
    "path",
    [
        "link",
        "folder/out/secret",
        "round/file",
        "pipe",
        "folder",
        "missing",
        "../beside/secret",
        "folder/../folder/file",
        "./folder/file",
        "folder//file",
        "/etc/passwd",
        "",
    ],
)
def test_anything_else_is_an_error_at_once(root: Path, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        read_file(root, path)


def test_a_file_of_any_size_is_not_read_into_memory(root: Path) -> None:
    with (root / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(OSError, match="too large"):
        read_file(root, "huge")


def test_a_walk_names_links_and_pipes_and_enters_none(root: Path) -> None:
    found = [path.removeprefix(f"{root}") for path, _ in walk(root)]
    assert found == [
        "",
        "/folder",
        "/folder/file",
        "/folder/out",
        "/link",
        "/pipe",
        "/round",
    ]


def test_a_walk_may_begin_below_stop_early_and_skip_a_name(root: Path) -> None:
    def names(*start: str, **how: object) -> list[str]:
        return [path.removeprefix(f"{root}/") for path, _ in walk(root, *start, **how)]  # type: ignore[arg-type]

    assert names("folder") == ["folder", "folder/file", "folder/out"]
    assert names("folder", depth=1) == ["folder"]
    assert names("folder", skip="file") == ["folder", "folder/out"]
    for outside in ("round", "link", "folder/out"):
        assert names(outside) == [outside]
    assert names("folder/out/secret") == []
    assert names("missing") == []


def test_a_root_that_is_a_link_is_named_and_not_entered(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(root)
    assert [path for path, _ in walk(tmp_path / "other")] == [str(tmp_path / "other")]


def test_swapped_meanwhile_it_never_reads_what_stands_outside(root: Path, tmp_path: Path) -> None:
    """A folder and a file, each exchanged for a link and back, while both are read."""
    (root / "moving").mkdir()
    (root / "moving/secret").write_text("mine")
    (tmp_path / "beside/other").touch()
    (root / "aside").symlink_to(tmp_path / "beside")
    ended = threading.Event()

    def swap() -> None:
        for _ in range(SWAPS):
            (root / "moving").rename(root / "kept")
            (root / "aside").rename(root / "moving")
            (root / "moving").rename(root / "aside")
            (root / "kept").rename(root / "moving")
        ended.set()

    swapping = threading.Thread(target=swap)
    swapping.start()
    contents, names = {b"mine"}, {f"{root}/moving"}
    while not ended.is_set():
        with suppress(OSError), opened(root, "moving/secret") as stream:
            contents.add(stream.read())
        names.update(path for path, _ in walk(root, "moving"))
    swapping.join()
    assert contents == {b"mine"}
    assert names == {f"{root}/moving", f"{root}/moving/secret"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_right_to_enter_is_enough_to_read_a_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (root.parent, root, root / "folder"):
        folder.chmod(0o711)
    monkeypatch.chdir(root.parent)
    os.seteuid(61000)
    try:
        with pytest.raises(PermissionError):
            [*Path(root.name).iterdir()]
        assert read_file(Path(root.name), "folder/file") == b"content"
    finally:
        os.seteuid(0)
