"""Rows that say that their key is gone: the last word of a delivery decides, load or merge."""

from __future__ import annotations

import pytest

from .test_edges import BY_TIME, Make, days_ago, deliver, outcome, table

MARK = ("deletions: tombstone", "tombstone: {column: gone}")
FIRST = "1,2026-05-30T00:00:00Z,x,\n2,2026-05-30T00:00:00Z,x,\n3,2026-05-30T00:00:00Z,x,\n"
AGAIN = "2,2026-06-01T00:00:00Z,,true\n2,2026-06-02T00:00:00Z,y,\n"
LAST = "3,2026-06-01T00:00:00Z,y,\n3,2026-06-02T00:00:00Z,,1.0\n"


@pytest.mark.parametrize("merges", [True, False])
@pytest.mark.parametrize(
    "strategy",
    [BY_TIME, ("sync_strategy: partitioned", "partition_by: at"), ("sync_strategy: full_refresh",)],
)
def test_the_last_word_of_a_delivery_wins(
    described: Make, strategy: tuple[str, ...], merges: bool
) -> None:
    instance = described(table(*strategy, *MARK))
    if merges:
        deliver(instance, f"id,at,v,gone\n{FIRST}", 1)
        assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v,gone\n{FIRST}{AGAIN}{LAST}", 2)
    assert outcome(instance)[0] == 0
    assert [(row[0], row[2]) for row in instance.rows("s/t")] == [(1, "x"), (2, "y")]


def test_of_a_row_that_is_gone_nothing_but_the_key_must_fit(described: Make) -> None:
    types = "types: {id: BIGINT, at: TIMESTAMPTZ, v: BIGINT}"
    instance = described(table(*BY_TIME, *MARK, types))
    deliver(instance, "id,at,v,gone\n1,2026-05-30T00:00:00Z,1,\n2,2026-05-30T00:00:00Z,2,\n", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, 'id,at,v,gone\n1,2026-05-30T00:00:00Z,1,\n2,"","n/a",t\n', 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1]
    deliver(instance, "id,at,v,gone\n1,2026-05-30T00:00:00Z,1,\n?,,,t\n", 3)
    assert outcome(instance)[0] == 3


@pytest.mark.parametrize("mark", [" 1", "1 ", "\u0661", "1_", "0x1", "f", "0.1"])
def test_a_mark_is_a_number_only_as_the_grammar_has_it(described: Make, mark: str) -> None:
    instance = described(table(*MARK))
    deliver(instance, f"id,v,gone\n1,x,{mark}\n2,x,1.0\n3,x,+1\n4,x,\n", 1)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1, 4]


def test_the_mark_is_fetched_with_the_columns_that_are_named(described: Make) -> None:
    instance = described(table(*BY_TIME, *MARK, "columns: [id, at]"))
    deliver(instance, f"id,at,v,gone\n{FIRST}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v,gone\n{FIRST}{AGAIN}{LAST}", 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1, 2]


def test_a_key_that_dies_between_two_parts_of_a_first_load_is_gone(described: Make) -> None:
    lines = ("max_history_days: 100", "initial_load_chunk_days: 20")
    instance = described(table(*BY_TIME, *MARK, *lines))
    rows = f"1,{days_ago(90)},x,\n2,{days_ago(80)},x,\n2,{days_ago(10)},,true\n"
    instance.csv("t", f"id,at,v,gone\n{rows}3,{days_ago(60)},,true\n3,{days_ago(5)},y,\n")
    assert outcome(instance)[0] == 0
    assert [(row[0], row[2]) for row in instance.rows("s/t")] == [(1, "x"), (3, "y")]
