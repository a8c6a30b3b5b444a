"""The verb ``sql``: where its text comes from, what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.errors import LaptopError
from broker.laptop.program import laptop
from broker.laptop.query.command import CUT
from tests.laptop_folders import LaptopFolder


def run(shop: LaptopFolder, *arguments: str, given: str | None = None) -> Result:
    words = ["--folder", str(shop.root), "sql", *arguments]
    return CliRunner().invoke(laptop, words, input=given)


def test_a_table_is_followed_by_where_it_comes_from(shop: LaptopFolder) -> None:
    result = run(shop, "SELECT name FROM customers ORDER BY id")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:5] == ["name", "-----", "Anna", "Ben", "Chloé"]
    assert f"generation {shop.tree.name}" in lines[5]
    assert lines[6].startswith("tables: customers, ")


def test_json_is_one_document_also_when_it_is_cut(shop: LaptopFolder) -> None:
    result = run(shop, "--json", "FROM orders", "--rows", "2")
    found = json.loads(result.stdout)
    assert (found["row_count"], found["cut"]) == (2, "2 rows")
    assert result.exit_code == CUT
    assert "cut after 2 rows" in result.stderr


def test_csv_is_data_alone_and_the_rest_goes_beside_it(shop: LaptopFolder) -> None:
    result = run(shop, "--csv", "SELECT status FROM orders ORDER BY id", "--rows", "3")
    assert result.stdout == 'status\n\n""\nNA\n'
    assert "CUT after 3 rows" in result.stderr
    assert result.exit_code == CUT


def test_csv_never_acts_on_a_terminal_and_is_exact_elsewhere(
    shop: LaptopFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "SELECT chr(27) || '[2J' AS x"
    assert "\x1b[2J" in run(shop, "--csv", sql).stdout
    monkeypatch.setattr("broker.laptop.screen._is_terminal", lambda: True)
    assert run(shop, "--csv", sql).stdout == "x\n\\x1b[2J\n"
    assert "\x1b" not in run(shop, "--json", sql).stdout
    assert json.loads(run(shop, "--json", sql).stdout)["rows"] == [["\x1b[2J"]]


def test_sql_comes_as_argument_from_a_file_or_from_standard_input(
    shop: LaptopFolder, tmp_path: Path
) -> None:
    file = tmp_path / "query.sql"
    file.write_text("-- héllo\nSELECT 'é' AS x", encoding="utf-8")
    for result in (
        run(shop, "--csv", "-- a comment first\nSELECT 'é' AS x"),
        run(shop, "--csv", "--file", str(file)),
        run(shop, "--csv", "--file", "-", given="SELECT 'é' AS x"),
        run(shop, "--csv", given="SELECT 'é' AS x"),
    ):
        assert result.stdout == "x\né\n", result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["SELECT", "1"], "found 2 arguments"),
        (["SELECT 1", "--rwos", "5"], "found 3 arguments"),
        (["SELECT 1", "--file", "-"], "not both"),
        (["SELECT $a", "--param", "a"], "--param NAME=VALUE"),
        (["SELECT $a", "--param", "a=1", "--param", "a=2"], "once per name"),
        (["SELECT 1", "--rows", "0"], "x>=1"),
    ],
)
def test_what_is_not_understood_ends_with_2(
    shop: LaptopFolder, arguments: list[str], text: str
) -> None:
    result = run(shop, *arguments)
    assert result.exit_code == 2
    assert text in result.stderr


def test_text_that_is_not_utf_8_is_one_sentence(shop: LaptopFolder, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_bytes(b"SELECT '\xff'")
    result = run(shop, "--file", str(file))
    assert isinstance(result.exception, LaptopError)
    assert "not UTF-8" in str(result.exception)


def test_values_of_parameters_may_hold_an_equals_sign(shop: LaptopFolder) -> None:
    result = run(shop, "--csv", "SELECT $a AS x", "--param", "a=b=c")
    assert result.stdout == "x\nb=c\n"


def test_a_folder_without_data_says_what_to_run(tmp_path: Path) -> None:
    result = run(LaptopFolder(tmp_path), "SELECT 1")
    assert isinstance(result.exception, LaptopError)
    assert "bash server/scripts/sync_data.sh" in str(result.exception)
