"""A column that is spelled with other letters of the same name: to SQL it is the same column."""

from __future__ import annotations

import pytest

from .conftest import ORDERS, described
from .pasts import Past, make_past

MORE = """  - id: in.c-shop.prices
    primary_key: Id
    on_schema_change: rebuild
    max_delete_fraction: 1
"""
FIRST, SECOND, THIRD = "2026-05-01", "2026-05-02", "2026-05-03"


@pytest.fixture(scope="module")
def respelled(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """On the second day both columns are in small letters, and on the third nothing is left."""
    past = make_past(
        tmp_path_factory.mktemp("respelled"),
        f"{FIRST}T12:00:00Z",
        described(MORE),
        orders=ORDERS,
        stores="id\n1\n",
        prices="Id,Price\n1,10\n2,20\n",
    )
    config = past.scene.instance.config / "data_description.md"
    config.write_text(described(MORE.replace("Id", "id")))
    past.publish(f"{SECOND}T12:00:00Z", prices="id,price\n1,10\n2,25\n")
    past.publish(f"{THIRD}T12:00:00Z", prices="id,price\n")
    return past


def test_diff_matches_it(respelled: Past) -> None:
    ended = respelled.run("diff", "prices", FIRST, SECOND)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[1:] == [
        "rows: 0 added, 0 removed, 1 changed",
        "  changed  id=2: price 20 -> 25",
    ]
    facts = respelled.json("diff", "prices", FIRST, THIRD)
    assert (facts["rows"], facts["columns"]) == ({"added": 0, "removed": 2, "changed": 0}, [])


def test_the_macros_match_it(respelled: Past) -> None:
    sql = f"SELECT change, id, price FROM prices_diff('{FIRST}', '{SECOND}')"
    with respelled.views() as connection:
        assert connection.execute(sql).fetchall() == [("changed", 2, 25)]
        assert connection.execute(f"SELECT sum(price) FROM prices_at('{FIRST}')").fetchall() == [
            (30,)
        ]
    assert respelled.json("sql", sql)["rows"] == [["changed", 2, 25]]


def test_bisect_names_the_row(respelled: Past) -> None:
    found = respelled.json("bisect", "SELECT sum(price) FROM prices", FIRST, SECOND)
    (cause,) = found["tables"]
    assert [row["key"] for row in cause["rows"]] == [{"id": "2"}]
