"""The shop as an analyst has it, with metrics in its signed manifest; tests only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.metrics.model import METRICS, Metric, ResultColumn, metrics_to_json
from tests.laptop_folders import LaptopFolder, make_shop

REVENUE = Metric(
    name="monthly_revenue",
    title="Revenue per month",
    sql="SELECT date_trunc('month', created_at) AS month, sum(amount) AS revenue -- all of it\n"
    "FROM orders\nGROUP BY ALL\nORDER BY month",
    description="All orders,\nby the month in which they came.",
    unit="EUR",
    grain="month",
    time_column="month",
    owner="Finance",
    synonyms=("turnover", "sales per month"),
    tables=("orders",),
    columns=(
        ResultColumn("month", "TIMESTAMP WITH TIME ZONE"),
        ResultColumn("revenue", "DECIMAL(38,2)"),
    ),
)
CUSTOMERS = Metric(
    name="customers",
    title="Customers \x1b[31mof all time",
    sql="SELECT count(*) AS n FROM customers",
    tables=("customers",),
    columns=(ResultColumn("n", "BIGINT"),),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LaptopFolder:
    folder = make_shop(Path(tmp_path_factory.mktemp("shop")))
    folder.documents[METRICS] = metrics_to_json([REVENUE, CUSTOMERS])
    folder.publish()
    return folder
