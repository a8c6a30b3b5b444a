"""``orders_at`` and ``orders_diff`` in the database of views."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from broker.laptop.history.kept_generations import read_history
from broker.laptop.history.moments import generation_at, moment_of

from .pasts import Past
from .test_diff import FIRST


def rows_of(past: Past, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with past.views() as connection:
        return connection.execute(sql, list(parameters) or None).fetchall()


@pytest.mark.parametrize(
    ("moment", "ids"),
    [
        ("'2026-05-01'", [1, 2, 3]),
        ("DATE '2026-05-01'", [1, 2, 3]),
        ("'2026-05-02T11:59Z'", [1, 2, 3]),
        ("'2026-05-02T13:59:59.999999+02:00'", [1, 2, 3]),
        ("'2026-05-02T14:00+02:00'", [1, 2, 4]),
        ("TIMESTAMP '2026-05-02 12:00:00'", [1, 2, 4]),
        ("TIMESTAMPTZ '2026-05-02 11:59:59+00'", [1, 2, 3]),
        ("current_date", [1, 2, 4]),
    ],
)
def test_a_moment_gives_the_newest_version_at_or_before_it(
    kept: Past, moment: str, ids: list[int]
) -> None:
    assert rows_of(kept, f"SELECT id FROM orders_at({moment}) ORDER BY 1") == [(i,) for i in ids]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_the_zone_of_the_reader_does_not_count(kept: Past, zone: str) -> None:
    with kept.views() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        for text, count in (("2026-05-01", 3), ("2026-05-02 11:59", 3), ("2026-05-02 12:00", 1)):
            sql = f"SELECT count(*) FROM orders_at('{text}') WHERE id < 4 AND total < 9"
            assert connection.execute(sql).fetchall() == [(count,)]


def test_any_moment_is_understood_as_the_verbs_understand_it(kept: Past) -> None:
    """The SQL of the macros and the rule of ``diff`` and ``at``, on random moments."""
    chance = random.Random(5)  # noqa: S311  repeatable, not secret
    generations = read_history(kept.workspace).generations
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    with kept.views() as connection:
        for _ in range(60):
            when = start + timedelta(microseconds=chance.randint(0, 5 * 86_400_000_000))
            form = chance.choice(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%f"])
            zone = chance.choice(["", "Z", "+02", "-05:30"]) if "%H" in form else ""
            text = when.strftime(form) + zone
            moment = moment_of(text)
            assert moment is not None
            expected = generation_at(generations, moment)
            sql = "SELECT list(id ORDER BY id) FROM orders_at(?)"
            if expected is None:
                with pytest.raises(duckdb.InvalidInputException, match="orders_at: the oldest"):
                    connection.execute(sql, [text])
                continue
            found = connection.execute(sql, [text]).fetchall()
            assert found == [([1, 2, 3 if expected.id == FIRST else 4],)], text


def test_before_the_oldest_it_is_an_error_and_not_an_empty_answer(kept: Past) -> None:
    for sql in (
        "FROM orders_at('2026-04-30')",
        "FROM emptied_at('2026-04-30')",
        "FROM orders_diff('2026-04-30', '2026-05-01')",
        "FROM orders_diff('2026-05-01', '2026-04-30')",
        "FROM orders_at(NULL)",
    ):
        with pytest.raises(duckdb.InvalidInputException) as caught:
            rows_of(kept, sql)
        assert f"the oldest generation that is kept here is {FIRST}" in str(caught.value)
    with pytest.raises(duckdb.ConversionException):
        rows_of(kept, "FROM orders_at('yesterday')")


def test_a_difference_has_a_column_that_says_what_became_of_the_row(kept: Past) -> None:
    sql = "SELECT change, id, total::VARCHAR FROM orders_diff('2026-05-01', '2026-05-02')"
    assert sorted(rows_of(kept, sql)) == [
        ("added", 4, "4.50"),
        ("changed", 2, "9.00"),
        ("removed", 3, "3.50"),
    ]
    moved = "SELECT change, id, day::VARCHAR FROM orders_diff('2026-05-02', '2026-05-03')"
    assert rows_of(kept, moved) == [("changed", 1, "2026-03-01")]
    assert rows_of(kept, "FROM orders_diff('2026-05-03', '2026-05-04')") == []


@pytest.mark.parametrize("table", ["orders", "stores", "drifting", "emptied", '"odd-name"'])
@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (0, 3), (2, 0)])
def test_it_counts_what_the_verb_counts(kept: Past, table: str, before: int, after: int) -> None:
    name = table.strip('"')
    names = kept.made
    counts = kept.json("diff", name, names[before], names[after])["rows"]
    days = [f"{names[at][:10]}" for at in (before, after)]
    macro = f'"{name}_diff"'
    sql = f"SELECT change, count(*) FROM {macro}('{days[0]}', '{days[1]}') GROUP BY ALL"
    found = dict(rows_of(kept, sql))
    if name == "drifting":  # its key is another on the last day: whole rows are compared
        counts = {
            "added": counts["added"] + counts["changed"],
            "removed": counts["removed"] + counts["changed"],
            "changed": 0,
        }
    assert {kind: found.get(kind, 0) for kind in counts} == counts


def test_each_version_has_the_columns_of_its_time(kept: Past) -> None:
    with kept.views() as connection:
        columns = [
            connection.execute(f"FROM drifting_at('{day}') LIMIT 0").description
            for day in ("2026-05-01", "2026-05-04")
        ]
    assert [[one[0] for one in found or []] for found in columns] == [
        ["id", "value"],
        ["id", "value", "note"],
    ]


def test_a_version_without_rows_has_none_and_one_that_is_gone_is_an_error(kept: Past) -> None:
    assert rows_of(kept, "SELECT count(*) FROM emptied_at('2026-05-01')") == [(1,)]
    assert rows_of(kept, "SELECT id, value FROM emptied_at('2026-05-02')") == []
    assert rows_of(kept, "FROM closed_at('2026-05-02')") == [(1,)]
    with pytest.raises(duckdb.InvalidInputException, match="closed_at: closed is not in"):
        rows_of(kept, "FROM closed_at('2026-05-03')")


def test_two_moments_can_be_joined_and_given_as_parameters(kept: Past) -> None:
    sql = (
        "SELECT n.id, n.total - o.total FROM orders_at(?) AS o JOIN orders_at(?) AS n USING (id) "
        "WHERE n.total <> o.total"
    )
    ((found, difference),) = rows_of(kept, sql, "2026-05-01", "2026-05-02")
    assert (found, str(difference)) == (2, "6.50")


def test_the_script_makes_the_same_macros(kept: Past) -> None:
    script = kept.workspace.database.with_name("views.sql").read_text()
    with duckdb.connect() as connection:
        for _ in range(2):  # again over what is there
            connection.execute(script)
        sql = "SELECT count(*) FROM orders_at('2026-05-01')"
        assert connection.execute(sql).fetchall() == [(3,)]
