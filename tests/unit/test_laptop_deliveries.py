"""The updates that the benchmarks of the laptop deliver have the shape that the baselines say."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.benchmarks.laptop.deliveries import UPDATES, write_orders, write_update

ROWS = 50_000  # a hundredth of the whole size
KINDS = """
SELECT count(*) FILTER (gone),
  count(*) FILTER (NOT gone AND id IN (SELECT id FROM orders)),
  count(*) FILTER (id % 2 = 1),
  count(*) FILTER (id % 2 = 0 AND id NOT IN (SELECT id FROM orders)),
  count(*) - count(DISTINCT id)
FROM delivered
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("deliveries")
    places = {name: folder / f"{name}.csv" for name in ("orders", *UPDATES)}
    write_orders(places["orders"], ROWS)
    for name in UPDATES:
        write_update(places[name], name, ROWS)
    return places


@pytest.mark.parametrize(
    ("name", "gone", "changed", "between", "new"),
    [("S1", 0, (450, 500), 0, 250), ("S2", 0, (8, 10), 0, 10), ("S3", 3, (8, 10), 3, 10)],
)
def test_an_update_has_its_share_of_each_kind_of_row(
    places: dict[str, Path], name: str, gone: int, changed: tuple[int, int], between: int, new: int
) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE orders AS FROM '{places['orders']}'")
        connection.execute(f"CREATE TABLE delivered AS FROM '{places[name]}'")
        ((lost, others, odd, added, twice),) = connection.execute(KINDS).fetchall()
    assert (lost, odd, added, twice) == (gone, between, new, 0)
    assert changed[0] <= others <= changed[1]


def test_no_update_brings_the_new_rows_of_another(places: dict[str, Path]) -> None:
    listed = ", ".join(f"'{places[name]}'" for name in UPDATES)
    with duckdb.connect() as connection:
        ((twice,),) = connection.execute(
            "SELECT count(*) - count(DISTINCT id) "
            f"FROM read_csv([{listed}]) WHERE id >= {2 * ROWS} OR id % 2 = 1"
        ).fetchall()
    assert twice == 0
