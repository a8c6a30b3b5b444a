"""Which rules of rsync stand for which files."""

from __future__ import annotations

from broker.laptop.transfer.patterns import rules

LISTED = ["docs/schema.yml", "parquet/a/1.parquet", "parquet/a/2.parquet", "parquet/b.parquet"]


def test_a_folder_of_which_all_is_wanted_takes_one_rule() -> None:
    assert rules(LISTED, LISTED) == ["/docs/", "/docs/**", "/parquet/", "/parquet/**"]


def test_a_folder_of_which_a_part_is_wanted_names_its_files() -> None:
    assert rules(["parquet/a/1.parquet"], LISTED) == [
        *("/parquet/", "/parquet/a/", "/parquet/a/1.parquet")
    ]
    assert rules(["parquet/a/1.parquet", "parquet/a/2.parquet"], LISTED) == [
        *("/parquet/", "/parquet/a/", "/parquet/a/**")
    ]


def test_where_nothing_is_known_of_a_folder_each_file_is_named() -> None:
    assert rules(["manifest.json", "x/y"]) == ["/manifest.json", "/x/", "/x/y"]


def test_what_rsync_takes_for_a_wildcard_is_itself() -> None:
    assert rules(["a[1]/b*.x"]) == ["/a[[]1]/", "/a[[]1]/b[*].x"]
