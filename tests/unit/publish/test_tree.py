from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.publish.tree import Rights, TreeBuilder, check_path, folder_classes, seal

RIGHTS = Rights(None, os.getegid(), os.getegid(), os.getegid())


def test_a_folder_has_the_class_of_all_below_it_and_the_top_has_none() -> None:
    assert folder_classes(
        {
            "parquet/hr/salaries.parquet": "private",
            "parquet/hr/pay/2026.parquet": "private",
            "parquet/sales/orders.parquet": "public",
            "parquet/sales/margins/2026.parquet": "finance",
            "docs/schema.yml": None,
        }
    ) == {
        "docs": None,
        "parquet": None,
        "parquet/hr": "private",
        "parquet/hr/pay": "private",
        "parquet/sales": None,
        "parquet/sales/margins": "finance",
    }


def test_the_uppermost_folders_are_of_no_class_whatever_is_below() -> None:
    assert folder_classes({"parquet/sales/orders.parquet": "public"}) == {
        "parquet": None,
        "parquet/sales": "public",
    }


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "."])
def test_a_path_that_leaves_its_tree_is_refused(path: str) -> None:
    with pytest.raises(PublishError, match="inside its generation"):
        check_path(path)


def test_a_class_without_a_group_is_refused() -> None:
    with pytest.raises(PublishError, match="access_classes"):
        Rights({"public": 1}, 2, 3, 4).gid("finance")
    assert Rights({"public": 1}, 2, 3, 4).gid(None) == 2
    assert Rights({"public": 1}, 2, 3, 4).gid("-") == 3
    assert Rights(None, 2, 2, 4).gid("finance") == 2
    assert Rights({"public": 1}, 2, 3, 4).of_catalogs.gid("finance") == 4


def test_rights_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    for mask in (0o000, 0o077):
        before = os.umask(mask)
        try:
            tree = TreeBuilder(tmp_path / f"tree{mask}", RIGHTS, None)
            tree.path.mkdir(mode=0o700)
            tree.folders({"docs": None})
            tree.write("docs/a", b"x", None)
        finally:
            os.umask(before)
        assert (tree.path / "docs").stat().st_mode & 0o7777 == 0o2750
        assert (tree.path / "docs" / "a").stat().st_mode & 0o7777 == 0o640


def test_what_is_equal_is_linked_and_what_is_not_is_new(tmp_path: Path) -> None:
    before, after = (TreeBuilder(tmp_path / name, RIGHTS, tmp_path / "g1") for name in ("g1", "g2"))
    for tree, content in ((before, b"old"), (after, b"new")):
        tree.path.mkdir()
        tree.folders({"docs": None})
        tree.write("docs/same", b"same", None)
        tree.write("docs/other", content, None)
    assert (before.path / "docs/same").samefile(after.path / "docs/same")
    assert not (before.path / "docs/other").samefile(after.path / "docs/other")
    assert (before.path / "docs/other").read_bytes() == b"old"


def test_a_file_whose_rights_drifted_is_copied_and_the_past_left_alone(tmp_path: Path) -> None:
    drifted = tmp_path / "drifted"
    drifted.write_bytes(b"x")
    drifted.chmod(0o644)
    tree = TreeBuilder(tmp_path / "tree", RIGHTS, None)
    tree.path.mkdir()
    tree.link("copy", drifted, None)
    assert not (tree.path / "copy").samefile(drifted)
    assert (tree.path / "copy").stat().st_mode & 0o7777 == 0o640
    assert drifted.stat().st_mode & 0o7777 == 0o644


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"x")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(OSError, match="symbolic link"):
        seal(tmp_path / "link", os.getegid())
