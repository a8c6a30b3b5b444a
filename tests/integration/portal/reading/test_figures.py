"""Every figure of the pages of columns, against DuckDB over the published Parquet files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker.portal.look.figures import decimal_text
from tests.duck import reader
from tests.integration.sync.conftest import Instance, make_instance
from tests.unit.portal.browsing import signed_in_app
from tests.unit.portal.pages.reading_html import Page, number_of, read

DESCRIPTION = """# Odd values

```yaml
folder_mapping:
  in.c-shop: shop
tables:
  - id: in.c-shop.odd
    primary_key: id
    types:
      id: BIGINT
      snow: BIGINT
      money: "DECIMAL(38,10)"
      real: DOUBLE
      yes: BOOLEAN
      day: DATE
      at: TIMESTAMP
      zoned: TIMESTAMPTZ
      clock: TIME
      text: VARCHAR
      each: VARCHAR
      never: VARCHAR
  - id: in.c-shop.mixed
    primary_key: id
    partition_by: day
  - id: in.c-shop.one
    types: {v: BIGINT}
  - id: in.c-shop.none
    types: {v: BIGINT}
```
"""
TEXTS = [
    "",
    " ",
    "café",
    "cafe\u0301",
    "x" * 10_000,
    "0",
    "007",
    "-0",
    "NULL",
    "<b>",
    "ß",
    "SS",
    "0123",
]
REALS = ["0.1", "-0.0", "0.0", "1e300", "-1e300", "NaN", "inf", "-inf", "5e-324", "2.5"]
DAYS = ["0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31", "2026-02-28", ""]


def odd_rows(count: int) -> str:
    lines = ["id,snow,money,real,yes,day,at,zoned,clock,text,each,never"]
    for n in range(count):
        cells = [
            str(n),
            str(2**60 + n * 7919) if n % 7 else "",
            f"{(n - 20) * 37 % 1000 - 500}.{n % 97:010d}",
            REALS[n % len(REALS)],
            "true" if n % 3 else "false",
            DAYS[n % len(DAYS)],
            f"2026-03-{n % 28 + 1:02d} 23:59:59.{n:06d}",
            f"2026-03-01 00:30:00{'+02:00' if n % 2 else '-11:00'}",
            f"{n % 24:02d}:00:00",
            f'"{TEXTS[n % len(TEXTS)]}"',
            f"u{n}",
            "",
        ]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def mixed(first: int, last: int, *, value: str = "{n}") -> str:
    rows = [
        f"{m * 100 + n},2026-{m:02d}-{n % 28 + 1:02d},{value.format(n=n)},{'' if n % 4 else n}"
        for m in range(first, last)
        for n in range(100)
    ]
    return "id,day,v,w\n" + "\n".join(rows) + "\n"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = make_instance(tmp_path, DESCRIPTION)
    for old in ("orders", "customers", "salaries"):
        (tmp_path / f"csv/{old}.csv").unlink()
    made.csv("odd", odd_rows(500))
    made.csv("mixed", mixed(1, 3))
    made.csv("one", "v\n42\n")
    made.csv("none", "v\n")
    (tmp_path / "store").symlink_to("data")
    return made


@pytest.fixture
def client(instance: Instance) -> FlaskClient:
    return signed_in_app(instance.root, classes=("public", "private")).test_client()


class Oracle:
    """A published table, asked by DuckDB."""

    def __init__(self, store: Path, entry: dict[str, Any]) -> None:
        self.entry = entry
        self.files = [str(store / "current" / file["path"]) for file in entry["files"]]

    def ask(self, select: str, where: str = "true") -> list[tuple[Any, ...]]:
        files = ", ".join(f"'{file}'" for file in self.files)
        with reader() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = f"{select} FROM read_parquet([{files}]) WHERE {where}"
            return connection.execute(rows).fetchall()

    def row(self, select: str, where: str = "true") -> tuple[Any, ...]:
        (found,) = self.ask(select, where)
        return found

    def column(self, select: str, where: str = "true") -> list[Any]:
        return [one for (one,) in self.ask(select, where)]


def facts_of(page: Page) -> dict[str, str]:
    names = [one.text.strip() for one in page.all("dt")]
    return dict(
        zip(names, [one.text.strip().split("\n")[0] for one in page.all("dd")], strict=True)
    )


def column_faults(oracle: Oracle, column: dict[str, Any], page: Page) -> Iterator[str]:
    """What the page of a column says otherwise than its rows do."""
    type_ = column["type"] or "VARCHAR"
    name = '"' + column["name"].replace('"', '""') + '"'
    facts = facts_of(page)
    counts = oracle.row(f"SELECT count(*), count(*) - count({name}), count(DISTINCT {name})")
    for word, count in zip(("Rows", "NULL", "Distinct values"), counts, strict=True):
        if not facts[word].startswith("about") and number_of(facts[word]) != count:
            yield f"{word}: {facts[word]}, and not {count}"
    is_number = type_ in ("BIGINT", "DOUBLE") or type_.startswith("DECIMAL")
    finite = f"{name} IS NOT NULL"
    if is_number or type_ in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
        finite += f" AND isfinite({name})"
    ends = oracle.row(f"SELECT min({name})::VARCHAR, max({name})::VARCHAR", finite)
    for word, value in zip(("Minimum", "Maximum"), ends, strict=True):
        is_short = value is not None and len(value) < 50
        if is_short and facts.get(word, value) not in (decimal_text(value, type_), "(empty text)"):
            yield f"{word}: {facts[word]}, and not {value}"
    yield from mean_faults(oracle, name, finite, facts)
    if page.all("table", id="bars"):
        yield from bar_faults(oracle, name, type_, finite, page, counts[0] - counts[1], facts)
    elif is_number and oracle.row("SELECT count(*)", finite) != (0,):
        yield "no bars"
    if page.all("table", id="top"):
        yield from top_faults(oracle, name, page, counts[0])


def mean_faults(oracle: Oracle, name: str, finite: str, facts: dict[str, str]) -> Iterator[str]:
    if "Mean" in facts:
        values = [Fraction(one) for one in oracle.column(f"SELECT {name}::VARCHAR", finite)]
        mean = float(sum(values) / len(values))
        if not math.isclose(mean, float(facts["Mean"].replace(",", "")), rel_tol=1e-10):
            yield f"Mean: {facts['Mean']}, and not {mean}"


def bar_faults(
    oracle: Oracle,
    name: str,
    type_: str,
    finite: str,
    page: Page,
    known: int,
    facts: dict[str, str],
) -> Iterator[str]:
    total = 0
    for begin, end, shown, _ in page.rows("bars"):
        where = finite
        for edge, sign in ((begin, ">="), (end, "<")):
            if edge not in ("less", "more"):
                where += f" AND {name} {sign} '{edge.replace(',', '')}'::{type_}"
        (count,) = oracle.row("SELECT count(*)", where)
        total += number_of(shown)
        if number_of(shown) != count:
            yield f"bar {begin} to {end}: {shown}, and not {count}"
    if total + number_of(facts.get("Infinite or NaN", "0")) != known:
        yield f"bars: {total} of {known}"


def top_faults(oracle: Oracle, name: str, page: Page, rows: int) -> Iterator[str]:
    listed = page.rows("top")
    if sum(number_of(row[1]) for row in listed) != rows:
        yield f"frequent values: not {rows} in all"
    at_least = any("at least" in one.text for one in page.all("th"))
    for value, shown, *_ in listed:
        if value in ("All others", "NULL", "(empty text)", ""):
            continue
        text = value.replace("'", "''")
        is_zero = f" OR {name}::VARCHAR = '-{text}'" if value == "0.0" else ""
        (count,) = oracle.row("SELECT count(*)", f"{name}::VARCHAR = '{text}'{is_zero}")
        if number_of(shown) != count and not (at_least and number_of(shown) < count):
            yield f"{value!r}: {shown}, and not {count}"


def faults(instance: Instance, client: FlaskClient) -> list[str]:
    """What pages say otherwise than the published rows do, of all tables with rows."""
    manifest = json.loads((instance.data / "current/manifest.json").read_text())
    found: list[str] = []
    for entry in manifest["tables"]:
        oracle, path = Oracle(instance.data, entry), entry["path"]
        rows = oracle.row("SELECT count(*)")[0] if entry["files"] else 0
        table = client.get(f"/catalog/table/{path}")
        if number_of(read(table.text).all("dd")[0].text) != rows:
            found.append(f"{path}: not {rows} rows")
        for column in entry["schema"]["columns"] if entry["files"] else ():
            answer = client.get(f"/catalog/column/{path}", query_string={"name": column["name"]})
            found += [
                f"{path} {column['name']}: {one}"
                for one in column_faults(oracle, column, read(answer.text))
            ]
    return found


def test_every_figure_is_what_the_published_rows_say(
    instance: Instance, client: FlaskClient
) -> None:
    assert instance.sync()["exit_code"] == 0
    assert faults(instance, client) == []
    instance.csv("mixed", mixed(2, 4))  # a month is gone, and another one new
    assert instance.sync()["exit_code"] == 0
    assert faults(instance, client) == []


def test_so_it_is_while_types_change_and_after_a_way_back(
    instance: Instance, client: FlaskClient
) -> None:
    first = instance.sync()["generation"]
    for values in ("{n}.50", "w{n}"):
        more = mixed(3, 4, value=values).partition("\n")[2]
        instance.csv("mixed", mixed(1, 3) + more)
        assert instance.sync()["exit_code"] == 0
        assert faults(instance, client) == []
    assert instance.here("rollback", first).returncode == 0
    assert faults(instance, client) == []
    instance.csv("mixed", mixed(1, 5))
    last = instance.sync()["generation"]
    assert faults(instance, client) == []
    document = json.loads((instance.data / "current/docs/profiles/shop/mixed.json").read_text())
    assert [(one["generation"], one["rows"]) for one in document["history"]] == [
        (first, 200), (last, 400)
    ]  # fmt: skip
