"""Profiles of real files, against plain Python over the same values."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.config.profiles import Alerts, Tier
from broker.profile import measure as measuring
from broker.profile.make import Before
from broker.profile.measure import FileRows, measure
from broker.profile.state import ColumnState
from broker.tables.session import session

from .tables import LIMITS, Table, one_column, profile, table

DAY = date(2026, 3, 1)
NUMBERS = {
    "BIGINT": st.integers(-(2**40), 2**40)
    | st.integers(-20, 20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(2**60, 2**60 + 3_000)
    | st.integers(-(2**60) - 3_000, -(2**60)),
    "DECIMAL(12,2)": st.integers(-(10**11), 10**11).map(lambda n: Decimal(n).scaleb(-2))
    | st.integers(-300, 300).map(lambda n: Decimal(n).scaleb(-2)),
    "DOUBLE": st.floats(allow_nan=True, allow_infinity=True)
    | st.integers(-400, 400).map(lambda n: n / 100),
}
TIMES = {
    "DATE": st.dates(date(1, 1, 1), date(9999, 12, 31)) | st.dates(DAY, DAY + timedelta(60)),
    "TIMESTAMP": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
}
TEXTS = {"VARCHAR": st.text(max_size=5), "BOOLEAN": st.booleans()}


@pytest.fixture(autouse=True, scope="module", params=["rows", "groups", "sketches"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """How files are measured: small ones, those of few different values, and all others."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "rows":
            patch.setattr(measuring, "FEW_ROWS", -1)
        if request.param == "sketches":
            patch.setattr(measuring, "FEW_VALUES", -1)
        yield request.param


def column(made: Table, tier: Tier = Tier.SAMPLES, fewest: int = 10) -> dict[str, Any]:
    """What the profile of a table says of its only column."""
    document = json.loads(profile(made, tier, fewest=fewest).document)
    found: dict[str, Any] = document["columns"][0]
    return found


def state_of(made: Table) -> ColumnState:
    """What is measured of the only column of the only file of a table."""
    (file,) = made.entry.files
    columns = made.entry.schema.columns
    with session(LIMITS, made.folder / "work") as connection:
        rows = FileRows(made.place(file.path), file.sha256, file.rows)
        return measure(lambda: connection, rows, columns, [0])[0]


