"""Bytes that programs wrote: as they are read by a declaration, and what is said without one.

They are lines of files of Spark 3.5 and 4.3, Python 3.11 (pandas, Snowflake's command line),
ClickHouse 26.9, R 4.2, MariaDB 10.11 and SQL Server's ``sqlcmd``, for the values in the tests.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..conftest import Instance
from ..test_edges import described_anew, table

Make = Callable[[str], Instance]

SPARK = (
    'id,v\n1,\n2,""\n3,"say \\"hi\\""\n4,C:\\temp\n5,"a,b\\\\"\n6,"x\\\\\\"y"\n7,"q\\",\n\\"r"\n'
)
SPARK_VALUES = [None, "", 'say "hi"', "C:\\temp", "a,b\\", 'x\\"y', 'q",\n"r']


def put(instance: Instance, name: str, text: str) -> None:
    path = instance.root / "csv" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


@pytest.mark.parametrize(
    ("csv", "text", "values"),
    [
        ("{dialect: spark}", SPARK, SPARK_VALUES),
        (
            "{dialect: postgres, header: true}",
            "id\tv\n1\t\\N\n2\t\n3\t\\f\\b\\\\\n4\tit\\'s\n",
            [None, "", "\f\b\\", "it's"],
        ),
        ("{null_values: NA}", '"id","v"\n"1",NA\n"2",""\n"3","NA"\n', [None, "", "NA"]),
        (
            "{dialect: mysql, header: true, null_values: ['NULL']}",
            'id\tv\n1\tNULL\n2\t\n3\ta\\nb\\tc\\\\\n4\t"\n',
            [None, "", "a\nb\tc\\", '"'],
        ),
        (
            "{escape: '\\', escapes: any}",
            'id,v\n1,C:\\\\temp\n2,"say \\"hi\\", x\\\\"\n3,5\\"\n',
            ["C:\\temp", 'say "hi", x\\', '5"'],
        ),
        (
            "{dialect: sqlcmd}",
            "id,v\n--,-\n1,NULL\n2,\n3,x\n\n(3 rows affected)\n",
            [None, "", "x"],
        ),
    ],
    ids=["Spark", "ClickHouse", "R", "mariadb -B", "Python with an escape", "sqlcmd"],
)
def test_what_a_program_wrote_is_read(
    described: Make, csv: str, text: str, values: list[str | None]
) -> None:
    instance = described(table("types: {v: VARCHAR}", f"csv: {csv}"))
    put(instance, "t.csv", text)
    report = instance.sync()
    assert (report["exit_code"], report["tables"][0]["warnings"]) == (0, [])
    assert [row[1] for row in instance.rows("s/t")] == values


@pytest.mark.parametrize(
    "row", ['2,"say \\"hi\\""\n', '2,"x\\\\\\"y"\n', '2,"{\\"k\\": 1}"\n', '2,5\\" x\n']
)
def test_backslashes_before_quotes_are_told_where_nothing_declares_them(
    described: Make, row: str
) -> None:
    instance = described(table("types: {v: VARCHAR}"))
    put(instance, "t.csv", f"id,v\n1,a\n{row}")
    report = instance.sync()
    (warning,) = report["tables"][0]["warnings"]
    assert report["exit_code"] == 0
    assert warning.startswith("t.csv, line 3 has a backslash before a quote")
    assert "declare csv: {escape: '\\'}" in warning
    for escape in ("'\\'", "'\"'"):
        described_anew(instance, table("types: {v: VARCHAR}", f"csv: {{escape: {escape}}}"))
        report = instance.sync()
        assert (report["exit_code"], report["tables"][0]["warnings"]) == (0, [])


@pytest.mark.parametrize(
    "text",
    [
        '1,"C:\\"\n2,"a\\""b"\n',
        '1,"{""k"":""a\\""b\\""""}"\n',
        '1,"\\"\n2,\\\n',
        '1,"a\\""\r\nb"\n',
    ],
)
def test_backslashes_in_files_of_rfc_4180_are_only_characters(described: Make, text: str) -> None:
    instance = described(table("types: {v: VARCHAR}"))
    put(instance, "t.csv", f"id,v\n{text}")
    report = instance.sync()
    assert (report["exit_code"], report["tables"][0]["warnings"]) == (0, [])


def test_a_row_that_escaped_quotes_hide_is_rejected_with_what_reads_it(described: Make) -> None:
    instance = described(table("types: {v: VARCHAR}"))
    put(instance, "t.csv", 'id,v\n1,"5\\""\n2,"6\\""\n3,c\n')
    report = instance.sync()
    (issue,) = report["tables"][0]["issues"]
    assert report["exit_code"] == 3
    assert "declare csv: {escape: '\\'}" in issue["reason"]


@pytest.mark.parametrize(
    ("csv", "text"),
    [
        ("{}", 'id,v,w\n2,"l1",z\n1,l1\rl2,z\n'),
        ("{short_rows: null}", "id,v\n2,a\n1,l1\rl2\n"),
        ("{short_rows: null}", "id,v\r\n2,a\r\n1,l1\rl2\r\n"),
        ("{delimiter: tab, quote: ''}", "id\n2\nl1\rl2\n"),
    ],
)
def test_a_carriage_return_that_cuts_a_value_is_told(described: Make, csv: str, text: str) -> None:
    """Before version 3.13, Python puts no quotes around a value with CR."""
    instance = described(table("types: {id: VARCHAR}", f"csv: {csv}"))
    put(instance, "t.csv", text)
    warnings = instance.sync()["tables"][0]["warnings"]
    assert any(one.startswith("t.csv, line 3 ends with CR alone") for one in warnings)


