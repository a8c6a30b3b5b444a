"""Where the description asks otherwise than before, no row stays as it came then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from broker.errors import SourceError

from .conftest import Instance
from .feigned import START, Feign, Feigned
from .test_edges import BY_TIME, deliver, described_anew, table

Make = Callable[[str], Instance]

CENSUS = "deletions: census"
OLD = "2026-01-01T00:00:00Z"
FIRST = f"id,at,c,d\n1,{OLD},cz,NA\n2,{OLD},sk,x\n"
SECOND = f"{FIRST}3,2026-06-01T00:00:00Z,sk,NA\n"

# by name: the description before and after, the settings named, the columns looked at, the rows
CHANGES = {
    "a wider filter": (
        ("where_filters: [{column: c, values: cz}]",),
        ("where_filters: [{column: c, values: [cz, sk]}]",),
        "where_filters",
        "c",
        ["cz", "sk", "sk"],
    ),
    "a narrower filter": (
        ("max_delete_fraction: 1",),
        ("max_delete_fraction: 1", "where_filters: [{column: c, values: cz}]"),
        "where_filters",
        "c",
        ["cz"],
    ),
    "words that mean NULL": ((), ("null_values: NA",), "null_values", "d", [None, "x", None]),
    "one column more": (("columns: [id, at]",), (), "columns", "d", ["NA", "x", "NA"]),
    "one column less": ((), ("columns: [id, at, c]",), "columns", "c", ["cz", "sk", "sk"]),
    "another type": (
        (),
        ("types: {id: VARCHAR}",),
        "types.id",
        "id",
        ["1", "2", "3"],
    ),
    "another file": (
        (),
        ("file: other.csv",),
        "file, source",
        "c",
        ["pl", "at", "hu"],
    ),
    "another column of time": (
        (),
        ("incremental_column: d", "null_values: [NA, x]", "types: {d: DATE}"),
        "incremental_column, null_values, types.d",
        "c",
        ["cz", "sk", "sk"],
    ),
    "another way to write": (
        ("csv: {quote: '', encoding: latin-1}",),
        ("csv: {encoding: cp1250}",),
        "csv",
        "c",
        ["cz", "sk", "sk"],
    ),
    "no mark of the dead any more": (
        ("deletions: tombstone", "tombstone: {column: c, values: cz}"),
        ("deletions: append_only",),
        "tombstone",
        "c",
        ["cz", "sk", "sk"],
    ),
}


def table_of(*lines: str) -> str:
    """The table, incremental by ``at`` unless a line says by what, with a census unless told."""
    given = {line.partition(":")[0] for line in lines}
    usual = [line for line in (*BY_TIME, CENSUS) if line.partition(":")[0] not in given]
    return table(*usual, *lines)


@pytest.mark.parametrize("name", CHANGES)
def test_every_row_answers_the_question_of_now(described: Make, name: str) -> None:
    before, after, settings, column, expected = CHANGES[name]
    instance = described(table_of(*before))
    other = SECOND.replace("cz", "pl").replace("sk", "at", 1).replace(",sk", ",hu")
    deliver(instance, FIRST, 1)
    deliver(instance, other, 1, "other")
    assert instance.sync()["exit_code"] == 0
    described_anew(instance, table_of(*after))
    deliver(instance, SECOND, 2)
    report = instance.sync()
    (one,) = report["tables"]
    assert (report["exit_code"], one["error"]) == (0, None)
    warned = [text for text in one["warnings"] if text.startswith("every row was read anew")]
    assert warned == [f"every row was read anew; changed in the description: {settings}"]
    names, rows = instance.columns("s/t"), instance.rows("s/t")
    assert [row[names.index(column)] for row in rows] == expected
    if name == "one column less":
        assert names == ["id", "at", "c"]
    assert instance.sync()["tables"][0]["warnings"] == one["warnings"], "as long as it stands"
    deliver(instance, SECOND, 3)
    deliver(instance, other, 3, "other")
    again = instance.sync()["tables"][0]["warnings"]
    assert not [text for text in again if "anew" in text]


SAME = {
    "the type that it has": ("types: {id: BIGINT}",),
    "the columns that it has": ("columns: [id, at, c, d]",),
    "what is so anyway": ("csv: {delimiter: ',', quote: '\"'}",),
    "another promise": ("freshness: 6h", "max_delete_fraction: 0.1", "incremental_window_days: 9"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_asks_the_same_reads_no_row_twice(described: Make, name: str) -> None:
    instance = described(table_of())
    deliver(instance, SECOND, 1)
    assert instance.sync()["exit_code"] == 0
    described_anew(instance, table_of(*SAME[name]))
    deliver(instance, SECOND.replace(",sk,x", ",too old to be seen,x"), 2)
    (one,) = instance.sync()["tables"]
    assert (one["error"], one["warnings"]) == (None, [])
    assert [row[2] for row in instance.rows("s/t")] == ["cz", "sk", "sk"]


def test_a_table_that_was_read_whole_each_time_serves_as_the_start_of_a_merge(
    described: Make,
) -> None:
    instance = described(table())
    deliver(instance, FIRST, 1)
    assert instance.sync()["exit_code"] == 0
    described_anew(instance, table_of())
    deliver(instance, SECOND, 2)
    (one,) = instance.sync()["tables"]
    assert (one["error"], one["warnings"], one["rows"]) == (None, [], 3)


def test_rows_that_are_only_added_are_not_read_anew_without_a_word(described: Make) -> None:
    """A column that is no longer delivered keeps its values, but not where all rows come anew."""
    lines = ("deletions: append_only", "types: {id: BIGINT}")
    instance = described(table(*lines))
    deliver(instance, "id,c\n1,a\n", 1)
    assert instance.sync()["exit_code"] == 0
    deliver(instance, "id,v\n1,b\n", 2)
    (one,) = instance.sync()["tables"]
    assert one["warnings"] == ["column v is new", "column c is no longer delivered"]
    assert instance.rows("s/t") == [(1, "a", "b")]
    described_anew(instance, table(*lines, "null_values: NA"))
    deliver(instance, "id,v\n1,NA\n", 3)
    (one,) = instance.sync()["tables"]
    assert "every row was read anew; changed in the description: null_values" in one["warnings"]
    assert instance.rows("s/t") == [(1, None, None)]


def test_a_person_may_have_every_row_read_anew(described: Make) -> None:
    instance = described(table_of())
    deliver(instance, SECOND, 1)
    assert instance.sync()["exit_code"] == 0
    corrected = SECOND.replace(",sk,x", ",hu,x")
    deliver(instance, corrected, 2)
    assert instance.sync()["exit_code"] == 0
    assert [row[2] for row in instance.rows("s/t")] == ["cz", "sk", "sk"]
    for name in ("s.t", "s/t", "t"):
        (one,) = instance.sync("--reload", name)["tables"]
        assert one["warnings"] == ["every row was read anew; asked for with --reload"]
        assert [row[2] for row in instance.rows("s/t")] == ["cz", "hu", "sk"]
    unknown = instance.here("sync", "--reload", "s.u")
    assert unknown.returncode == 2
    assert "no such table is described" in unknown.stderr


def test_a_reload_that_would_lose_rows_is_held(described: Make) -> None:
    instance = described(table_of())
    deliver(instance, SECOND, 1)
    assert instance.sync()["exit_code"] == 0
    described_anew(instance, table_of("where_filters: [{column: c, values: cz}]"))
    for _ in range(2):
        (one,) = instance.sync()["tables"]
        assert one["status"] == "held"
        assert "2 of 3 rows are gone" in one["error"]
        assert len(instance.rows("s/t")) == 3
    assert instance.here("approve", "s.t").returncode == 0
    assert instance.sync()["exit_code"] == 0
    assert [row[2] for row in instance.rows("s/t")] == ["cz"]


def test_what_was_asked_is_told_to_no_reader(described: Make) -> None:
    instance = described(table_of("where_filters: [{column: c, values: cz}]"))
    deliver(instance, FIRST, 1)
    assert instance.sync()["exit_code"] == 0
    current = instance.data / "current"
    assert '"where_filters": "' in (current / "manifest.json").read_text()
    assert "where_filters" not in (current / "views/tree/manifest.json").read_text()


def test_an_unfinished_load_that_is_asked_otherwise_begins_anew(tmp_path: Path) -> None:
    source = Feigned("id BIGINT, made TIMESTAMPTZ, seen TIMESTAMPTZ")
    first = START.isoformat()
    source.do(
        f"INSERT INTO source SELECT d, TIMESTAMPTZ '{first}' + to_days(CAST(49 - d AS INT)), "
        f"TIMESTAMPTZ '{first}' + to_days(CAST(d AS INT)), TIMESTAMPTZ '{first}' "
        "FROM range(50) AS t(d)"
    )
    source.now = START + timedelta(days=50)
    broker = Feign(tmp_path, {"s.t": source}, _chunks("seen"))

    def break_off(_: int) -> None:
        if len(source.windows) == 3:
            raise SourceError("hung up", where="s.t")

    source.on_batch = break_off
    assert broker.sync().exit_code == 1
    assert (broker.entry("s.t").loading, broker.entry("s.t").rows) == (True, 20)
    source.on_batch = lambda _: None
    broker = Feign(tmp_path, {"s.t": source}, _chunks("made"))
    assert broker.sync().exit_code == 0
    assert broker.rows("s.t") == source.rows()


def _chunks(column: str) -> str:
    return (
        "  - {id: s.t, primary_key: id, sync_strategy: incremental, deletions: append_only,\n"
        f"     incremental_column: {column}, max_history_days: 50, initial_load_chunk_days: 10}}\n"
    )


def test_a_column_that_changes_the_case_of_its_name_is_told_and_rebuilt(described: Make) -> None:
    instance = described(table_of())
    deliver(instance, FIRST, 1)
    assert instance.sync()["exit_code"] == 0
    deliver(instance, FIRST.replace("c,d", "c,D"), 2)
    (one,) = instance.sync()["tables"]
    assert "the published column 'd' is called 'D' in the source" in one["error"]
    assert "Set on_schema_change to rebuild, or name all columns under `columns`" in one["error"]
    described_anew(instance, table_of("on_schema_change: rebuild"))
    (one,) = instance.sync()["tables"]
    assert (one["error"], one["rows"]) == (None, 2)
    assert instance.columns("s/t") == ["id", "at", "c", "D"]


@pytest.mark.parametrize("policy", ["evolve", "fail", "rebuild"])
@pytest.mark.parametrize("first", ["<html><body>Log in</body></html>", f"id,at\nx,{OLD}\n"])
def test_a_first_load_that_failed_leaves_no_columns(
    described: Make, policy: str, first: str
) -> None:
    instance = described(table_of(f"on_schema_change: {policy}", "types: {id: BIGINT}"))
    deliver(instance, first, 1)
    assert instance.sync()["exit_code"] == 1
    deliver(instance, FIRST, 2)
    (one,) = instance.sync()["tables"]
    assert (one["error"], one["rows"], one["warnings"]) == (None, 2, [])