def is_finite(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def position(value: Any) -> Any:
    """A value as edges of bars are compared with it."""
    if isinstance(value, float):
        return value
    if isinstance(value, datetime):
        return value.date()
    return value


def edge(text: str, like: Any) -> Any:
    if isinstance(like, float):
        return float(text)
    return date.fromisoformat(text) if isinstance(like, date) else Decimal(text)


def inside(bar: dict[str, Any], value: Any) -> bool:
    at = position(value)
    above = bar["low"] is None or at >= edge(bar["low"], at)
    return above and (bar["high"] is None or at < edge(bar["high"], at))


@pytest.mark.parametrize("type_", [*NUMBERS, *TIMES, *TEXTS])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_profile_is_what_plain_python_finds(type_: str, data: st.DataObject) -> None:
    values = st.none() | {**NUMBERS, **TIMES, **TEXTS}[type_]
    files = data.draw(st.lists(st.lists(values, min_size=1, max_size=40), min_size=1, max_size=4))
    with TemporaryDirectory() as folder:
        found = column(one_column(Path(folder), type_, *files))
    every = [value for one in files for value in one]
    known = [value for value in every if value is not None]
    finite = [value for value in known if is_finite(value)]
    assert found["nulls"] == len(every) - len(known)
    assert found["not_finite"] == len(known) - len(finite)
    counts = Counter(known)
    if found["distinct_error"] == 0 and not found["not_finite"]:
        assert found["distinct"] == len(counts)
    if finite and type_ in {**NUMBERS, **TIMES}:
        assert sum(bar["count"] for bar in found["bars"]) == len(finite)
        for bar in found["bars"]:
            assert bar["count"] == sum(inside(bar, value) for value in finite), bar
        low, high = position(min(finite)), position(max(finite))
        texts = found["low"].partition(" ")[0], found["high"].partition(" ")[0]
        if type_ in NUMBERS:
            assert tuple(edge(text, low) for text in texts) == (low, high)
    if finite and type_ in NUMBERS and all(abs(value) < 1e200 for value in finite):
        mean, least = math.fsum(finite) / len(finite), 1e-13 * max(map(abs, map(float, finite)))
        assert math.isclose(found["mean"], mean, rel_tol=1e-9, abs_tol=max(1e-6, least))
    if type_ == "VARCHAR" and known:
        lengths = [len(value) for value in known]
        assert found["characters"]["least"] == min(lengths)
        assert found["characters"]["greatest"] == max(lengths)
        best = max(counts.values())
        assert found["top"][0]["count"] == best
    if type_ in TEXTS:
        assert sum(one["count"] for one in found["top"]) + found["others"] == len(known)


def test_ids_past_all_whole_doubles_have_bars_with_every_row(tmp_path: Path) -> None:
    """As those that count milliseconds and machines do: 64 bits, of which a double has 53."""
    first = 1_152_921_504_606_846_976
    found = column(one_column(tmp_path, "BIGINT", range(first, first + 21_000, 7)))
    assert (found["low"], found["high"]) == (str(first), str(first + 20_993))
    for bar in found["bars"]:
        inside_bar = range(max(int(bar["low"]), first), min(int(bar["high"]), first + 21_000))
        assert bar["count"] == sum((at - first) % 7 == 0 for at in inside_bar)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_a_quantile_is_right_within_a_hundredth_of_the_range(tmp_path: Path, share: float) -> None:
    values = [(i * 7919) % 100_000 for i in range(20_000)]
    made = one_column(tmp_path, "BIGINT", values[:5_000], values[5_000:])
    quantiles = {one["share"]: float(one["value"]) for one in column(made)["quantiles"]}
    assert quantiles[share] == pytest.approx(sorted(values)[int(share * 20_000)], abs=1_000)


def test_many_different_values_are_counted_within_three_standard_errors(tmp_path: Path) -> None:
    files = [[f"user{i % 30_000}" for i in range(at, at + 20_000)] for at in (0, 15_000)]
    found = column(one_column(tmp_path, "VARCHAR", *files))
    assert found["distinct_error"] == pytest.approx(0.0325)
    assert found["distinct"] == pytest.approx(30_000, rel=3 * 0.0325)


def test_values_in_files_that_do_not_overlap_are_counted_exactly(tmp_path: Path, way: str) -> None:
    made = one_column(tmp_path, "BIGINT", range(1_000), range(1_000, 3_000))
    found = column(made)
    if way == "sketches":  # of which each file has one
        assert found["distinct"] == pytest.approx(3_000, rel=3 * 0.0325)
        assert found["distinct_error"] == pytest.approx(0.0325)
    else:
        assert (found["distinct"], found["distinct_error"]) == (3_000, 0)


def test_a_key_has_as_many_values_as_rows(tmp_path: Path) -> None:
    files = [{"id": list(range(0, 4_000, 2))}, {"id": list(range(1, 4_000, 2))}]
    found = column(table(tmp_path, {"id": "BIGINT"}, files, key=("id",)))
    assert (found["distinct"], found["distinct_error"]) == (4_000, 0)


def test_times_that_are_infinite_stand_in_no_bar(tmp_path: Path) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    days = [int((first + timedelta(n)).timestamp()) * 10**6 for n in range(30)]
    found = column(one_column(tmp_path, "TIMESTAMP", [*days, 2**63 - 1, 1 - 2**63, None]))
    assert (found["nulls"], found["not_finite"]) == (1, 2)
    assert sum(bar["count"] for bar in found["bars"]) == 30
    assert (found["low"][:10], found["high"][:10]) == ("2026-03-01", "2026-03-30")


def test_a_value_that_is_frequent_is_counted_among_many_others(tmp_path: Path, way: str) -> None:
    values = [f"user{n}" for n in range(30_000)]
    for at in range(0, 30_000, 60):
        values[at] = "unknown"
    found = column(one_column(tmp_path, "VARCHAR", values))
    assert found["top"][0] == {"value": "unknown", "count": 500}
    assert (found["top_is_exact"], found["others"] >= 29_000) == (False, True)
    if way == "sketches":
        assert found["distinct"] == pytest.approx(29_501, rel=3 * 0.0325)
        assert found["distinct_error"] == pytest.approx(0.0325)


def test_few_values_are_all_listed_however_they_are_measured(tmp_path: Path) -> None:
    values = [("abcdefghij"[n % 10] if n % 3 else None) for n in range(50_000)]
    found = column(one_column(tmp_path, "VARCHAR", values))
    counts = Counter(value for value in values if value is not None)
    assert {one["value"]: one["count"] for one in found["top"]} == counts
    assert (found["distinct"], found["distinct_error"], found["top_is_exact"]) == (10, 0, True)


def test_a_long_text_is_not_counted_among_all_values(tmp_path: Path) -> None:
    values = ["short", "x" * 5_000, "y" * 201, "ž" * 200] * 30
    found = column(one_column(tmp_path, "VARCHAR", values))
    assert {one["value"] for one in found["top"]} == {"short", "ž" * 200}
    assert (found["top_is_exact"], found["others"]) == (False, 60)


def test_one_value_far_away_leaves_the_bars_of_the_others(tmp_path: Path) -> None:
    found = column(one_column(tmp_path, "DOUBLE", [*(i / 10 for i in range(5_000)), 1e15]))
    assert len(found["bars"]) > 20
    assert found["bars"][-1] == {"low": "500", "high": None, "count": 1}


def test_a_day_that_stands_for_nothing_leaves_the_bars_of_the_others(tmp_path: Path) -> None:
    days = [DAY + timedelta(i % 90) for i in range(3_000)] + [date(1900, 1, 1), date(9999, 12, 31)]
    found = column(one_column(tmp_path, "DATE", days))
    assert [bar["low"] for bar in found["bars"]] == [None, *(f"2026-0{m}-01" for m in (3, 4, 5, 6))]
    assert (found["low"], found["high"]) == ("1900-01-01", "9999-12-31")
    assert found["coverage"] == {
        "unit": "day", "first": "2026-03-01", "last": "2026-05-29", "missing": 0, "gaps": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "bars", "ends"),
    [
        ([-800_000, -799_999, -799_998], [(None, None, 3)], None),
        ([5_000_000, 5_000_030, 5_000_060], [(None, None, 3)], None),
        ([-800_000, 0, 20_000], [(None, "0070-01-01", 1), ("1970-01-01", "2070-01-01", 2)], None),
        (
            [*range(2_932_894, 2_932_899)],
            [("9999-12-29", "9999-12-30", 1), ("9999-12-30", "9999-12-31", 1),
             ("9999-12-31", None, 3)],
            ("9999-12-29", "9999-12-31"),
        ),
    ],
)  # fmt: skip
def test_days_out_of_the_calendar_stand_in_open_bars(
    tmp_path: Path,
    days: list[int],
    bars: list[tuple[str | None, str | None, int]],
    ends: tuple[str, str] | None,
) -> None:
    """Days are counted from 1970: DuckDB has those before the year 1, and after 9999."""
    found = column(one_column(tmp_path, "DATE", days))
    assert [tuple(bar.values()) for bar in found["bars"] if bar["count"]] == bars
    coverage = found["coverage"]
    assert (coverage and (coverage["first"], coverage["last"])) == ends
    assert all(bar["low"] and bar["high"] for bar in found["bars"][1:-1])


