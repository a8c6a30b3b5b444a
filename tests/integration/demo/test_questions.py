from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from demo.company import TABLES
from demo.questions import ASK, Answer, ask, show


@pytest.fixture(scope="module")
def answers(company: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    database = tmp_path_factory.mktemp("questions") / "analytics.duckdb"
    with duckdb.connect(str(database)) as connection:
        for table in TABLES:
            path = company / "csv" / f"{table}.csv"
            money = {"unit_price": "DECIMAL(12,2)", "discount": "DECIMAL(12,2)"}
            types = money if table == "order_items" else {}
            connection.execute(
                f"CREATE VIEW {table} AS FROM read_csv('{path}', types={types}, sample_size=-1)"
            )

    def run(text: str) -> Sequence[str]:
        command = [sys.executable, "-c", ASK]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return ask(str(database), run)


def test_three_questions_are_answered(answers: list[Answer]) -> None:
    assert len(answers) == 3
    assert all(answer["rows"] and answer["title"].count("?") for answer in answers)


def test_revenue_is_what_adding_up_by_hand_gives(answers: list[Answer], company: Path) -> None:
    with (company / "csv" / "orders.csv").open(encoding="utf-8", newline="") as stream:
        sold = {row["order_id"] for row in csv.DictReader(stream) if row["status"] != "cancelled"}
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    with (company / "csv" / "order_items.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["order_id"] in sold:
                value = Decimal(row["unit_price"]) * int(row["quantity"]) - Decimal(row["discount"])
                revenue[row["order_date"][:7]] += value
    growth = {row[0]: (Decimal(row[2]), Decimal(row[3])) for row in answers[0]["rows"]}
    assert list(growth) == ["2026-10", "2026-09", "2026-08", "2026-07", "2026-06", "2026-05"]
    for month, (now, before) in growth.items():
        assert now == revenue[month]
        assert before == revenue[f"{int(month[:4]) - 1}{month[4:]}"]


def test_namibia_is_a_market_and_not_a_missing_value(answers: list[Answer]) -> None:
    countries = {row[0] for row in answers[2]["rows"]}
    assert countries == {"CZ", "DE", "AT", "PL", "SK", "GB", "NL", "NA"}


def test_numbers_are_shown_with_thousands_and_to_the_right() -> None:
    stream = io.StringIO()
    columns = [["month", "VARCHAR"], ["value_returned", "DECIMAL(12,2)"]]
    answer = {"title": "How much?", "columns": columns, "rows": [["NA", "1234567.80"]]}
    show([answer], Console(file=stream, width=80))
    assert "How much?" in stream.getvalue()
    assert "value returned" in stream.getvalue()
    assert "1,234,567.80" in stream.getvalue()
