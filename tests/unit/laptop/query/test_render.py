"""Answers as people and programs get them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from broker.laptop.ages import TableAge
from broker.laptop.query.answer import AnswerColumn, QueryAnswer
from broker.laptop.query.render import as_csv, as_json, as_table, provenance
from tests.laptop_folders import MADE_AT

ANSWER = QueryAnswer(
    columns=(
        AnswerColumn("n", "BIGINT"),
        AnswerColumn("text", "VARCHAR"),
        AnswerColumn("amount", "DECIMAL(18,2)"),
        AnswerColumn("yes", "BOOLEAN"),
        AnswerColumn("ratio", "DOUBLE"),
    ),
    rows=(
        ("1", None, "1.50", "true", "0.5"),
        ("20", "", "-12.00", "false", "nan"),
        (None, "NULL", None, None, "1e+300"),
        ("3", "NA", None, None, None),
        ("4", " a", None, None, None),
        ("5", "it's", None, None, None),
        ("6", "'", None, None, None),
    ),
    cut=None,
    generation="2026-11-01T120000Z-0000",
    tables=(TableAge("orders", "ok", MADE_AT, 7_200, None, None),),
    notes=("orders is old",),
    seconds=0.1234,
)


def test_null_the_empty_text_and_texts_like_them_are_different_in_a_table() -> None:
    assert list(as_table(ANSWER)) == [
        "   n  text    amount  yes     ratio",
        "----  ------  ------  -----  ------",
        "   1  NULL      1.50  true      0.5",
        "  20  ''      -12.00  false     nan",
        "NULL  'NULL'    NULL  NULL   1e+300",
        "   3  NA        NULL  NULL     NULL",
        "   4  ' a'      NULL  NULL     NULL",
        "   5  it's      NULL  NULL     NULL",
        "   6  ''''      NULL  NULL     NULL",
    ]


def test_a_table_never_acts_on_a_terminal_and_says_where_a_value_is_clipped() -> None:
    hostile = replace(
        ANSWER,
        columns=(AnswerColumn("a\x1b[2Jb", "VARCHAR"),),
        rows=(("\x1b]0;x\x07" + "y" * 200,), ("a\nb",)),
    )
    lines = list(as_table(hostile))
    assert all(line.isprintable() for line in lines)
    assert lines[2].endswith("y…")
    assert lines[3] == "a\\nb"


def test_what_stands_below_says_where_the_answer_comes_from() -> None:
    assert list(provenance(ANSWER)) == [
        "(7 rows, 0.12 s, generation 2026-11-01T120000Z-0000)",
        "tables: orders, 2 h old (2026-11-01 12:00 UTC)",
        "NOTE: orders is old",
    ]
    (first, *_) = provenance(replace(ANSWER, rows=ANSWER.rows[:1]))
    assert first.startswith("(1 row, ")
    assert list(provenance(replace(ANSWER, cut="1,000 rows")))[-1].startswith(
        "CUT after 1,000 rows: there are more rows."
    )


def test_json_has_types_and_exact_decimals() -> None:
    found = json.loads(json.dumps(as_json(ANSWER)))
    assert found["rows"][0] == [1, None, "1.50", True, 0.5]
    assert found["rows"][1] == [20, "", "-12.00", False, "nan"]
    assert found["rows"][2] == [None, "NULL", None, None, 1e300]
    assert found["columns"][2] == {"name": "amount", "type": "DECIMAL(18,2)"}
    assert (found["row_count"], found["cut"]) == (7, None)
    assert found["generation"] == ANSWER.generation
    assert found["notes"] == ["orders is old"]
    assert found["tables"] == [
        {
            "name": "orders",
            "status": "ok",
            "as_of": "2026-11-01T12:00:00+00:00",
            "age_seconds": 7_200,
            "promised_seconds": None,
            "problem": None,
        }
    ]


def test_whole_numbers_of_every_width_are_numbers() -> None:
    kinds = ("TINYINT", "UTINYINT", "SMALLINT", "INTEGER", "UINTEGER", "UBIGINT", "HUGEINT")
    columns = tuple(AnswerColumn(kind, kind) for kind in kinds)
    answer = replace(ANSWER, columns=columns, rows=(("7",) * len(kinds),))
    assert as_json(answer)["rows"] == [[7] * len(kinds)]


def test_csv_is_read_back_as_it_was_and_null_has_no_quotes() -> None:
    texts = ("a,b", 'say "hi"', "two\nlines", " room ", "", "\r", "plain")
    answer = replace(ANSWER, columns=ANSWER.columns[1:2], rows=tuple((text,) for text in texts))
    lines = list(as_csv(answer))
    assert [row[0] for row in csv.reader(io.StringIO("\n".join(lines), newline=""))] == [
        "text",
        *texts,
    ]
    assert list(as_csv(replace(answer, rows=((None,), ("",)))))[1:] == ["", '""']
