"""A receipt says what was asked of which data, and whether the same comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from broker.errors import LaptopError
from broker.laptop.program import laptop
from broker.laptop.query.answer import AnswerColumn, QueryAnswer
from broker.laptop.receipts.hashes import MOST_ROWS, hashes_of, row_hash
from broker.laptop.receipts.model import Receipt
from tests.laptop_folders import LaptopFolder, make_shop


@pytest.fixture
def shop(tmp_path: Path) -> LaptopFolder:
    return make_shop(tmp_path)


def run(shop: LaptopFolder, *words: str) -> Result:
    return CliRunner().invoke(laptop, ["--folder", str(shop.root), *words])


def receipted(shop: LaptopFolder, sql: str, *options: str) -> Path:
    """Ask with a receipt, and give its file."""
    result = run(shop, "sql", "--json", "--receipt", sql, *options)
    assert result.exception is None or result.exit_code == 4, result.exception
    return Path(json.loads(result.stdout)["receipt"])


def verified(shop: LaptopFolder, place: Path) -> tuple[int, str]:
    result = run(shop, "verify-receipt", str(place))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def change(place: Path, **changes: Any) -> None:
    """Give fields of a receipt other values."""
    place.write_text(json.dumps({**json.loads(place.read_text()), **changes}))


def test_a_receipt_says_what_was_asked_of_which_files_and_what_came_back(
    shop: LaptopFolder,
) -> None:
    sql = "SELECT name FROM customers WHERE id < $most ORDER BY id;"
    place = receipted(shop, sql, "--param", "most=2")
    assert place.parent == shop.root / "user" / "receipts"
    found = json.loads(place.read_text())
    entry = shop.tables["shop/customers"]
    assert found["generation"] == shop.tree.name
    assert found["sql"] == sql.removesuffix(";")
    assert found["parameters"] == {"most": "2"}
    assert found["duckdb"] == duckdb.__version__
    assert found["tables"] == [
        {
            "name": "customers",
            "path": "shop/customers",
            "files": [{"path": entry.files[0].path, "sha256": entry.files[0].sha256}],
        }
    ]
    assert found["rows"] == [row_hash(("Anna",))[:16], row_hash(("Ben",))[:16]]
    assert (found["row_count"], found["is_ordered"], found["cut"]) == (2, True, None)
    assert (found["row_limit"], found["character_limit"]) == (1_000, 1_000_000)
    assert "Anna" not in place.read_text()


@pytest.mark.parametrize(
    "sql",
    [
        "FROM orders",
        "SELECT * FROM orders ORDER BY id",
        "SELECT status, sum(amount::DOUBLE), list(id) FROM orders GROUP BY ALL",
        "SELECT 'é', NULL, '', 'NA', chr(10)",
        "SELECT count(*) FROM orders JOIN customers ON customers.id = customer_id",
    ],
)
def test_the_same_comes_back(shop: LaptopFolder, sql: str) -> None:
    code, text = verified(shop, receipted(shop, sql))
    assert (code, text[:5]) == (0, "SAME:")


def test_it_is_found_by_its_name_too(shop: LaptopFolder) -> None:
    place = receipted(shop, "FROM orders")
    for name in (place.stem, place.name):
        assert run(shop, "verify-receipt", name).exit_code == 0


def test_a_newer_generation_changes_nothing_while_the_old_one_is_kept(shop: LaptopFolder) -> None:
    place = receipted(shop, "SELECT sum(amount) FROM orders")
    shop.table("orders", "SELECT 1::BIGINT AS id, 5.00::DECIMAL(18,2) AS amount")
    shop.publish()
    assert verified(shop, place)[0] == 0


def test_another_generation_with_the_same_files_answers_for_one_that_is_gone(
    shop: LaptopFolder,
) -> None:
    place = receipted(shop, "FROM orders")
    first = shop.tree
    shop.table("customers", "SELECT 1::BIGINT AS id")
    second = shop.publish()
    first.rename(shop.root / "gone")
    code, text = verified(shop, place)
    assert (code, text[:5]) == (0, "SAME:")
    assert f"by {second}" in text


def test_a_generation_that_came_again_under_its_name_counts(shop: LaptopFolder) -> None:
    place = receipted(shop, "FROM orders")
    first = shop.tree
    shop.publish()
    first.rename(first.with_name(f"{first.name}+"))
    code, text = verified(shop, place)
    assert (code, text[:5]) == (0, "SAME:")
    assert " by " not in text


def test_a_generation_that_is_not_kept_ends_with_6(shop: LaptopFolder) -> None:
    place = receipted(shop, "FROM orders")
    first = shop.tree
    shop.table("orders", "SELECT 1::BIGINT AS id")
    shop.publish()
    first.rename(shop.root / "gone")
    code, text = verified(shop, place)
    assert code == 6
    assert text.startswith("NO LONGER KEPT:")
    assert first.name in text


@pytest.mark.parametrize(
    ("first", "then", "detail"),
    [
        (
            "SELECT id FROM orders WHERE id < 7 ORDER BY id",
            "SELECT id FROM orders WHERE id < 7 OR id = 9 ORDER BY id",
            "first difference: row 4, now ('9')",
        ),
        (
            "SELECT id FROM orders WHERE id < 7 ORDER BY id",
            "SELECT id FROM orders WHERE id < 6 ORDER BY id",
            "first difference: row 3, which is not there now",
        ),
        (
            "SELECT id, status FROM orders WHERE id < 6",
            "SELECT id, status FROM orders WHERE id IN (5, 6)",
            "1 rows that the receipt does not have, such as ('6', 'NA')",
        ),
        (
            "SELECT id FROM orders WHERE id < 6",
            "SELECT id FROM orders WHERE id < 5",
            "1 rows of the receipt that are not there now",
        ),
        (
            "SELECT id FROM orders WHERE id < 6",
            "SELECT id FROM orders WHERE id < 5",
            "rows: 2 on the receipt, 1 now",
        ),
        (
            "SELECT id FROM orders WHERE id < 6",
            "SELECT id::VARCHAR AS id FROM orders WHERE id < 6",
            "columns: id BIGINT on the receipt, id VARCHAR now",
        ),
        (
            "SELECT count(*) FROM orders",
            "SELECT count(*) FROM customers",
            "reads other tables than the receipt names",
        ),
        *(
            (f"SELECT {clock}", f"SELECT {clock}", f"the query uses {name}, whose value changes")
            for clock, name in (
                ("ago(INTERVAL 1 day)", "ago"),
                ("localtime", "localtime"),
                ("localtimestamp", "localtimestamp"),
                ("current_localtimestamp()", "current_localtimestamp"),
            )
        ),
        (
            "SELECT id, random() AS r FROM orders",
            "SELECT id, random() AS r FROM orders",
            "the query uses random, whose value changes",
        ),
    ],
)
def test_what_differs_is_shown_where_it_differs(
    shop: LaptopFolder, first: str, then: str, detail: str
) -> None:
    place = receipted(shop, first)
    change(place, sql=then)
    code, text = verified(shop, place)
    assert (code, text[:10]) == (5, "DIFFERENT:")
    assert detail in text


def test_another_version_of_duckdb_is_named_where_something_differs(shop: LaptopFolder) -> None:
    place = receipted(shop, "SELECT 1 AS a")
    change(place, sql="SELECT 2 AS a", duckdb="1.9.9")
    assert "the receipt is of DuckDB 1.9.9" in verified(shop, place)[1]


def test_rows_that_change_places_where_the_order_allows_it_are_the_same(
    shop: LaptopFolder,
) -> None:
    place = receipted(shop, "SELECT id, 1 AS one FROM orders ORDER BY one, id")
    change(place, sql="SELECT id, 1 AS one FROM orders ORDER BY one, id DESC")
    code, text = verified(shop, place)
    assert (code, text[:5]) == (0, "SAME:")
    assert "come in another order" in text


def test_a_file_that_was_changed_gets_neither_receipt_nor_verdict(shop: LaptopFolder) -> None:
    place = receipted(shop, "SELECT count(*) FROM orders")
    damaged = next(shop.tree.rglob("orders/1.parquet"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    for words in (
        ["verify-receipt", str(place)],
        ["sql", "--receipt", "SELECT count(*) FROM orders"],
    ):
        result = run(shop, *words)
        assert isinstance(result.exception, LaptopError)
        assert "not the one that the broker published" in str(result.exception)
    assert len(list(place.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["FROM orders", "--rows", "3"], "more than 3 rows"),
        (["EXPLAIN FROM orders"], "EXPLAIN has no receipt"),
    ],
)
def test_what_cannot_come_out_the_same_has_no_receipt(
    shop: LaptopFolder, words: list[str], text: str
) -> None:
    result = run(shop, "sql", "--receipt", *words)
    assert text in str(result.exception)
    assert not (shop.root / "user" / "receipts").exists()


def test_a_cut_answer_in_order_has_a_receipt_that_says_so(shop: LaptopFolder) -> None:
    place = receipted(shop, "FROM orders ORDER BY id", "--rows", "3")
    assert json.loads(place.read_text())["cut"] == "3 rows"
    assert verified(shop, place)[0] == 0
    change(place, sql="FROM orders ORDER BY id DESC")
    assert "cut after 3 rows" in verified(shop, place)[1]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not a receipt"),
        (b"[]", "not a receipt"),
        (b'{"id": "x", "id": "y"}', "twice"),
        (b'{"id": "\x1b[2J"}', "not a receipt"),
        (b"{" * 100_000, "not a receipt"),
    ],
)
def test_what_is_not_a_receipt_is_one_sentence(
    shop: LaptopFolder, content: bytes, text: str
) -> None:
    place = shop.root / "x.json"
    place.write_bytes(content)
    result = run(shop, "verify-receipt", str(place))
    assert isinstance(result.exception, LaptopError)
    assert text in str(result.exception)
    assert str(result.exception).isprintable()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"format": 2}, "format 2"),
        ({"row_limit": 0}, "row_limit"),
        ({"more": 1}, "more"),
        ({"sql": "COPY orders TO 'x'"}, "one SELECT"),
        ({"sql": "FROM read_text('/etc/hostname')"}, "a query reads tables"),
        ({"parameters": {"a": "1"}}, "found $a"),
    ],
)
def test_a_receipt_from_elsewhere_meets_the_same_guard(
    shop: LaptopFolder, changes: dict[str, Any], text: str
) -> None:
    place = receipted(shop, "FROM orders")
    change(place, **changes)
    result = run(shop, "verify-receipt", str(place))
    assert isinstance(result.exception, LaptopError)
    assert text in str(result.exception)


def test_json_of_the_verdict(shop: LaptopFolder) -> None:
    place = receipted(shop, "SELECT 1 AS a")
    change(place, sql="SELECT 2 AS a")
    result = run(shop, "verify-receipt", "--json", str(place))
    found = json.loads(result.stdout)
    assert (found["verdict"], found["generation"]) == ("different", shop.tree.name)
    assert found["details"]


ANSWER = QueryAnswer(
    columns=(AnswerColumn("a", "VARCHAR"), AnswerColumn("b", "VARCHAR")),
    rows=(("x", "y"), ("p", None)),
    cut=None,
    generation="g",
    tables=(),
    notes=(),
    seconds=0.0,
)


def test_order_counts_only_where_the_query_gives_one() -> None:
    turned = replace(ANSWER, rows=ANSWER.rows[::-1])
    assert hashes_of(turned) == hashes_of(ANSWER)
    ordered, other = (hashes_of(replace(one, is_ordered=True)) for one in (ANSWER, turned))
    assert ordered.sha256 != other.sha256
    assert ordered.sorted_sha256 == other.sorted_sha256


@pytest.mark.parametrize(
    "row",
    [(None, "y"), ("", "y"), ("xy", ""), ("x,y", ""), ('x","y', ""), ("NULL", "y"), ("y", "x")],
)
def test_rows_that_differ_have_other_hashes(row: tuple[str | None, ...]) -> None:
    assert row_hash(row) != row_hash(("x", "y"))
    assert hashes_of(replace(ANSWER, rows=(row,))) != hashes_of(replace(ANSWER, rows=(("x", "y"),)))


def test_names_and_types_count_too() -> None:
    columns = (AnswerColumn("a", "VARCHAR"), AnswerColumn("b", "JSON"))
    assert hashes_of(replace(ANSWER, columns=columns)).sha256 != hashes_of(ANSWER).sha256


def test_hashes_of_rows_are_left_out_where_there_are_too_many(shop: LaptopFolder) -> None:
    place = receipted(shop, f"FROM range({MOST_ROWS + 1})", "--rows", str(MOST_ROWS + 1))
    assert Receipt.from_json(place.read_bytes(), where="x").rows is None
    assert verified(shop, place)[0] == 0
    change(place, sql=f"SELECT range + 1 AS range FROM range({MOST_ROWS + 1})")
    assert "which rows differ is not known" in verified(shop, place)[1]


def test_a_receipt_is_read_back_as_it_was(shop: LaptopFolder) -> None:
    receipt = Receipt.from_json(
        receipted(shop, "SELECT 'é\u202e' FROM orders").read_bytes(), where="x"
    )
    assert Receipt.from_json(receipt.to_json(), where="x") == receipt
    late = replace(receipt, created_at=receipt.created_at + timedelta(days=1))
    assert Receipt.from_json(late.to_json(), where="x") == late