def test_missing_days_are_gaps_and_weekends_are_not(tmp_path: Path) -> None:
    monday = date(2026, 1, 5)
    work = [monday + timedelta(i) for i in range(200) if (monday + timedelta(i)).weekday() < 5]
    holidays = [day for day in work if not date(2026, 4, 1) <= day <= date(2026, 4, 10)]
    found = column(one_column(tmp_path, "DATE", holidays))["coverage"]
    assert (found["unit"], found["gaps"]) == ("day", [["2026-04-01", "2026-04-12"]])
    assert found["missing"] == 12
    assert alerts(one_column(tmp_path, "DATE", holidays)) == ["gap"]


def test_only_files_that_changed_are_read(tmp_path: Path) -> None:
    files = [{"v": list(range(at, at + 50))} for at in (0, 50, 100)]
    first = table(tmp_path, {"v": "BIGINT"}, files)
    one = profile(first)
    changed = table(tmp_path, {"v": "BIGINT"}, [*files[:2], {"v": list(range(100, 170))}])
    for file in first.entry.files[:2]:
        first.place(file.path).unlink()
    again = json.loads(
        profile(changed, Tier.COUNTS, before=Before(one.document, one.states)).document
    )
    assert again["columns"][0]["distinct"] == again["rows"] == 170


