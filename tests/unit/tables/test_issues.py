"""What is wrong with rows, in words."""

from __future__ import annotations

import duckdb
import pytest

from broker.tables.issues import Issue, IssueKind, RowPlace, shape_in_sql, type_remedy

HERE = (RowPlace(3, "a.csv"), RowPlace(7, "a.csv"), RowPlace(9, "a.csv"))


@pytest.mark.parametrize(
    ("issue", "sentence"),
    [
        (
            Issue(IssueKind.REJECTED, 4, "not a DATE", "at", HERE, ("99.99.9999",), "Do this."),
            "4 rows rejected: column at: not a DATE; values look like `99.99.9999`; "
            "in a.csv, rows 3, 7, 9, …. Do this.",
        ),
        (
            Issue(IssueKind.REJECTED, 2, "cut", places=(RowPlace(1, "a", 2), RowPlace(1, "b", 2))),
            "2 rows rejected: cut; in a, row 1 (line 2); b, row 1 (line 2)",
        ),
        (
            Issue(IssueKind.DISPLACED, 1, "duplicate key", "id", (RowPlace(5),)),
            "1 row displaced by a later row: column id: duplicate key; in row 5",
        ),
        (Issue(IssueKind.HELD, 1_200, "they are gone"), "1,200 rows would go: they are gone"),
    ],
)
def test_an_issue_is_one_sentence(issue: Issue, sentence: str) -> None:
    assert str(issue) == sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [("AB-12", "AA-99"), ("žluť 3,5 €", "AAAA 9,9 €"), ("", ""), ("x" * 90, "A" * 40), ("ดี", "AA")],
)
def test_a_shape_shows_how_a_value_looks_and_not_the_value(value: str, expected: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {shape_in_sql('$1')}", [value]).fetchall()
    assert found == [(expected,)]


@pytest.mark.parametrize(
    ("reason", "shapes", "formats"),
    [
        ("not a DATE: …", ("99.99.9999", "9.9.9999"), ["{date: '%d.%m.%Y'}"]),
        ("not a DATE: …", ("9/99/9999",), ["{date: '%d/%m/%Y'}", "{date: '%m/%d/%Y'}"]),
        ("not a BIGINT: …", ("99.99.9999",), []),
        ("not a DECIMAL(18,2): …", ("9,99", "9.999,99"), ["{decimal: ',', thousands: '.'}"]),
        ("not a DECIMAL(18,2): …", ("9,99", "A"), ["{decimal: ','}"]),
        ("not a DOUBLE: …", ("A/A",), []),
        ("not a DOUBLE: …", (), []),
    ],
)
def test_a_remedy_names_the_formats_that_read_what_is_there(
    reason: str, shapes: tuple[str, ...], formats: list[str]
) -> None:
    remedy = type_remedy("v", reason, shapes)
    choices = " or ".join(f"`csv: {{formats: {{v: {one}}}}}`" for one in formats)
    assert remedy.endswith(f" Of CSV files, {choices} reads them." if formats else "as text.")


def test_words_may_stand_for_null_and_digits_do_not() -> None:
    assert "null_values" in type_remedy("v", "", ("A/A",))
    assert "null_values" not in type_remedy("v", "", ("A/A", "9,9"))
    assert "0000-00-00" in type_remedy("v", "not a DATE: x", ("9999-99-99",))
    assert "0000-00-00" in type_remedy("v", "not a TIMESTAMP: x", ("A", "9999-99-99 99:99:99"))
    assert "0000-00-00" not in type_remedy("v", "not a BIGINT: x", ("9999-99-99",))
    assert "0000-00-00" not in type_remedy("v", "not a DATE: x", ("9999-99-99 99:99",))
    assert 'types: {"a: b": VARCHAR}' in type_remedy("a: b", "", ("9,9",))
