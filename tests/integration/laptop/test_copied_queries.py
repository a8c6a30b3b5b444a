"""The queries that the portal's page of a table gives to copy, run in a folder that was synced."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from broker.catalog.model import CatalogColumn, CatalogTable
from broker.portal.reading.queries import Queries, table_queries
from broker.tables.model import Partitioning

from .homes import Home, Laptop

ODD = 'SELECT {id}::BIGINT AS "a""b", \'it\'\'s\' AS "c\\d", (current_date - {days})::DATE AS day'


def queries_of(laptop: Laptop, view: str, *, by_day: bool = False) -> Queries:
    """As the page has them for the table that this laptop has under this name."""
    columns = tuple(
        CatalogColumn(str(row[0]), str(row[1])) for row in laptop.query(f"DESCRIBE {view}")
    )
    found = table_queries(
        CatalogTable(
            path=f"shop/{view}",
            id=f"shop.{view}",
            name=view,
            view=view,
            access="public",
            sha256="0" * 64,
            columns=columns,
            partitioning=Partitioning("day", "month") if by_day else None,
        )
    )
    assert found is not None
    return found


def run(laptop: Laptop, *words: str) -> str:
    """Run there as a person does who pastes it; the Python of the laptop has DuckDB's package."""
    done = subprocess.run(
        words,
        cwd=laptop.path,
        env={**os.environ, **laptop.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("by_day", "ids"), [(True, [1]), (False, [1, 2])])
def test_every_form_of_a_query_answers_the_same_rows(
    home: Home, laptop: Laptop, by_day: bool, ids: list[int]
) -> None:
    home.table("odd", ODD.format(id=1, days=3), ODD.format(id=2, days=90))
    home.publish()
    assert laptop.sync(str(home.path)).returncode == 0
    found = queries_of(laptop, "odd", by_day=by_day)
    rows = laptop.query(found.sql)
    assert sorted(row[:2] for row in rows) == [(one, "it's") for one in ids]
    answer = json.loads(run(laptop, "bash", "-c", f"{found.shell} --json"))
    assert sorted(row[0] for row in answer["rows"]) == ids
    assert [one["name"] for one in answer["columns"]][:2] == ['a"b', "c\\d"]
    shown = run(laptop, sys.executable, "-c", found.python)
    assert shown.count("it's") == len(ids)