def test_a_profile_from_kept_states_is_the_profile_from_all_files(tmp_path: Path) -> None:
    types = {"id": "BIGINT", "price": "DECIMAL(12,2)", "at": "TIMESTAMPTZ", "word": "VARCHAR"}

    def rows(start: int, count: int) -> dict[str, list[Any]]:
        numbers = range(start, start + count)
        return {
            "id": list(numbers),
            "price": [Decimal(n * 37 % 5_000).scaleb(-2) for n in numbers],
            "at": [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in numbers],
            "word": [f"w{n % 17}" if n % 5 else None for n in numbers],
        }

    files = [rows(0, 300), rows(300, 300), rows(600, 200)]
    before = profile(table(tmp_path, types, files[:2]))
    whole = table(tmp_path, types, files)
    kept = profile(whole, before=Before(before.document, before.states))
    anew = profile(whole)
    assert kept.states == anew.states
    one, other = json.loads(kept.document), json.loads(anew.document)
    assert [point["rows"] for point in one.pop("history")] == [600, 800]
    other.pop("history")
    assert [alert["kind"] for alert in one.pop("alerts")] == [
        a["kind"] for a in other.pop("alerts")
    ]
    assert one == other


def test_only_columns_that_changed_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = {"id": "BIGINT", "price": "DECIMAL(12,2)", "word": "VARCHAR", "list": "BIGINT[]"}
    rows = {
        "id": list(range(40)),
        "price": [Decimal(n).scaleb(-2) for n in range(40)],
        "word": [f"w{n % 7}" for n in range(40)],
    }
    flat = {name: types[name] for name in rows}
    same = {name: values[:1] for name, values in rows.items()}
    first = table(tmp_path / "first", flat, [rows, same])
    changed = {**rows, "word": ["new", *rows["word"][1:]]}
    second = table(tmp_path / "second", flat, [changed, same])
    measured: list[list[str]] = []

    def noted(*given: Any, **options: Any) -> Any:
        measured.append([given[2][at].name for at in given[3]])
        return measure(*given, **options)

    monkeypatch.setattr("broker.profile.make.measure", noted)
    one = profile(first)
    old, new = first.entry.files[0], second.entry.files[0]
    files = {new.path: (old.sha256, first.place(old.path))}
    again = profile(second, before=Before(None, one.states, files))
    assert measured == [["id", "price", "word"], ["id", "price", "word"], ["word"]]
    anew = profile(second)
    assert again.states == anew.states
    assert again.document == anew.document
    profile(second, before=Before(None, one.states, {new.path: ("another", tmp_path)}))
    assert measured[-1] == ["id", "price", "word"]
    lists = [{**rows, "list": [[1]] * 40}, {**same, "list": [[1]]}]
    both = table(tmp_path / "first", types, lists)
    measured.clear()
    profile(both, before=Before(None, one.states, {both.entry.files[0].path: files[new.path]}))
    assert measured[0] == ["id", "price", "word", "list"]


def test_what_is_measured_of_one_small_file_is_not_kept(tmp_path: Path, way: str) -> None:
    one, other = list(range(700)), [n * n for n in range(500)]
    made = profile(one_column(tmp_path, "BIGINT", one))
    assert (made.states is None) == (way == "rows")
    both = one_column(tmp_path, "BIGINT", one, other)
    grown = profile(both, before=Before(None, made.states))
    assert grown.states == profile(both).states
    distinct = json.loads(grown.document)["columns"][0]["distinct"]
    assert distinct == pytest.approx(len({*one, *other}), rel=3 * 0.0325)


def test_states_of_another_release_are_made_anew(tmp_path: Path) -> None:
    made = one_column(tmp_path, "BIGINT", range(30), range(40))
    states = profile(made).states
    assert states is not None
    broken = Before(None, states.replace(b"duckdb", b"duckdc"))
    assert profile(made, before=broken).states == states
    assert profile(made, before=Before(None, b"no parquet")).states == states


