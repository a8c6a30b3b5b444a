"""``diff``: what became of each row between two generations that are kept."""

from __future__ import annotations

import pytest

from .pasts import Past

FIRST, SECOND, THIRD, FOURTH = (f"2026-05-0{day}T120000Z-0000" for day in (1, 2, 3, 4))
TITLE = {name: f"{name} ({name[:10]} 12:00 UTC)" for name in (FIRST, SECOND, THIRD, FOURTH)}


def lines(past: Past, *words: str) -> list[str]:
    ended = past.run("diff", *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def test_rows_are_matched_by_key_and_a_changed_one_shows_what_changed(kept: Past) -> None:
    assert lines(kept, "orders", "2026-05-01", "2026-05-02") == [
        f"orders: {TITLE[FIRST]} -> {TITLE[SECOND]}",
        "rows: 1 added, 1 removed, 1 changed",
        "  added    id=4: day=2026-03-01, total=4.50, note=d",
        "  changed  id=2: total 2.50 -> 9.00",
        "  removed  id=3: day=2026-03-01, total=3.50, note=c",
    ]


def test_it_is_the_same_the_other_way_round(kept: Past) -> None:
    found = kept.json("diff", "orders", SECOND, FIRST)
    assert found["rows"] == {"added": 1, "removed": 1, "changed": 1}
    (changed,) = (row for row in found["shown"] if row["change"] == "changed")
    assert (changed["before"]["total"], changed["after"]["total"]) == ("9.00", "2.50")
    assert changed["key"] == {"id": "2"}


def test_a_row_that_moved_to_another_partition_is_one_changed_row(kept: Past) -> None:
    assert lines(kept, "orders", SECOND, THIRD)[1:] == [
        "rows: 0 added, 0 removed, 1 changed",
        "  changed  id=1: day 2026-01-01 -> 2026-03-01",
    ]


def test_by_default_the_one_before_is_compared_with_the_one_in_use(kept: Past) -> None:
    assert lines(kept, "orders") == [
        f"orders: {TITLE[THIRD]} -> {TITLE[FOURTH]}",
        "rows: 0 added, 0 removed, 0 changed",
    ]


def test_a_type_that_widened_and_a_column_that_came_are_shown(kept: Past) -> None:
    widened = lines(kept, "drifting", "2026-05-01", "2026-05-02T12:00Z")
    assert widened[1] == "rows: 0 added, 0 removed, 1 changed"
    assert widened[2].startswith("columns: value BIGINT -> ")
    assert widened[-1].startswith("  changed  id=2: value 20")
    came = lines(kept, "drifting", "2026-05-02", "2026-05-03")
    assert came[1:3] == ["rows: 0 added, 0 removed, 1 changed", "columns: note VARCHAR added"]
    assert came[3] == "  changed  id=2: note NULL -> new"


def test_a_key_that_changed_is_said_and_rows_are_compared_as_a_whole(kept: Past) -> None:
    found = lines(kept, "drifting")
    assert found[1] == "rows: 1 added, 1 removed, 0 changed"
    assert found[2].startswith("NOTE: the key was (id) and is (id, note): rows are compared as")
    assert "  added    id=1, value=10, note=old" in [line.replace("10.0", "10") for line in found]


def test_a_table_without_a_key_says_so(kept: Past) -> None:
    found = lines(kept, "stores", SECOND, THIRD)
    assert found[1] == "rows: 1 added, 0 removed, 0 changed"
    assert found[2].startswith("NOTE: the table has no key")
    assert found[3] == "  added    id=8, name=Praha"


def test_a_table_that_is_gone_or_came_says_so(kept: Past) -> None:
    found = lines(kept, "closed", FIRST, FOURTH)
    assert found[1:3] == [
        "rows: 0 added, 1 removed, 0 changed",
        f"NOTE: closed is not in generation {TITLE[FOURTH]}: all rows of the other count",
    ]
    assert lines(kept, "closed", FOURTH, FIRST)[1] == "rows: 1 added, 0 removed, 0 changed"
    ended = kept.run("diff", "closed")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"broker: closed is not in generation {TITLE[FOURTH]}, and closed is not in generation "
        f"{TITLE[THIRD]}\n"
    )


def test_names_that_need_quotes_and_a_table_that_lost_all_rows(kept: Past) -> None:
    assert lines(kept, "odd-name", FIRST, SECOND)[1:] == [
        "rows: 0 added, 0 removed, 1 changed",
        '  changed  the "id"=1: it\'s x -> y',
    ]
    assert lines(kept, "emptied", FIRST, SECOND)[1] == "rows: 0 added, 1 removed, 0 changed"
    assert lines(kept, "emptied", SECOND, FIRST)[1] == "rows: 1 added, 0 removed, 0 changed"
    assert lines(kept, "emptied", SECOND, THIRD)[1] == "rows: 0 added, 0 removed, 0 changed"


@pytest.mark.parametrize("name", ["ORDERS", "shop/orders", "shop.orders", "in.c-shop.orders"])
def test_a_table_is_named_as_in_a_query_by_its_path_or_its_id(kept: Past, name: str) -> None:
    assert kept.json("diff", name)["table"] == "orders"


def test_no_more_rows_are_shown_than_were_asked_for_and_each_kind_is_among_them(
    kept: Past,
) -> None:
    found = kept.json("diff", "orders", FIRST, THIRD, "--rows", "3")
    assert found["rows"] == {"added": 1, "removed": 1, "changed": 2}
    assert sorted(row["change"] for row in found["shown"]) == ["added", "changed", "removed"]
    assert lines(kept, "orders", FIRST, THIRD, "--rows", "3")[-1] == (
        "3 of 4 rows are shown; --rows shows more"
    )
    assert kept.json("diff", "orders", FIRST, THIRD, "--rows", "0")["shown"] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ordres"], "there is no such table; found ordres. Did you mean orders?"),
        (
            ["orders", "2026-04-30"],
            "no generation that is kept here is so old; expected a moment "
            "from 2026-05-01T12:00:00Z on; found 2026-04-30",
        ),
        (["orders", "latst"], "found latst. Did you mean latest?"),
        (["orders", "2026-05-32"], "no generation of this name is kept here"),
        (["orders", "../../etc"], "no generation of this name is kept here"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(
    kept: Past, words: list[str], sentence: str
) -> None:
    ended = kept.run("diff", *words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1
