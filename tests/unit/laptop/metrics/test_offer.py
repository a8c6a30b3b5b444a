"""A query of the guard is answered with the metric that fits it, and never fails for that."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from broker.laptop.metrics.offer import offer
from broker.laptop.program import laptop
from broker.metrics.model import METRICS
from tests.laptop_folders import LaptopFolder, make_shop

NOTE = (
    "the broker defines a metric that may be what this computes: monthly_revenue (Revenue per "
    "month). `metric monthly_revenue` gives it"
)
BY_HAND = "SELECT sum(amount) AS x FROM orders"


def notes(shop: LaptopFolder, *words: str) -> list[str]:
    done = CliRunner().invoke(laptop, ["--folder", str(shop.root), *words, "--json"])
    assert done.exit_code == 0, done.output
    found: list[str] = json.loads(done.stdout)["notes"]
    return found


def test_a_query_that_computes_a_metric_by_hand_is_answered_with_its_name(
    shop: LaptopFolder,
) -> None:
    assert NOTE in notes(shop, "sql", BY_HAND)
    assert NOTE not in notes(shop, "sql", "SELECT max(amount) AS x FROM orders")


def test_a_metric_does_not_offer_itself(shop: LaptopFolder) -> None:
    assert NOTE not in notes(shop, "metric", "monthly_revenue")


def test_words_of_a_broker_do_not_act_in_a_note(shop: LaptopFolder) -> None:
    (note,) = offer(*shop.workspace.in_use(), "SELECT count(*) FROM customers")
    assert "(Customers \\x1b[31mof all time)" in note


def test_a_damaged_list_of_metrics_costs_a_note_and_no_answer(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    folder.documents[METRICS] = b"{}"
    folder.publish()
    (note,) = [one for one in notes(folder, "sql", BY_HAND) if "metric" in one]
    assert note.startswith("whether a metric is defined for this is not known: docs/metrics.json: ")