def test_columns_of_every_type_have_a_profile(tmp_path: Path) -> None:
    types = {"list": "BIGINT[]", "Name": "VARCHAR", "name": "VARCHAR", 'odd"name': "BIGINT"}
    rows = {"list": [[1], [1], None], "Name": ["a", "b", "c"], "name": ["x", "x", "x"],
            'odd"name': [1, None, 1]}  # fmt: skip
    document = json.loads(profile(table(tmp_path, types, [rows])).document)
    found = {one["name"]: one for one in document["columns"]}
    assert {name: one["distinct"] for name, one in found.items()} == {
        "list": 1, "Name": 3, "name": 1, 'odd"name': 1
    }  # fmt: skip
    assert (found["list"]["bars"], found["list"]["nulls"]) == ([], 1)
    assert found["name"]["top"] == [{"value": "x", "count": 3}]
    assert document["samples"][0] == ["[1]", "a", "x", "1"]


def test_a_table_without_rows_has_a_profile(tmp_path: Path) -> None:
    document = json.loads(profile(one_column(tmp_path, "BIGINT", [])).document)
    assert (document["rows"], document["samples"]) == (0, [])
    assert document["columns"][0]["bars"] == []
    assert json.loads(profile(one_column(tmp_path, "DATE")).document)["columns"][0]["nulls"] == 0


def test_a_long_value_is_not_shown(tmp_path: Path) -> None:
    text = "x" * 5_000
    document = profile(one_column(tmp_path, "VARCHAR", [text] * 9)).document.decode()
    assert "x" * 200 in document
    assert "x" * 202 not in document
    assert json.loads(document)["samples"] == [["x" * 200]] * 5
    assert json.loads(document)["columns"][0]["top"] == []


@pytest.mark.parametrize("tier", [Tier.COUNTS, Tier.RANGES])
@pytest.mark.parametrize(
    ("type_", "values", "secrets"),
    [
        (
            "BIGINT",
            [987_654_321, *[n % 50 for n in range(2_000)], -7_777_777],
            ["987654", "777777"],
        ),
        ("VARCHAR", ["usual"] * 500 + ["Secret Person", "Other One"], ["Secret", "Other"]),
        (
            "DATE",
            [date(1931, 5, 17)]
            + [DAY + timedelta(n % 30) for n in range(500)]
            + [date(2031, 7, 9)],
            ["1931", "2031"],
        ),
        ("DOUBLE", [0.123456, *[1 + n % 40 / 7 for n in range(600)], 99_999.5], ["0.1", "99999"]),
    ],
)
def test_small_groups_are_not_shown(
    tmp_path: Path, tier: Tier, type_: str, values: list[Any], secrets: list[str]
) -> None:
    made = one_column(tmp_path, type_, values)
    text = profile(made, tier).document.decode()
    for secret in secrets:
        assert secret not in text
    everything = profile(made).document.decode()
    assert any(secret in everything for secret in secrets)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-1_000, 1_000) | st.integers(-5, 5) | st.none(), max_size=120),
    st.integers(2, 30),
)
def test_no_group_of_a_range_is_small(values: list[int | None], fewest: int) -> None:
    with TemporaryDirectory() as folder:
        found = column(one_column(Path(folder), "BIGINT", values), Tier.RANGES, fewest)
    known = len(values) - values.count(None)
    if known < fewest:
        assert set(found) == {"name", "type", "kind", "nulls", "distinct", "distinct_error"}
        return
    assert sum(bar["count"] for bar in found["bars"]) == known
    assert all(bar["count"] == 0 or bar["count"] >= fewest for bar in found["bars"])
    assert (found["bars"][0]["low"], found["bars"][-1]["high"]) == (None, None)
    assert all(bar["count"] for bar in (found["bars"][0], found["bars"][-1]))
    assert all(one["count"] >= fewest for one in found["top"])
    assert found["others"] == 0 or found["others"] >= fewest
    assert not {"low", "high"} & set(found)
    assert found["zeros"] is None or found["zeros"] == 0 or found["zeros"] >= fewest


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("BIGINT", [0, 0, 0, 5]),
        ("BIGINT", [0] * 7 + [1, 2, 3, 4, 5]),
        ("VARCHAR", ["usual"] * 9 + ["other"]),
        ("DATE", [DAY, DAY + timedelta(2), DAY + timedelta(3)]),
    ],
)
def test_nothing_is_pointed_out_of_a_small_group(
    tmp_path: Path, type_: str, values: list[Any]
) -> None:
    found = alerts(one_column(tmp_path, type_, values), Tier.RANGES)
    assert not {"zeros", "imbalance", "gap"} & set(found)


