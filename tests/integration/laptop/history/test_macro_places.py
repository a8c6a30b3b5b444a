"""Macros beside what is an analyst's own: names that meet, open notebooks, tables left out."""

from __future__ import annotations

import shutil
import subprocess

import duckdb
import pytest

from .pasts import Past, make_past

DESCRIPTION = """# Shop

```yaml
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
    primary_key: id
  - id: in.c-shop.orders_at
  - id: in.c-shop.Moment
    primary_key: moment
```
"""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Past:
    past = make_past(
        tmp_path_factory.mktemp("places"),
        "2026-05-01T12:00:00Z",
        DESCRIPTION,
        orders="id,change,x\n1,a,1\n2,b,1\n",
        orders_at="hour\n12\n",
        Moment="moment,o,n,u,_is_new\n1,1,1,1,1\n",
    )
    past.publish(
        "2026-05-02T12:00:00Z",
        orders="id,change,x\n1,a,2\n3,b,1\n",
        Moment="moment,o,n,u,_is_new\n1,1,1,2,1\n",
    )
    template = past.scene.laptop.with_name("template")
    subprocess.run(["cp", "-a", past.scene.laptop, template], check=True)
    return past


@pytest.fixture
def past(made_once: Past) -> Past:
    place = made_once.scene.laptop
    shutil.rmtree(place)
    subprocess.run(["cp", "-a", place.with_name("template"), place], check=True)
    return Past(made_once.scene, list(made_once.made))


def test_a_table_that_is_called_as_a_macro_wins(past: Past) -> None:
    with past.views() as connection:
        assert connection.execute("FROM orders_at").fetchall() == [(12,)]
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM orders_at('2026-05-01')")
        assert connection.execute("FROM orders_at_at('2026-05-01')").fetchall() == [(12,)]
    ended = past.run("sql", "FROM orders_at('2026-05-01')")
    assert ended.returncode == 1
    assert "this is a table, so no macro has its name; found orders_at()" in ended.stderr
    assert past.json("sql", "FROM orders_at")["rows"] == [[12]]


def test_columns_may_have_the_names_that_a_macro_uses(past: Past) -> None:
    with past.views() as connection:
        found = connection.execute(
            "SELECT change, id, _change FROM orders_diff('2026-05-01', '2026-05-02') ORDER BY ALL"
        ).fetchall()
        assert found == [("added", 3, "b"), ("changed", 1, "a"), ("removed", 2, "b")]
        other = connection.execute("FROM Moment_diff('2026-05-01', '2026-05-02')").fetchall()
        assert other == [("changed", 1, 1, 1, 2, 1)]
        assert connection.execute("SELECT u FROM moment_at('2026-05-01')").fetchall() == [(1,)]


def test_the_database_can_be_attached_under_any_name(past: Past) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{past.workspace.database}' AS mine (READ_ONLY)")
        sql = "SELECT count(*) FROM mine.{}"
        for macro in ("moment_at('2026-05-01')", "orders_diff('2026-05-01', '2026-05-02')"):
            assert connection.execute(sql.format(macro)).fetchall() in ([(1,)], [(3,)])


def test_an_open_notebook_reads_on_over_syncs(past: Past) -> None:
    sql = "SELECT (SELECT count(*) FROM orders), (SELECT u FROM moment_at('2026-05-01'))"
    with past.views() as notebook:
        assert notebook.execute(sql).fetchall() == [(2, 1)]
        for number in range(3):
            past.scene.publish(orders=f"id,change,x\n1,a,{number + 5}\n")
            assert past.scene.sync().returncode == 0  # in a process of its own
            assert notebook.execute(sql).fetchall() == [(2, 1)]
    with past.views() as connection:
        assert connection.execute(sql).fetchall() == [(1, 1)]
        last = "SELECT x FROM orders_diff('2026-05-02', current_date) WHERE id = 1"
        assert connection.execute(last).fetchall() == [(7,)]


def test_macros_are_nothing_of_the_analyst_and_follow_what_is_kept(past: Past) -> None:
    past.scene.publish(orders="id,change,x\n1,a,9\n")
    first = past.made[0]
    for name in past.made:
        past.supersede(name, seconds_ago=0)
    assert past.run("sync").stderr == ""
    past.supersede(first, seconds_ago=90_000)
    ended = past.run("sync")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert first not in {tree.name for tree in past.workspace.generations.iterdir()}
    with past.views() as connection, pytest.raises(duckdb.Error, match="the oldest generation"):
        connection.execute("FROM orders_at_at('2026-05-01')")


def test_a_table_that_was_left_out_is_said_to_be_left_out(past: Past) -> None:
    past.scene.publish(orders="id,change,x\n1,a,9\n")
    (past.scene.laptop / "broker.toml").write_text('tables = ["orders"]\n')
    assert past.run("sync").returncode == 0
    generation = past.workspace.in_use()[0].generation
    ended = past.run("diff", "Moment")
    assert f"Moment is not on this laptop in generation {generation}" in ended.stdout
    ended = past.run("at", "moment", "current")
    assert "moment is not on this laptop in generation" in ended.stderr
    with past.views() as connection:
        assert connection.execute("SELECT u FROM moment_at('2026-05-02')").fetchall() == [(2,)]
        with pytest.raises(duckdb.Error, match="is not on this laptop in generation"):
            connection.execute("FROM moment_at(current_date)")


def test_a_generation_that_cannot_be_read_costs_the_macros_alone(past: Past) -> None:
    place = past.workspace.generations / past.made[0] / "manifest.json"
    place.unlink()
    place.write_text("{")
    past.scene.publish(orders="id,change,x\n1,a,9\n")
    ended = past.run("sync")
    assert ended.returncode == 0
    assert ended.stderr.startswith("broker: there are no macros for earlier generations: ")
    with past.views() as connection:
        assert connection.execute("SELECT x FROM orders").fetchall() == [(9,)]
