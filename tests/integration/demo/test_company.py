from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from demo.company import TABLES, Company, generate
from demo.company.__main__ import main
from tests.integration.demo.conftest import SCALE


def one(shop: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    row = shop.execute(sql).fetchone()
    assert row is not None
    return row


def test_same_options_give_the_same_bytes(company: Path, tmp_path: Path) -> None:
    list(generate(tmp_path, Company(SCALE)))
    for table in TABLES:
        again = (tmp_path / "csv" / f"{table}.csv").read_bytes()
        assert again == (company / "csv" / f"{table}.csv").read_bytes(), table


def test_another_today_moves_the_two_years(tmp_path: Path) -> None:
    company = Company(SCALE, date(2025, 3, 15))
    assert company.first_day == date(2023, 3, 1)
    list(generate(tmp_path, company))
    orders = (tmp_path / "csv" / "orders.csv").read_text(encoding="utf-8")
    assert "2025-03-14" in orders
    assert "2025-03-15" not in orders


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("stores", "store_id"),
        ("products", "product_id"),
        ("customers", "customer_id"),
        ("orders", "order_id"),
        ("order_items", "(order_id, line_number)"),
        ("payments", "payment_id"),
        ("web_events", "event_id"),
        ("support_tickets", "ticket_id"),
        ("employees", "employee_id"),
        ("salaries", "(employee_id, valid_from)"),
    ],
)
def test_keys_are_unique(shop: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    rows, distinct = one(shop, f"SELECT count(*), count(DISTINCT {key}) FROM {table}")
    assert rows == distinct > 0


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("orders", "customer_id", "customers"),
        ("orders", "store_id", "stores"),
        ("order_items", "order_id", "orders"),
        ("order_items", "product_id", "products"),
        ("payments", "order_id", "orders"),
        ("web_events", "customer_id", "customers"),
        ("web_events", "product_id", "products"),
        ("support_tickets", "order_id", "orders"),
        ("employees", "store_id", "stores"),
        ("salaries", "employee_id", "employees"),
    ],
)
def test_references_point_at_rows_that_exist(
    shop: duckdb.DuckDBPyConnection, table: str, column: str, parent: str
) -> None:
    sql = f"SELECT count(*) FROM {table} ANTI JOIN {parent} USING ({column}) WHERE {column} NOTNULL"
    assert one(shop, sql) == (0,)


def test_nothing_happens_before_it_can(shop: duckdb.DuckDBPyConnection) -> None:
    early = """SELECT count(*) FROM orders JOIN customers USING (customer_id)
        WHERE placed_at < signed_up_at"""
    unsold = """SELECT count(*) FROM order_items JOIN products USING (product_id)
        WHERE order_date < launched_on OR order_date >= discontinued_on"""
    assert one(shop, early) == (0,)
    assert one(shop, unsold) == (0,)


def test_captured_money_is_what_the_lines_and_the_shipping_add_up_to(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    difference = """
        SELECT round(sum(amount), 2) - (
            SELECT round(sum(unit_price * quantity - discount), 2) FROM order_items
            JOIN orders USING (order_id) WHERE status <> 'cancelled'
        ) - (SELECT round(sum(shipping_fee), 2) FROM orders WHERE status <> 'cancelled')
        FROM payments WHERE kind = 'captured'"""
    assert one(shop, difference)[0] == pytest.approx(0, abs=0.01)


def test_the_business_grows_and_has_a_season(shop: duckdb.DuckDBPyConnection) -> None:
    first, second = one(
        shop,
        """SELECT count(*) FILTER (order_date < DATE '2025-11-01'),
            count(*) FILTER (order_date >= DATE '2025-11-01') FROM orders""",
    )
    december, february = one(
        shop,
        """SELECT count(*) FILTER (month(order_date) = 12), count(*) FILTER (month(order_date) = 2)
        FROM orders""",
    )
    assert second > 1.15 * first  # type: ignore[operator]
    assert december > 1.4 * february  # type: ignore[operator]


def test_the_nasty_values_of_real_data_are_there(shop: duckdb.DuckDBPyConnection) -> None:
    missing, empty = one(
        shop,
        """SELECT count(*) FILTER (referral_code IS NULL), count(*) FILTER (referral_code = '')
        FROM customers""",
    )
    assert missing > 0  # type: ignore[operator]
    assert empty > 0  # type: ignore[operator]
    for sql in (
        "SELECT count(*) FROM orders WHERE country_code = 'NA'",
        "SELECT count(*) FROM products WHERE brand = 'NULL'",
        "SELECT count(*) FROM orders WHERE gift_message LIKE '%' || chr(10) || '%\"%'",
        "SELECT count(*) FROM orders WHERE contains(gift_message, '🎂')",
        "SELECT count(*) FROM products WHERE contains(name, ',')",
        "SELECT count(*) FROM orders WHERE local_time <> placed_at::TIMESTAMP",
    ):
        assert one(shop, sql)[0] != 0, sql


def test_the_config_describes_every_file_and_keeps_people_private(company: Path) -> None:
    text = (company / "config" / "data_description.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(part.split("```")[0]) for part in text.split("```yaml")[1:]]
    tables = {table["name"]: table for block in blocks for table in block.get("tables", [])}
    assert set(tables) == set(TABLES)
    private = {name for name, table in tables.items() if table.get("access") == "private"}
    assert private == {"employees", "salaries"}
    instance = yaml.safe_load((company / "config" / "instance.yaml").read_text(encoding="utf-8"))
    assert instance["data_source"] == {"type": "csv", "path": str(company / "csv")}


def test_described_columns_stand_in_the_files(company: Path) -> None:
    text = (company / "config" / "data_description.md").read_text(encoding="utf-8")
    for part in text.split("```yaml")[1:]:
        for table in yaml.safe_load(part.split("```")[0]).get("tables", []):
            path = company / "csv" / f"{table['name']}.csv"
            header = path.read_text(encoding="utf-8").splitlines()[0]
            keys = {column.strip() for column in table["primary_key"].split(",")}
            foreign = {key["column"] for key in table.get("foreign_keys", [])}
            assert {*table["types"], *keys, *foreign} <= set(header.split(",")), table["id"]


def test_command_prints_what_it_wrote(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--out", str(tmp_path), "--scale", "0.005"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(TABLES)
