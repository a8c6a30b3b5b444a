"""Which metric fits what a person or an agent is about to compute, and when none does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.laptop.metrics.fitting import fitting
from broker.metrics.model import Metric

from .conftest import CUSTOMERS, REVENUE

NET = Metric(
    name="net_income",
    title="Net income",
    sql="SELECT sum(amount - cost) AS net FROM orders JOIN costs USING (id)",
    tables=("costs", "orders"),
)
ALL = (CUSTOMERS, REVENUE, NET)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # the same tables, and an aggregate over the same columns
        ("SELECT sum(amount) FROM orders", REVENUE),
        ("select day, SUM(o.Amount) from Orders as o where day > '2026' group by 1", REVENUE),
        ("WITH o AS (SELECT * FROM orders) SELECT sum(amount) AS x FROM o", REVENUE),
        ("SELECT sum(amount) OVER (ORDER BY id) FROM orders", REVENUE),
        ("SELECT sum(o.amount - c.cost) FROM orders o, costs c WHERE o.id = c.id", NET),
        ("SELECT count(*) FROM customers WHERE id > 7", CUSTOMERS),
        ("SELECT avg(amount) FROM orders", None),
        ("SELECT sum(id) FROM orders", None),
        ("SELECT sum(amount) FROM orders JOIN customers USING (id)", None),
        ("SELECT sum(amount) FROM returns", None),
        ("SELECT amount FROM orders", None),
        ("SELECT count(*) FROM orders", None),
        ("SELECT 'sum(amount)' FROM orders -- sum(amount)", None),
        # a name or a synonym as a column or an alias, over one of its tables
        ("SELECT max(amount) AS turnover FROM orders", REVENUE),
        ('SELECT total AS "Sales per Month" FROM orders JOIN customers USING (id)', REVENUE),
        ("SELECT * FROM orders ORDER BY monthly_revenue_eur", REVENUE),
        ("SELECT max(amount) AS turnover FROM returns", None),
        ("SELECT amount AS turnovers FROM orders", None),
        ("SELECT sales AS x, per, month FROM orders", None),
        ("SELECT 'turnover' AS x FROM orders", None),
        # words
        ("what was our monthly revenue in May?", REVENUE),
        ("Turnover", REVENUE),
        ("how many customers are there", CUSTOMERS),
        ("how is the weather", None),
        ("", None),
        ("SELECT sum(amount) FROM", None),
    ],
)
def test_what_fits(text: str, found: Metric | None) -> None:
    assert fitting(text, ALL) is found


def test_the_longest_name_wins_and_a_tie_is_none() -> None:
    month = replace(REVENUE, name="sales", synonyms=())
    assert fitting("sales per month, please", [month, REVENUE]) is REVENUE
    twin = replace(REVENUE, name="gross_revenue", synonyms=())
    assert fitting("SELECT sum(amount) FROM orders", [REVENUE, twin]) is None
    assert fitting("SELECT sum(amount) AS gross_revenue FROM orders", [REVENUE, twin]) is twin


def test_without_metrics_or_for_an_endless_text_none_fits() -> None:
    assert fitting("SELECT sum(amount) FROM orders", []) is None
    assert fitting("turnover " * 100_000, ALL) is None
    assert fitting("SELECT " + "(" * 50_000 + "1", ALL) is None


def test_a_forged_metric_fits_nothing_and_breaks_nothing() -> None:
    forged = replace(REVENUE, sql="'; DROP", synonyms=("", " ", "_"), name="x")
    assert fitting("SELECT sum(amount) FROM orders", [forged]) is None
    assert fitting("a b", [forged]) is None