@pytest.mark.parametrize(
    "text", ['id,v\n1,"a\rb"\n', "id,v\r\n1,a\r\n", "id,v\r1,a\r", "id,v\n1,a\r\n"]
)
def test_other_carriage_returns_cut_nothing(described: Make, text: str) -> None:
    instance = described(table())
    put(instance, "t.csv", text)
    assert instance.sync()["tables"][0]["warnings"] == []


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        (("file: t/**/*.csv",), "day"),
        (("file: t/*/*.csv",), "day"),
        (("file: t/day=1/*.csv",), ""),
        (("file: t/**/*.csv", "columns: [id, v]"), ""),
    ],
)
def test_a_column_that_only_names_of_folders_hold_is_told(
    described: Make, lines: tuple[str, ...], lost: str
) -> None:
    """``df.write.partitionBy("day")`` leaves the column out of the files."""
    instance = described(table(*lines))
    put(instance, "t/day=1/part-0.csv", "id,v\n1,a\n")
    put(instance, "t/day=2/part-0.csv", "id,v\n2,b\n")
    report = instance.sync()
    found = [one for one in report["tables"][0]["warnings"] if "names of folders hold" in one]
    assert report["exit_code"] == 0
    assert [lost in one for one in found] == ([True] if lost else [])


def test_a_folder_of_folders_says_how_it_is_read(described: Make) -> None:
    instance = described(table())
    put(instance, "t/day=1/part-0.csv", "id,v\n1,a\n")
    error = str(instance.sync()["tables"][0]["error"])
    assert "found day=1." in error
    assert "file: t/**/*.csv" in error


def test_folders_of_rows_beside_files_are_not_left_out(described: Make) -> None:
    """As where a folder that Spark wrote in parts was at first one without."""
    instance = described(table())
    put(instance, "t/part-0.csv", "id,v\n1,a\n")
    put(instance, "t/day=2/part-0.csv", "id,v\n2,b\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert "files that would not be read" in report["tables"][0]["error"]
    assert "found day=2/." in report["tables"][0]["error"]
    (instance.config / "data_description.md").write_text(table("file: t/*.csv"))
    assert instance.sync()["tables"][0]["rows"] == 1


def test_a_folder_for_files_that_are_done_is_no_part_of_a_table(described: Make) -> None:
    instance = described(table())
    put(instance, "t/part-0.csv", "id,v\n1,a\n")
    put(instance, "t/archive/part-0.csv", "id,v\n2,b\n")
    assert instance.sync()["tables"][0]["rows"] == 1


@pytest.mark.parametrize("ending", ["snappy", "lz4", "deflate", "zstd"])
def test_a_file_that_is_compressed_otherwise_is_not_left_out(described: Make, ending: str) -> None:
    instance = described(table())
    put(instance, "t/part-0.csv", "id,v\n1,a\n")
    put(instance, f"t/part-1.csv.{ending}", "x")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert f"part-1.csv.{ending}" in report["tables"][0]["error"]


@pytest.mark.parametrize(
    "csv", ["{dialect: postgres, columns: [id, v]}", "{dialect: mysql, columns: [ID, V]}"]
)
def test_a_header_that_becomes_a_row_is_told(described: Make, csv: str) -> None:
    """As PostgreSQL 15 writes it, ``COPY t TO STDOUT (FORMAT text, HEADER)``."""
    key = "ID" if "ID" in csv else "id"
    instance = described(table(f"types: {{{key}: VARCHAR}}", f"csv: {csv}", key=key))
    put(instance, "t.csv", "id\tv\n1\ta\n")
    report = instance.sync()
    (warning,) = report["tables"][0]["warnings"]
    assert report["exit_code"] == 0
    assert warning.startswith("t.csv, first row was taken for a row, but holds the names")
    put(instance, "t.csv", "1\tid\n2\tv\n")
    assert instance.sync()["tables"][0]["warnings"] == []


def test_a_null_of_databases_is_told_where_nothing_declares_it(described: Make) -> None:
    r"""ClickHouse, MySQL, Snowflake and Hive write NULL as ``\N``, and the text in quotes."""
    instance = described(table("types: {v: VARCHAR}"))
    put(instance, "t.csv", 'id,v\n1,a\n2,\\N\n3,"\\N"\n')
    (warning,) = instance.sync()["tables"][0]["warnings"]
    assert warning.startswith("t.csv, line 3 has a value \\N")
    for csv in ("{null_values: ['\\N']}", "{escape: '\"'}"):
        described_anew(instance, table("types: {v: VARCHAR}", f"csv: {csv}"))
        assert instance.sync()["tables"][0]["warnings"] == []
    formats = "csv: {formats: {v: {null_values: ['\\N']}}}"
    described_anew(instance, table("types: {v: VARCHAR}", formats))
    assert instance.sync()["tables"][0]["warnings"] == []
    put(instance, "t.csv", 'id,v\n1,"\\N"\n2,\\Nx\n3,x\\N\n')
    described_anew(instance, table("types: {v: VARCHAR}"))
    assert instance.sync()["tables"][0]["warnings"] == []
