"""A column of numbers that becomes DOUBLE: 10 and 10.0 are one number."""

from __future__ import annotations

import pytest

from .conftest import ORDERS, described
from .pasts import Past, make_past

MORE = """  - id: in.c-shop.prices
    primary_key: id
    types: {id: BIGINT, price: BIGINT}
    on_schema_change: rebuild
"""
FIRST, SECOND = "2026-05-01", "2026-05-02"


@pytest.fixture(scope="module")
def retyped(tmp_path_factory: pytest.TempPathFactory) -> Past:
    past = make_past(
        tmp_path_factory.mktemp("retyped"),
        f"{FIRST}T12:00:00Z",
        described(MORE),
        orders=ORDERS,
        stores="id\n1\n",
        prices="id,price\n1,10\n2,20\n",
    )
    config = past.scene.instance.config / "data_description.md"
    config.write_text(described(MORE.replace("price: BIGINT", "price: DOUBLE")))
    past.publish(f"{SECOND}T12:00:00Z", prices="id,price\n1,10\n2,25.5\n")
    return past


def test_diff_shows_only_rows_whose_number_changed(retyped: Past) -> None:
    facts = retyped.json("diff", "prices", FIRST, SECOND)
    assert facts["rows"] == {"added": 0, "removed": 0, "changed": 1}
    ended = retyped.run("diff", "prices", FIRST, SECOND)
    assert ended.stdout.splitlines()[2] == "columns: price BIGINT -> DOUBLE"


def test_the_macros_show_the_same(retyped: Past) -> None:
    sql = f"SELECT change, id, price FROM prices_diff('{FIRST}', '{SECOND}')"
    with retyped.views() as connection:
        assert connection.execute(sql).fetchall() == [("changed", 2, 25.5)]
