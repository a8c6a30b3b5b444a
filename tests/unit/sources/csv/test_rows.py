"""Which rows and columns of a file are handed over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from broker.errors import ConfigError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

from ..conftest import Put, Read

TABLE = """\
id,amount,state,at
1,9,new,2026-01-01
2,10,NEW,2026-01-02T00:00:00Z
3,-1.50,,2026-01-03 01:00:00+01:00
4,,"",
5,abc,new,soon
6,9007199254740993,a'b,2026-02-01 00:00:00
"""


@pytest.fixture(autouse=True)
def _table(put: Put) -> None:
    put("t.csv", TABLE)


def ids(read: Read, **request: Any) -> str:
    return "".join(row[0] for row in read(**request)[0])


def where(column: str, operator: str, *values: str) -> dict[str, Any]:
    return {"where_filters": ({"column": column, "operator": operator, "values": values},)}


@pytest.mark.parametrize(
    ("column", "operator", "values", "expected"),
    [
        ("amount", "eq", ["9.00"], "1"),
        ("amount", "eq", ["9007199254740992"], ""),
        ("amount", "eq", ["9", "abc"], "15"),
        ("amount", "gt", ["9"], "256"),  # as text, "abc" is after "9"
        ("amount", "le", ["9"], "13"),
        ("amount", "lt", ["-1.4999999999"], "3"),
        ("amount", "ne", ["9"], "23456"),
        ("state", "in", ["new", "a'b"], "156"),
        ("state", "eq", [""], "4"),
        ("state", "notIn", ["new", "NEW"], "346"),
        ("at", "ge", ["2026-01-03"], "356"),
    ],
)
def test_where_filters(
    read: Read, column: str, operator: str, values: list[str], expected: str
) -> None:
    assert ids(read, **where(column, operator, *values)) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("eq", "123456789012345678901234567890123456789012", "1"),
        ("eq", "12345678901234567890123", "3"),
        ("gt", "12345678901234567890122", "123"),
        ("eq", "1", ""),
        ("lt", "1", ""),
        ("eq", "700", "67"),
        ("gt", "123456789012345678901234567890123456789012", "2"),
        ("le", "123456789012345678901234567890123456789012.5", "13467"),
        ("gt", "1234567890123456789012e1", "123"),
        ("gt", "1", "123467"),
    ],
)
def test_filters_keep_long_numbers_apart(
    read: Read, put: Put, operator: str, value: str, expected: str
) -> None:
    long = "12345678901234567890123456789012345678901"
    ids_ = [f"{long}2", f"{long}3", "12345678901234567890123", "1.0000000000000000001", '""']
    rows = enumerate([*ids_, "7e2", "0700.0"], start=1)
    put("t.csv", "id,n\n" + "".join(f"{at},{number}\n" for at, number in rows))
    assert ids(read, **where("n", operator, value)) == expected


def test_all_filters_hold_together(read: Read) -> None:
    both = where("state", "eq", "new")["where_filters"] + where("id", "gt", "1")["where_filters"]
    assert ids(read, where_filters=both) == "5"
    assert ids(read, where_filters=both, row_filter="amount IS NULL -- or not") == ""


def test_row_filter_is_sql_on_text(read: Read) -> None:
    assert ids(read, row_filter="state = 'new' OR try_cast(amount AS INTEGER) < 0") == "135"


@pytest.mark.parametrize(
    ("row_filter", "sentence"),
    [
        ("amuont = '1'", 'row_filter is invalid: .*"amuont" not found'),
        ("state =", "cannot be parsed"),
        ("id IN (SELECT content FROM read_text('/etc/hostname'))", "without subqueries"),
        ("true) UNION (SELECT 1", "one condition"),
        ("true); SELECT (1", "one condition"),
        ("amount <> 0", "compares text with a value of another type.*VARCHAR and type INTEGER"),
        ("NOT (id IN (1, '2'))", "write '1' for 1, or use TRY_CAST"),
        ("amount IS DISTINCT FROM 1.5", "text with a value of another type"),
        ("CASE amount WHEN 1 THEN true ELSE false END", "text with a value of another type"),
        ("nullif(amount, 0) IS NOT NULL", "text with a value of another type"),
        ("state = TIMESTAMP '2026-01-01 12:00:00'", "text with a value of another type"),
    ],
)
def test_row_filters_that_are_invalid(source: CsvSource, row_filter: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        source.read(TableRequest("t", row_filter=row_filter), Window())


def test_row_filter_compares_text_with_text_and_numbers_with_numbers(read: Read, put: Put) -> None:
    put("t.csv", "id,v,done\n1,0,true\n2,0.4,false\n3,,true\n")
    assert ids(read, row_filter="TRY_CAST(v AS DOUBLE) <> 0") == "2"
    assert ids(read, row_filter="v NOT IN ('0', '1') OR length(v) = 1") == "12"
    assert ids(read, row_filter="nullif(v, '0') IS NULL AND done = true") == "13"


def test_a_value_that_a_row_filter_cannot_convert_is_not_shown(read: Read) -> None:
    with pytest.raises(SourceError, match="use TRY_CAST") as error:
        read(row_filter="CAST(amount AS INTEGER) > 1")
    assert "abc" not in str(error.value)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, "123456"),
        (2, None, "23456"),  # rows without a readable instant are in every open window
        (2, 3, "2"),
        (3, 4, "3"),
        (None, 3, "12"),
    ],
)
def test_windows_of_a_column(
    read: Read, since: int | None, until: int | None, expected: str
) -> None:
    since_at, until_at = (day and datetime(2026, 1, day, tzinfo=UTC) for day in (since, until))
    assert ids(read, window=Window(since_at, until_at, "at")) == expected


def test_a_window_of_changes_is_the_whole_table(read: Read) -> None:
    assert ids(read, window=Window(datetime(2026, 1, 5, tzinfo=UTC))) == "123456"


def test_columns_come_in_the_order_asked_for(read: Read, source: CsvSource) -> None:
    request = {"columns": ("state", "id")}
    assert read(**request)[0][0] == ("new", "1")
    assert read(row_filter="amount = '10'", **request)[0] == [("NEW", "2")]
    assert source.describe(TableRequest("t", **request)).schema.names == ("state", "id")


def test_the_end_counts_what_was_handed_over(read: Read) -> None:
    _, end = read(row_filter="id < '3'")
    assert end.rows == 2


def test_keys_alone(source: CsvSource) -> None:
    reading = source.read_keys(TableRequest("t", columns=("amount",), primary_key=("at", "id")))
    assert reading.schema.names == ["at", "id"]
    assert sum(batch.num_rows for batch in reading.batches()) == reading.end().rows == 6
    with pytest.raises(ConfigError, match="there is no primary_key"):
        source.read_keys(TableRequest("t"))


@pytest.mark.parametrize(
    ("request_", "error", "sentence"),
    [
        ({"columns": ("stat",)}, SourceError, "no column 'stat'.* Did you mean 'state'"),
        (where("stat", "eq", "x"), ConfigError, "no column 'stat'.* Did you mean 'state'"),
        (where("id", "ge", "1", "2"), ConfigError, "cannot use operator 'ge'"),
        (where("id", "like", "1"), ConfigError, "cannot use operator 'like'"),
        ({"options": {"delimter": ";"}}, ConfigError, "'csv.delimter'.* Did you mean 'delimiter'"),
        ({"options": {"delimiter": "§"}}, ConfigError, "delimiter is wrong; expected one ASCII"),
        (
            {"options": {"delimiter": "'", "quote": "'"}},
            ConfigError,
            "another character than quote",
        ),
        ({"options": {"header": False}}, ConfigError, "csv.columns is missing"),
        ({"options": {"columns": ["a", "A"]}}, ConfigError, "names a column twice"),
        ({"options": {"columns": ["a"]}}, SourceError, "expected 1 columns; found 4"),
        (
            {"options": {"encoding": "base64"}},
            ConfigError,
            "csv.encoding is wrong; expected a text encoding",
        ),
        ({"options": {"encoding": "klingon"}}, ConfigError, "csv.encoding is wrong"),
    ],
)
def test_requests_that_are_invalid(
    source: CsvSource, request_: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        source.read(TableRequest("t", **request_), Window())


def test_a_wrong_delimiter_is_suspected(put: Put, source: CsvSource) -> None:
    put("t.csv", "id;x\n1;2\n")
    with pytest.raises(SourceError, match=r"found id;x. By its beginning, declare csv: {delimi"):
        source.describe(TableRequest("t", columns=("id",)))


def test_each_row_that_a_filter_leaves_is_known_by_file_and_row(
    source: CsvSource, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", 50)
    for name in ("a/1", "b/1"):
        lines = (f"{name},{row}\n" if row % 7 else "cut\n" for row in range(1, 101))
        put(f"t/{name}.csv", "file,row\n" + "".join(lines))
    files = {"file": "t/**/*.csv"}
    request = TableRequest("t", row_filter="hash(file, row) % 3 = 0", options=files)
    reading = source.read(request, Window())
    found = [row for batch in reading.batches() for row in batch.to_pylist()]
    assert 0 < len(found) < 172
    places = reading.places.find(pa.arange(0, len(found))).to_pylist()
    assert [(one["file"], str(one["row"])) for one in places] == [
        (f"{row['file']}.csv", row["row"]) for row in found
    ]
