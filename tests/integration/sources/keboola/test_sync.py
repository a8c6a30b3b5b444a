"""From a Keboola project to published Parquet."""

from __future__ import annotations

from .conftest import Broker, Loader

ORDERS = """
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
"""


def test_an_untyped_table_is_published(broker: Broker, loader: Loader) -> None:
    rows = [(number, f'name "{number}",\nof two lines', "") for number in range(1, 11)]
    loader.create("orders", ["id", "name", "note"], rows, key="id")
    broker.describe(ORDERS)
    report = broker.sync()
    assert report.exit_code == 0, report.outcomes
    assert broker.rows("shop/orders") == sorted((str(a), b, c) for a, b, c in rows)
