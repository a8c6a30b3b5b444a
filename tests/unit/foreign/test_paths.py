from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.foreign.paths import checked_path, inside, is_generation, is_path


@pytest.mark.parametrize(
    "path",
    [
        "parquet/shop/orders.parquet",
        "parquet/in.c-crm/orders/2026_11_22-1.parquet",
        "metadata/účty/faktury 2026.json",
    ],
)
def test_paths_that_a_broker_writes(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "../x", "a/../b", "a/..", "/etc/passwd", "//x", "a//b", "a/", "./a"),
        *("~/x/../..", "a\\..\\b", "C:\\x", "a\nb", "a\0b", "a\x1b[2J", "a\u202eb", "a\u200bb"),
        *(".ssh/authorized_keys", "-rf", "a/-rf", "a /b", "a/ b", "e\u0301", "\ud800"),
        *("a" * 256, "/".join(["a" * 200] * 6)),
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a relative path"):
        checked_path(path)


@given(st.text(st.sampled_from("./\\a~-\n\u202e ")))
def test_a_path_that_is_taken_stays_in_its_folder(path: str) -> None:
    if is_path(path):
        place = Path("/folder", path)
        assert ".." not in place.parts
        assert place.parts[:2] == ("/", "folder")


def test_a_place_is_resolved_and_compared(tmp_path: Path) -> None:
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    (tree / "real").mkdir(parents=True)
    elsewhere.mkdir()
    (tree / "link").symlink_to(elsewhere)
    (tree / "near").symlink_to(tree / "real")
    assert inside(tree, "real/x") == tree / "real/x"
    assert inside(tree, "near/x") == tree / "real/x"
    for path in ("link/x", "../elsewhere/x", "/etc/passwd", "real/../../elsewhere/x", "..", ""):
        with pytest.raises(ValueError, match="out of its folder"):
            inside(tree, path)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "-x", "a/b", "current", "2026-11-22T163000Z", "x2026-11-22T163000Z-7f3a"),
        *("2026-11-22T163000Z-7f3a\n", "2026-11-22T163000Z-7F3A", "2026-11-22T163000Z-7f3a.old"),
        "\u0662026-11-22T163000Z-7f3a",  # a digit of another script
    ],
)
def test_names_that_are_not_a_generation(name: str) -> None:
    assert not is_generation(name)
    assert is_generation("2026-11-22T163000Z-7f3a")