def without_small_group(total: int, parts: list[int], fewest: int) -> bool:
    """Whether what is left of a group, once its shown parts are taken away, is none or large."""
    left = total - sum(parts)
    return left == 0 or left >= fewest


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 25)), min_size=1, max_size=30),
    st.integers(2, 15),
)
def test_no_small_group_is_left_by_taking_one_figure_from_another(
    groups: list[tuple[int, int]], fewest: int
) -> None:
    values = [value for value, count in groups for _ in range(count)]
    with TemporaryDirectory() as folder:
        found = column(one_column(Path(folder), "BIGINT", values), Tier.RANGES, fewest)
    if len(values) < fewest:
        return
    top = {int(one["value"]): one["count"] for one in found["top"]}
    for bar in found["bars"]:
        parts = [count for value, count in top.items() if inside(bar, Decimal(value))]
        assert without_small_group(bar["count"], parts, fewest), (bar, top)
    assert without_small_group(len(values), list(top.values()), fewest)
    assert found["zeros"] in (None, 0, top.get(0))


@pytest.mark.parametrize(
    ("type_", "values", "kinds"),
    [
        ("BIGINT", [0] * 95 + [1, 2, 3, 4, 5], set()),
        ("BIGINT", [0] * 80 + [7] * 20, {"zeros"}),
        ("VARCHAR", ["usual"] * 98 + ["other", "third"], set()),
        ("BOOLEAN", [True] * 95 + [False] * 5, set()),
        ("VARCHAR", ["usual"] * 950 + [f"other{n}" for n in range(50)], {"imbalance"}),
        ("DOUBLE", [n / 7 for n in range(100)] + [math.nan], set()),
        ("DOUBLE", [n / 7 for n in range(100)] + [math.nan] * 10, {"not_finite"}),
    ],
)
def test_few_other_rows_are_not_pointed_out(
    tmp_path: Path, type_: str, values: list[Any], kinds: set[str]
) -> None:
    """95 % of 100 rows is also: 5 rows are something else."""
    made = one_column(tmp_path, type_, values)
    assert set(alerts(made, Tier.RANGES)) == kinds
    found = column(made, Tier.RANGES)
    assert found["others"] == 0 or found["others"] >= 10
    assert found.get("zeros") in (None, 0, 80)


@pytest.mark.parametrize("salary", [1_000, 4_321, 9_000])
def test_a_mean_before_and_after_tells_nothing_of_the_row_that_came(
    tmp_path: Path, salary: int
) -> None:
    known = [1_000 + 8 * n for n in range(1_001)]
    means = [
        column(one_column(tmp_path / str(len(values)), "BIGINT", values), Tier.RANGES)["mean"]
        for values in (known, [*known, salary])
    ]
    assert means == [5_000, 5_000]


def test_an_infinite_group_hides_no_single_row(tmp_path: Path) -> None:
    values = [*map(float, range(40)), *[math.inf] * 11, math.nan]
    found = column(one_column(tmp_path, "DOUBLE", values), Tier.RANGES)
    assert (found["not_finite"], found["top"]) == (12, [])


def test_times_of_a_range_are_told_by_bars_alone(tmp_path: Path) -> None:
    days = [DAY + timedelta(n % 30) for n in range(300)] + [DAY]
    found = column(one_column(tmp_path, "DATE", days), Tier.RANGES)
    assert (found["top"], found["others"]) == ([], 301)


