"""The kinds of values: what each accepts, what it makes of it, what it refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from broker.config.columntypes import ColumnType
from broker.config.placeholders import PLACEHOLDERS, resolve, unknown
from broker.config.values import Duration, Names, SafeName, Size, TableId


def made(kind: object, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


def is_refused(kind: object, value: object) -> bool:
    try:
        made(kind, value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("45s", timedelta(seconds=45)),
        ("6h", timedelta(hours=6)),
        ("1d12h", timedelta(hours=36)),
        ("1d 12h", timedelta(hours=36)),
        ("2w", timedelta(days=14)),
    ],
)
def test_duration(text: str, length: timedelta) -> None:
    assert made(Duration, text) == length


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**9))
def test_duration_round_trip(seconds: int) -> None:
    adapter = TypeAdapter(Duration)
    text = adapter.dump_python(timedelta(seconds=seconds), mode="json")
    assert adapter.validate_python(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "6", "h", "-6h", "6.5h", "6h!", "0m", "sixh", "٦h"])
def test_no_duration(text: str) -> None:
    assert is_refused(Duration, text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512MB", 512_000_000), ("1.5 GiB", 1_610_612_736), ("64000000", 64_000_000), ("1kB", 1000)],
)
def test_size(text: str, size: int) -> None:
    assert made(Size, text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "512Mb", "1 Mbit", "1e3MB", "1,5GB", "5XB"])
def test_no_size(text: str) -> None:
    assert is_refused(Size, text)


@pytest.mark.parametrize("name", ["a", "_x", "9-to-5", "in.c-crm", "A.b_c-d", "x" * 100])
def test_safe_name(name: str) -> None:
    assert made(SafeName, name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".a", "-a", "a..b", "a/b", "a\\b", "a b", "a\n", "é", "a\0", "a\u202eb"),
        *("a.parquet", "A.PARQUET", "x" * 101, "~", "$HOME", "a;b", "٣"),
    ],
)
def test_no_safe_name(name: str) -> None:
    assert is_refused(SafeName, name)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_safe_name_stays_in_its_folder(name: str) -> None:
    if not is_refused(SafeName, name):
        assert name.isascii()
        assert name.strip(" \n") == name
        assert not {"/", "\\", "\0"} & set(name)
        assert name not in (".", "..")


@pytest.mark.parametrize("text", ["in.c-crm.orders", "orders", "p:d.t$2026", "a.b c", "x" * 255])
def test_table_id(text: str) -> None:
    assert made(TableId, text) == text


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a/b", " a", "a ", "a\nb", "x" * 256])
def test_no_table_id(text: str) -> None:
    assert is_refused(TableId, text)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("a", ("a",)),
        ("a, b ,c", ("a", "b", "c")),
        ("", ()),
        (["a,b", " c"], ("a,b", " c")),
        ([], ()),
    ],
)
def test_names(value: object, names: tuple[str, ...]) -> None:
    assert made(Names, value) == names


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("bigint", "BIGINT"),
        (" Timestamptz ", "TIMESTAMPTZ"),
        ("decimal( 12 , 2 )", "DECIMAL(12,2)"),
        ("DECIMAL(38,38)", "DECIMAL(38,38)"),
        ("varchar[]", "VARCHAR[]"),
        ("varchar[][]", "VARCHAR[][]"),
        ("struct(a bigint, b struct(c date))", "STRUCT(a BIGINT, b STRUCT(c DATE))"),
        ('STRUCT("a, (b" DECIMAL(5,2))[]', 'STRUCT("a, (b" DECIMAL(5,2))[]'),
    ],
)
def test_column_type(text: str, canonical: str) -> None:
    assert made(ColumnType, text) == canonical
    assert made(ColumnType, canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", "INT", "TEXT", "DECIMAL", "DECIMAL(0,0)", "DECIMAL(39,1)", "DECIMAL(2,3)", "[]"),
        *("VARCHAR(20)", "STRUCT()", "STRUCT(a)", "STRUCT(a BIGINT", "BIGINT; DROP TABLE x"),
        *("DECIMAL(-1,2)", "STRUCT(a BIGINT,)", "TIMESTAMP WITH TIME ZONE", "bigint\n[]x"),
    ],
)
def test_no_column_type(text: str) -> None:
    assert is_refused(ColumnType, text)


TYPES = st.recursive(
    st.sampled_from(["BOOLEAN", "BIGINT", "VARCHAR", "JSON", "DECIMAL(12,2)"]),
    lambda inner: (
        inner.map(lambda one: f"{one}[]")
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda many: f"STRUCT({', '.join(f'f{n} {one}' for n, one in enumerate(many))})"
        )
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(TYPES)
def test_column_type_reads_its_own_spelling(text: str) -> None:
    assert made(ColumnType, text) == text
    assert made(ColumnType, text.lower()) == text.replace("STRUCT(F", "STRUCT(f")


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("{{today}}", "2024-03-01"),
        ("{{last_week}}", "2024-02-23"),
        ("{{ last_month }}", "2024-01-31"),
        ("{{last_2_months}}", "2024-01-01"),
        ("{{last_3_months}}", "2023-12-02"),
        ("{{last_6_months}}", "2023-09-03"),
        ("{{last_year}}", "2023-03-02"),
        ("{{last_2_years}}", "2022-03-02"),
        ("from {{today}}T00:00 to {{today}}", "from 2024-03-01T00:00 to 2024-03-01"),
        ("no {placeholder}", "no {placeholder}"),
    ],
)
def test_placeholder(text: str, resolved: str) -> None:
    assert unknown(text) is None
    assert resolve(text, date(2024, 3, 1)) == resolved


@pytest.mark.parametrize("text", ["{{yesterday}}", "{{}}", "{{today}}{{Today}}", "{{last\nweek}}"])
def test_unknown_placeholder(text: str) -> None:
    assert unknown(text) is not None
    with pytest.raises(KeyError):
        resolve(text, date(2024, 3, 1))


@settings(max_examples=100, deadline=None)
@given(st.dates(min_value=date(3, 1, 1)), st.sampled_from(sorted(PLACEHOLDERS)))
def test_placeholder_is_that_many_days_ago(today: date, name: str) -> None:
    day = date.fromisoformat(resolve(f"{{{{{name}}}}}", today))
    assert (today - day).days == PLACEHOLDERS[name]
