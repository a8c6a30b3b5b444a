"""Real public data: airlines, airports, planes and the weather of a year at three airports.

The weather has one row per airport and hour. By the instant (``time_hour``) each is one of a
kind; by the local clock (``year, month, day, hour``) three hours of 3 November 2013 are there
twice, when clocks were set back. The rule for duplicates then keeps the later row of the file.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb
import pytest

from ..conftest import Instance

FILES = Path(__file__).parents[4].parent / "shared/data/nyc-weather"

TABLES = """```yaml
tables:
  - {id: nyc.airlines, primary_key: carrier}
  - {id: nyc.airports, primary_key: faa, null_values: [NA]}
  - {id: nyc.planes, primary_key: tailnum, null_values: [NA]}
  - id: nyc.weather
    primary_key: KEY
    null_values: [NA]
    partition_by: time_hour
```
"""

pytestmark = pytest.mark.skipif(
    not FILES.is_dir(), reason="the public data set is not beside this checkout"
)


@pytest.fixture
def weather(described: Callable[[str], Instance]) -> Callable[[str], Instance]:
    def make(key: str) -> Instance:
        instance = described(TABLES.replace("KEY", key))
        shutil.copytree(FILES, instance.root / "csv", dirs_exist_ok=True)
        return instance

    return make


def test_every_value_arrives_as_it_was_written(weather: Callable[[str], Instance]) -> None:
    instance = weather("[origin, time_hour]")
    assert instance.sync()["exit_code"] == 0
    status = instance.status()
    counted = {name: (table["rows"], table["rejects"]) for name, table in status.items()}
    assert counted == {
        "nyc/airlines": (16, 0),
        "nyc/airports": (1458, 0),
        "nyc/planes": (3322, 0),
        "nyc/weather": (26115, 0),
    }
    for name, key in [("airports", "faa"), ("planes", "tailnum")]:
        assert _published(instance, f"nyc/{name}", key) == _written(name, key)


def test_null_is_counted_and_numbers_stay_exact(weather: Callable[[str], Instance]) -> None:
    instance = weather("[origin, time_hour]")
    instance.sync()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        weather_table = f"'{instance.data}/parquet/nyc/weather/*.parquet'"
        nulls = connection.sql(
            f"SELECT count(*) - count(wind_gust), count(*) - count(temp) FROM {weather_table}"
        ).fetchall()
        speed = connection.sql(
            f"SELECT wind_speed FROM {weather_table} "
            "WHERE origin = 'EWR' AND time_hour = '2013-01-01 06:00:00Z'"
        ).fetchall()
    assert nulls == [(20778, 1)]
    assert speed == [(Decimal("10.357019999999999"),)]


def test_hours_that_the_clock_had_twice_are_resolved_and_told(
    weather: Callable[[str], Instance],
) -> None:
    instance = weather("[origin, year, month, day, hour]")
    report = instance.sync()
    assert report["exit_code"] == 0
    status = instance.status()["nyc/weather"]
    assert (status["rows"], status["duplicates"], status["rejects"]) == (26112, 3, 0)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        kept = connection.sql(
            f"SELECT origin, temp::DOUBLE FROM '{instance.data}/parquet/nyc/weather/*.parquet' "
            "WHERE month = 11 AND day = 3 AND hour = 1 ORDER BY origin"
        ).fetchall()
    assert kept == [("EWR", 50.0), ("JFK", 51.98), ("LGA", 53.96)]


def _published(instance: Instance, table: str, key: str) -> list[dict[str, object]]:
    """The published rows, numbers as exact decimals, with NA for NULL."""
    rows = duckdb.sql(f"FROM '{instance.data}/parquet/{table}.parquet' ORDER BY {key}")
    names = rows.columns
    return [
        {
            name: "NA" if value is None else _exact(str(value))
            for name, value in zip(names, row, strict=True)
        }
        for row in rows.fetchall()
    ]


def _written(name: str, key: str) -> list[dict[str, object]]:
    with (FILES / f"{name}.csv").open(newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row[key])
    return [{column: _exact(text) for column, text in row.items()} for row in rows]


def _exact(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