def test_gaps_lie_between_the_inner_edges_of_open_bars(tmp_path: Path) -> None:
    """The second gap begins where the last bar does, whose end is open."""
    months = [date(2020 + m // 12, m % 12 + 1, 5) for m in range(60) if m not in (30, 57)]
    values = [day for day in months for _ in range(20)]
    found = column(one_column(tmp_path, "DATE", values), Tier.RANGES)
    assert found["coverage"]["gaps"] == [["2022-07", "2022-07"]]


def test_a_gap_over_an_inner_edge_is_shown_up_to_it(tmp_path: Path) -> None:
    """Else the page would say that each month between the edges has rows."""
    months = [date(2020 + m // 12, m % 12 + 1, 5) for m in range(60) if m not in (2, 3, 56, 57)]
    values = [day for day in months for _ in range(20)]
    found = column(one_column(tmp_path, "DATE", values), Tier.RANGES)["coverage"]
    assert (found["first"], found["last"]) == ("2020-04", "2024-10")
    assert found["gaps"] == [["2020-04", "2020-04"], ["2024-09", "2024-09"]]


def test_counts_show_no_value(tmp_path: Path) -> None:
    made = one_column(tmp_path, "VARCHAR", ["alpha"] * 900 + ["beta"] * 100)
    document = json.loads(profile(made, Tier.COUNTS).document)
    assert document["samples"] is None
    assert document["columns"] == [
        {"name": "v", "type": "VARCHAR", "kind": "text", "nulls": 0, "distinct": 2,
         "distinct_error": 0.0}
    ]  # fmt: skip


def alerts(
    made: Table,
    tier: Tier = Tier.SAMPLES,
    before: Before | None = None,
    limits: Alerts | None = None,
) -> list[str]:
    document = json.loads(profile(made, tier, before=before, alerts=limits or Alerts()).document)
    return [alert["kind"] for alert in document["alerts"]]


@pytest.mark.parametrize(
    ("type_", "values", "expected"),
    [
        ("BIGINT", [None] * 10, ["empty"]),
        ("BIGINT", [None] * 4 + [1, 2, 3, 4, 5, 6], ["missing"]),
        ("BIGINT", [7] * 10, ["constant"]),
        ("BIGINT", [0] * 6 + [1, 2, 3, 4], ["zeros"]),
        ("VARCHAR", ["a"] * 19 + ["b"], ["imbalance"]),
        ("DOUBLE", [1.0, 2.0, math.inf], ["not_finite"]),
        ("BIGINT", [1, 2, 3], []),
    ],
)
def test_what_is_odd_is_pointed_out(
    tmp_path: Path, type_: str, values: list[Any], expected: list[str]
) -> None:
    assert alerts(one_column(tmp_path, type_, values)) == expected


@pytest.mark.parametrize(
    ("type_", "values", "kind", "limit"),
    [
        ("BIGINT", [None] * 4 + [1, 2, 3, 4, 5, 6], "missing", {"missing": 0.41}),
        ("BIGINT", [0] * 6 + [1, 2, 3, 4], "zeros", {"zeros": 0.61}),
        ("VARCHAR", ["a"] * 19 + ["b"], "imbalance", {"imbalance": 0.96}),
    ],
)
def test_what_is_odd_begins_where_the_instance_says(
    tmp_path: Path, type_: str, values: list[Any], kind: str, limit: dict[str, float]
) -> None:
    made = one_column(tmp_path, type_, values)
    assert kind in alerts(made)
    assert alerts(made, limits=Alerts(**limit)) == []


def test_what_differs_much_begins_where_the_instance_says(tmp_path: Path) -> None:
    one = profile(one_column(tmp_path, "BIGINT", range(100)))
    before = Before(one.document, one.states)
    fewer = one_column(tmp_path, "BIGINT", [*range(30), *[None] * 10])
    for limits, kinds in (
        (Alerts(rows_change=0.61), ["nulls_changed"]),
        (Alerts(nulls_change=0.26), ["rows_changed"]),
    ):
        assert alerts(fewer, Tier.COUNTS, before, limits) == kinds


def test_a_version_that_differs_much_is_pointed_out(tmp_path: Path) -> None:
    one = profile(one_column(tmp_path, "BIGINT", range(100)))
    fewer = one_column(tmp_path, "BIGINT", [*range(30), *[None] * 10])
    assert alerts(fewer, Tier.COUNTS, Before(one.document, one.states)) == [
        "rows_changed",
        "nulls_changed",
    ]


def test_one_of_few_values_far_away_leaves_the_cells_of_the_others(tmp_path: Path) -> None:
    values = [*map(Decimal, range(30)), Decimal(10**9)]
    assert len(column(one_column(tmp_path, "DECIMAL(12,2)", values))["bars"]) > 20


@pytest.mark.parametrize(
    "values", [[-1.7e308, 1.7e308], [1.7e308, 1.6e308], [5e-324, 1e308], [5e-324, 1e-323], [-0.0]]
)
def test_the_outermost_numbers_have_a_profile(tmp_path: Path, values: list[float]) -> None:
    found = column(one_column(tmp_path, "DOUBLE", values))
    assert found["mean"] is None or math.isfinite(found["mean"])
    assert sum(bar["count"] for bar in found["bars"]) == len(values)


def test_every_hundredth_lies_in_the_bar_that_begins_with_it(tmp_path: Path) -> None:
    values = [Decimal(n).scaleb(-2) for n in range(-17, 18)]
    found = column(one_column(tmp_path, "DECIMAL(12,2)", values))
    assert [(Decimal(bar["low"]), bar["count"]) for bar in found["bars"]] == [
        (value, 1) for value in values
    ]
    shifted = [value - Decimal("0.40") for value in values]
    bars = column(one_column(tmp_path, "DECIMAL(12,2)", shifted))["bars"]
    assert [Decimal(bar["low"]) for bar in bars if bar["count"]] == shifted


def test_a_mean_is_of_all_files_or_missing(tmp_path: Path) -> None:
    assert column(one_column(tmp_path, "DOUBLE", [1.5e308, 1.6e308], [1.0]))["mean"] is None
    assert column(one_column(tmp_path, "DOUBLE", [1.0, 2.0], [None], [6.0]))["mean"] == 3


@pytest.mark.parametrize(
    ("type_", "files", "mean"),
    [
        ("DECIMAL(12,2)", [[Decimal("0.10"), Decimal("0.20"), Decimal("-0.30")]], 0),
        ("DECIMAL(12,2)", [[Decimal("0.10"), Decimal("0.20")], [Decimal("-0.30")]], 0),
        ("BIGINT", [[10**15 + 2_000_000], [-(10**15)]], 1_000_000),
        ("BIGINT", [[-(2**63), 2**63 - 1, 6]], 0),
        ("DOUBLE", [[1e-20, 3e-20]], 2e-20),
        ("DOUBLE", [[-0.0]], 0),
    ],
)
def test_a_mean_has_no_digit_that_is_not_certain(
    tmp_path: Path, type_: str, files: list[list[Any]], mean: float
) -> None:
    found = column(one_column(tmp_path, type_, *files))["mean"]
    assert found == pytest.approx(mean, rel=1e-4)
    assert math.copysign(1, found) == 1


def test_there_is_one_zero(tmp_path: Path) -> None:
    found = column(one_column(tmp_path, "DOUBLE", [-0.0, -0.0, 1.0], [0.0, 2.0]))
    assert (found["low"], found["distinct"], found["zeros"]) == ("0.0", 3, 3)
    assert found["top"][0] == {"value": "0.0", "count": 3}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_way_measures_the_same(data: st.DataObject) -> None:
    few_digits = st.integers(-(10**6), 10**6).map(lambda n: n / 64) | st.sampled_from([math.inf])
    kinds = {**NUMBERS, **TIMES, **TEXTS, "DOUBLE": few_digits}
    type_ = data.draw(st.sampled_from(sorted(kinds)))
    values = data.draw(st.lists(st.none() | kinds[type_], max_size=300))
    found = []
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for few_rows, few_values in ((1_000, 1_000), (-1, 1_000), (-1, -1)):
            patch.setattr(measuring, "FEW_ROWS", few_rows)
            patch.setattr(measuring, "FEW_VALUES", few_values)
            found.append(state_of(one_column(Path(folder), type_, values)))
    rows, groups, sketch = found
    if rows.total is not None:  # past 2**53 not each digit is certain
        apart = 1e-15 * max(abs(float(one)) for one in values if one not in (None, math.inf))
        for other in (groups, sketch):
            assert rows.total == pytest.approx(other.total, rel=1e-13, abs=apart * len(values))
        rows, groups, sketch = (replace(one, total=None) for one in found)
    assert rows == groups
    assert rows.cells == groups.cells
    if not rows.has_all:  # the sketch has not counted how many there are
        assert sketch.distinct is None
        sketch = replace(sketch, distinct=rows.distinct)
    assert rows == sketch
    assert rows.cells == sketch.cells
