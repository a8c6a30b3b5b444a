"""A first description, inferred from the data, which people may then make their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli.discover import discover
from broker.config import Description, load_description
from broker.errors import ConfigError

from ..conftest import Put

ORDERS = """\
order_id,zip,amount,big,placed_at,local_time,day,ok,note
1,01234,9.90,12345678901234567.89,2026-01-01T00:00:00Z,2026-01-01 09:00:00,2026-01-01,true,
2,04567,10,1,2026-01-02T00:00:00+01:00,2026-01-02 09:00:00,2026-01-02,false,"x, y"
3,04567,-0.5,0.01,2026-01-02T00:00:00+01:00,2026-01-02 09:00:00,2026-01-02,false,NA
"""
LINES = "order_id;line;sku;price\n" + "".join(
    f"{order};{line};s{line};NA\n" if order == 7 else f"{order};{line};s{line};1.5\n"
    for order in range(1, 40)
    for line in range(1, 4)
)


@pytest.fixture
def folder(put: Put, tmp_path: Path) -> Path:
    """Two believable tables."""
    put("tables/orders.csv", ORDERS)
    put("tables/lines.csv", LINES)
    return tmp_path / "tables"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(discover, ["--source", "csv", *map(str, arguments)])
    if isinstance(result.exception, ConfigError):
        raise result.exception
    return result


def described(folder: Path, out: Path) -> Description:
    assert run(folder, "--out", out).exit_code == 0
    return load_description(out.parent)


def test_types_keys_and_dialect(folder: Path, tmp_path: Path) -> None:
    found = described(folder, tmp_path / "data_description.md")
    orders, lines = found.table("orders"), found.table("lines")
    assert orders is not None
    assert lines is not None
    assert orders.types == {
        "order_id": "BIGINT",
        "zip": "VARCHAR",
        "amount": "DECIMAL(18,2)",
        "big": "DECIMAL(38,2)",
        "placed_at": "TIMESTAMPTZ",
        "local_time": "TIMESTAMP",
        "day": "DATE",
        "ok": "BOOLEAN",
        "note": "VARCHAR",
    }
    assert orders.primary_key == ("order_id",)
    assert (orders.null_values, orders.options, orders.partition_by) == ((), {}, None)
    assert lines.primary_key == ("order_id", "line")
    assert lines.options == {"delimiter": ";"}
    assert lines.null_values == ("NA",)
    assert lines.types["price"] == "DECIMAL(18,1)"


def test_a_large_table_gets_partitions(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.csv.survey._LARGE", 3)
    orders = described(folder, tmp_path / "data_description.md").table("orders")
    assert orders is not None
    assert (orders.partition_by, orders.granularity) == ("placed_at", "month")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a|b\n'x|y'|1\nz|2\n", {"delimiter": "|", "quote": "'"}),
        ("a\tb\nx, y\t1\nz\t2\n", {"delimiter": "\t"}),
        ("1,x\n2,y\n", {"header": False, "columns": ("column_1", "column_2")}),
        ("a,b\nŽofie,1\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("a,b\nx,1\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("a,b\ncafé,1\n".encode("cp1252"), {"encoding": "cp1252"}),
        ('a,b\n"x\n1,2,3\ny",1\nz,2\n', {}),
    ],
)
def test_dialects(
    put: Put, tmp_path: Path, content: bytes | str, expected: dict[str, object]
) -> None:
    put("tables/t.csv", content)
    table = described(tmp_path / "tables", tmp_path / "data_description.md").table("t")
    assert table is not None
    assert table.options == expected


FORMATTED = """\
id;day;at;us;amount;price;refund;phone;host;word;code;paid;state
1;31.12.2025;1/31/2026 3:04 PM;01/02/2026;1.234,50;1,234.50;(12.00);123 456;10.0.1.2;may;1,234;t;N
2;NA;2/1/2026 3:04 AM;03/04/2026;7,00;7.00;5.00;987 654;10.0.1.3;june;5,678;f;N
"""


def test_formats_of_columns_are_proposed(put: Put, tmp_path: Path) -> None:
    put("tables/formatted.csv", FORMATTED)
    out = tmp_path / "data_description.md"
    table = described(tmp_path / "tables", out).table("formatted")
    assert table is not None
    assert table.options["formats"] == {
        "day": {"date": "%d.%m.%Y"},
        "at": {"date": "%m/%d/%Y %I:%M %p"},
        "amount": {"decimal": ",", "thousands": "."},
        "price": {"thousands": ","},
        "refund": {"negative": "parentheses"},
        "paid": {"true_words": ("t",), "false_words": ("f",)},
    }
    found = {name: table.types[name] for name in ("day", "at", "amount", "price", "refund", "paid")}
    assert found == {
        "day": "DATE",
        "at": "TIMESTAMP",
        "amount": "DECIMAL(18,2)",
        "price": "DECIMAL(18,2)",
        "refund": "DECIMAL(18,2)",
        "paid": "BOOLEAN",
    }
    text = out.read_text()
    assert "How amount is written is a guess: its format reads every value." in text
    for name, ways in {"us": ("%d/%m/%Y", "%m/%d/%Y"), "code": ("decimal", "thousands")}.items():
        (line,) = (one for one in text.splitlines() if f"how {name} is written" in one)
        assert [way in line for way in ways] == [True, True]
        assert table.types[name] == "VARCHAR"


def test_a_file_name_that_is_no_table_name(put: Put, tmp_path: Path) -> None:
    put("tables/my sales.2024[1].csv", "id\n1\n")
    put("tables/web-events.csv", "id\n1\n")
    found = described(tmp_path / "tables", tmp_path / "data_description.md")
    assert [(table.id, table.file) for table in found] == [
        ("my_sales_2024_1_", "my sales.2024[1].csv"),
        ("web-events", None),
    ]


def test_a_table_without_rows(put: Put, tmp_path: Path) -> None:
    put("tables/t.csv", "id,x\n")
    table = described(tmp_path / "tables", tmp_path / "data_description.md").table("t")
    assert table is not None
    assert (table.primary_key, table.types["id"]) == ((), "VARCHAR")


def test_again_keeps_what_a_person_wrote_and_shows_what_the_data_say(
    folder: Path, tmp_path: Path, put: Put
) -> None:
    out = tmp_path / "data_description.md"
    described(folder, out)
    edited = (
        out.read_text()
        .replace("zip: VARCHAR", "zip: BIGINT  # ours are numbers")
        .replace("id: orders\n", "id: orders\n    description: Every order.\n")
    )
    out.write_text(edited)
    put("tables/stores.csv", "id\n1\n")
    (folder / "lines.csv").unlink()
    result = run(folder, "--out", out)
    text = out.read_text()
    assert text.startswith(edited.rstrip())
    assert text.count("id: stores") == 1
    assert "-  zip: BIGINT\n+  zip: VARCHAR" in result.output
    assert "lines is described, but not there" in result.output
    assert "Every order" not in result.output
    again = run(folder, "--out", out)
    assert "0 tables added" in again.output
    assert out.read_text() == text


def test_what_cannot_be_read_is_left_out_and_told(folder: Path, put: Put, tmp_path: Path) -> None:
    put("tables/empty.csv", "")
    result = run(folder, "--out", tmp_path / "data_description.md")
    assert result.exit_code == 1
    assert "empty is left out" in result.output
    assert len(load_description(tmp_path).tables) == 2


def test_rows_that_do_not_fit_are_told(put: Put, tmp_path: Path) -> None:
    put("tables/t.csv", "a,b\n1,2\n3\n")
    assert (
        "1 row does not fit: line 3, for one, expected 2 fields, found 1."
        in run(tmp_path / "tables").output
    )


def test_without_out_it_prints(folder: Path) -> None:
    assert run(folder).output.startswith("# Tables of tables\n")
    facts = json.loads(run(folder, "--json").output)
    assert [table["id"] for table in facts["tables"]] == ["lines", "orders"]


def test_as_json(folder: Path, tmp_path: Path) -> None:
    facts = json.loads(run(folder, "--json", "--out", tmp_path / "x.md").output)
    assert facts == {"added": ["lines", "orders"], "differences": {}, "gone": [], "failed": {}}


@pytest.mark.parametrize(("out", "sentence"), [("", "is a directory"), ("no/x.md", "cannot be")])
def test_places_that_cannot_be_written(
    folder: Path, tmp_path: Path, out: str, sentence: str
) -> None:
    if out:
        with pytest.raises(ConfigError, match=sentence):
            run(folder, "--out", tmp_path / out)
    else:
        assert sentence in run(folder, "--out", tmp_path).output


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="there is no table in this place; expected at least one CSV file"
    ):
        run(tmp_path)


MYSQL = "1\ta\\\tb\n2\t\\N\n3\tc\n"
QUOTED = {"dialect": "mysql", "header": True}
PLAIN = {"dialect": "snowflake", "quote": '"', "header": True}
THREE = {"columns": ["column_1", "column_2", "column_3"]}
SQLCMD = "id,v\n--,-\n1,a\n2,b\n\n(2 rows affected)\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('id,v\n1,"say \\"hi\\""\n2,b\n', {"dialect": "spark"}),
        (MYSQL, {"dialect": "mysql", "columns": ["column_1", "column_2"]}),
        ("id\tv\n1\t\\N\n2\ta\\tb\n", {"dialect": "postgres", "header": True}),
        ("id\tv\n1\t\\N\n2\ta\\\\\n3\ta\\v\n", {"dialect": "postgres", "header": True}),
        ("id\tv\n1\t\\\\x00ff\n2\t\\\\x01\n", {"dialect": "postgres", "header": True}),
        ("id\tv\n1\ta\\nb\n2\tc\n", {"dialect": "postgres", "header": True}),
        ('id\tv\n1\t"a" b\n2\tC:\\\\x\\ny\n', {"dialect": "postgres", "header": True}),
        ('id\tv\n1\t"a"\n2\tx\\n\n', {"delimiter": "\t"}),
        ("id\tv\n1\tC:\\temp\\x\n2\tc\n", {"delimiter": "\t"}),
        ("id\tv\n1\tC:\\temp\n2\tc\n", {"delimiter": "\t"}),
        ('id,v\n1,"{""a"":""say \\""hi\\"" x""}"\n', {}),
        ('id;v\n1;"{""a"":""x\\"",\\"" x""}"\n2;b\n', {"delimiter": ";"}),
        ('id;v\n1;"{""a"":""x\\"" x""}"\n2;\\N\n', {**PLAIN, "delimiter": ";"}),
        ('id\tv\n1\t{"a":"x\\\\" x"}\n2\t\\N\n', {"dialect": "postgres", "header": True}),
        ('id,v\n1,"5\\""\n2,"a"\n', {"dialect": "spark"}),
        ('id,v\n1,"say \\"hi\\""\n2,C:\\\\x\n', {"escape": "\\", "escapes": "any"}),
        ('id,v\n1,"say \\"hi\\""\n2,\\\\h\\x\n', {"dialect": "spark"}),
        ("id,v\n1,\\N\n2,a\\nb\n", {"dialect": "postgres", "delimiter": ",", "header": True}),
        ("1\ta\\\nb\n2\tc\n", {"dialect": "mysql", "columns": ["column_1", "column_2"]}),
        ("id\tv\n1\ta\r\\nb\n2\tc\rd\\n\n3\te\n", {"dialect": "mysql", "header": True}),
        ('id,v\n1,"a\\\nb\\"c"\n2,\\N\n', {**QUOTED, "delimiter": ",", "quote": '"'}),
        ('id,v\n1,"a, b"\n2,\\N\n', PLAIN),
        ('1|""|a\\|b\n2|\\N|c\n', {"dialect": "mysql", "delimiter": "|", **THREE}),
        ('id,v\n1,"a"\n2,\\N\n3,\n4,"say ""x"" y"\n', {}),
        ("id;v\n1;'a\\'b'\n2;'c\"\"d'\n3;\\N\n", {**QUOTED, "delimiter": ";", "quote": "'"}),
        ("id;v\n1;'a\\'b'\n2;\\N\n", {**QUOTED, "delimiter": ";", "quote": "'"}),
        ('id,v\n1,"C:\\dir \\"a\\""\n2,\\N\n', {"dialect": "spark"}),
        ("1,a\n2,\\N\n", {"dialect": "snowflake", "columns": ["column_1", "column_2"]}),
        ("sep=;\nid;v\n1;a\n", {"dialect": "excel", "delimiter": ";"}),
        (SQLCMD, {"dialect": "sqlcmd"}),
        ("Report\nof May\n\nid;v;w\n1;a;b\n2;a;b\n", {"delimiter": ";", "skip_rows": 3}),
        ("id,v\n1,a,\n2,b,\n", {"trailing_delimiter": True}),
        ("id,v,w\n1,a\n2,b\n", {"short_rows": "null"}),
        ("Report\nid,v\n1,a\nTotal\n", {"skip_rows": 1}),
        ('id\tv\n1\t"Foo\n2\tb\n3\t"Bar\n', {"delimiter": "\t", "quote": ""}),
        ('id\tv\n1\t"Foo\n2\tb\n', {"delimiter": "\t", "quote": ""}),
        ('id,v\n1,"a\nb"\n2,"5"" x"\n', {}),
    ],
)
def test_dialects_of_programs(
    put: Put, tmp_path: Path, content: str, expected: dict[str, object]
) -> None:
    put("tables/t.csv", content)
    facts = json.loads(run(tmp_path / "tables", "--json").output)
    (table,) = facts["tables"]
    assert table.get("csv", {}) == expected
    if expected:
        assert "lines have" in run(tmp_path / "tables").output
