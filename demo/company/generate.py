"""Make a company: seeded SQL in DuckDB, a CSV file per table, and the config that describes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import duckdb
import yaml

__all__ = ["DEFAULT_TODAY", "TABLES", "Company", "GeneratedTable", "generate"]

DEFAULT_TODAY = date(2026, 11, 1)
MONTHS = 24
TABLES = (
    "stores",
    "products",
    "customers",
    "orders",
    "order_items",
    "payments",
    "web_events",
    "support_tickets",
    "employees",
    "salaries",
)


@dataclass(frozen=True, slots=True)
class Company:
    """How large a company, and until when. ``scale`` 1.0 is about 500,000 order items."""

    scale: float = 1.0
    today: date = DEFAULT_TODAY

    @property
    def first_day(self) -> date:
        """The first trading day: the first of the month, 24 months before ``today``."""
        months = self.today.year * 12 + self.today.month - 1 - MONTHS
        return date(months // 12, months % 12 + 1, 1)

    def variables(self) -> dict[str, int | date]:
        """What the SQL reads with ``getvariable``."""
        return {
            "today": self.today,
            "first_day": self.first_day,
            "days": (self.today - self.first_day).days,
            "customers": max(50, int(20_000 * self.scale)),
            "products": max(80, min(1_200, int(1_200 * self.scale))),
            "orders": max(500, int(200_000 * self.scale)),
            "sessions": max(200, int(50_000 * self.scale)),
            "tickets": max(50, int(9_000 * self.scale)),
            "employees": max(20, min(480, int(480 * self.scale))),
        }


@dataclass(frozen=True, slots=True)
class GeneratedTable:
    """One file that was written."""

    name: str
    rows: int
    bytes: int


def generate(out: Path, company: Company | None = None) -> Iterator[GeneratedTable]:
    """Write ``out/csv/*.csv`` and ``out/config/``; yields each table as soon as its file stands."""
    csv, config = out / "csv", out / "config"
    csv.mkdir(parents=True, exist_ok=True)
    config.mkdir(parents=True, exist_ok=True)
    _write_config(config, csv)
    with duckdb.connect() as connection:
        _build(connection, company or Company())
        for table in TABLES:
            yield _export(connection, table, csv / f"{table}.csv")


def _build(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    for name, value in company.variables().items():
        kind = "DATE" if isinstance(value, date) else "BIGINT"
        connection.execute(f"SET VARIABLE {name} = '{value}'::{kind}")
    folder = files(__package__) / "sql"
    for script in sorted(folder.iterdir(), key=lambda item: item.name):
        connection.execute(script.read_text(encoding="utf-8"))


def _export(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> GeneratedTable:
    target = str(path).replace("'", "''")
    copied = connection.execute(f"COPY (FROM export_{table}) TO '{target}' (FORMAT csv, HEADER)")
    return GeneratedTable(table, copied.fetchall()[0][0], path.stat().st_size)


def _write_config(config: Path, csv: Path) -> None:
    shipped = files(__package__) / "config"
    (config / "metrics").mkdir(exist_ok=True)
    metrics = (f"metrics/{path.name}" for path in (shipped / "metrics").iterdir())
    for name in ("data_description.md", *metrics):
        (config / name).write_text((shipped / name).read_text(encoding="utf-8"), encoding="utf-8")
    instance = yaml.safe_load((shipped / "instance.yaml").read_text(encoding="utf-8"))
    instance["data_source"]["path"] = str(csv.resolve())
    text = yaml.safe_dump(instance, sort_keys=False, allow_unicode=True)
    (config / "instance.yaml").write_text(text, encoding="utf-8")
