"""A shop as the portal shows it: real profiles of made-up rows, the same on every day."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from broker.catalog.model import (
    CatalogColumn,
    CatalogDataset,
    CatalogFolder,
    CatalogIndex,
    CatalogMetric,
    CatalogTable,
    MetricPoint,
    MetricResult,
    Relation,
    TableDetails,
    TablePart,
    TableSource,
)
from broker.catalog.places import INDEX, details_path
from broker.catalog.written import to_json
from broker.classes import CATALOG
from broker.config.profiles import Tier
from broker.manifest import Audience, Status
from broker.metrics.model import ResultColumn
from broker.profile.make import Before
from broker.tables.issues import Issue, IssueKind, RowPlace
from broker.tables.model import Partitioning
from tests.unit.profile.tables import profile, table

__all__ = ["CLASSES", "NOW", "write_gallery"]

CLASSES = ("public", "private", "finance")
NOW = datetime(2026, 11, 30, 12, 40, tzinfo=UTC)
GENERATION = "2026-11-30T121914Z-3724"
VERSIONS = 14
ROWS = 4_000
BEGINNING = date(2025, 1, 1)

_Make = Callable[[random.Random, int], Any]


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    make: _Make
    description: str = ""


def _day(chance: random.Random, row: int) -> date:
    at = BEGINNING + timedelta(days=min(int(row / ROWS * 690) + chance.randrange(4), 698))
    return at if not date(2025, 8, 3) <= at <= date(2025, 8, 9) else date(2025, 8, 10)


def _moment(chance: random.Random, row: int) -> datetime:
    return datetime.combine(_day(chance, row), datetime.min.time()) + timedelta(
        seconds=chance.randrange(86_400)
    )


def _money(chance: random.Random, _: int) -> Decimal:
    return Decimal(int(chance.lognormvariate(8.3, 0.7))).scaleb(-2)


def _one_of(*choices: tuple[str | None, int]) -> _Make:
    values, weights = zip(*choices, strict=True)
    return lambda chance, _: chance.choices(values, weights)[0]


def _id(_: random.Random, row: int) -> int:
    return row + 1


_COUNTRY = _one_of(("CZ", 50), ("SK", 22), ("DE", 12), ("AT", 7), ("PL", 6), (None, 3))
_STATUS = _one_of(("paid", 80), ("new", 9), ("returned", 8), ("cancelled", 3))
_TABLES: Mapping[str, tuple[str, tuple[_Column, ...]]] = {
    "shop/orders": (
        "Orders of the web shop, one row each",
        (
            _Column("id", "BIGINT", _id, "Number of the order."),
            _Column("customer_id", "BIGINT", lambda c, _: c.randrange(1, 900), "Who ordered."),
            _Column("ordered_at", "TIMESTAMP", _moment, "When the customer confirmed, in UTC."),
            _Column("day", "DATE", _day, "Day of the order."),
            _Column("status", "VARCHAR", _STATUS, "Where the order is: new, paid, returned."),
            _Column("total", "DECIMAL(12,2)", _money, "Price of all items with tax, in EUR."),
            _Column(
                "rating",
                "BIGINT",
                lambda c, _: c.choices((None, 1, 2, 3, 4, 5), (40, 3, 4, 9, 20, 24))[0],
                "Stars that the customer gave.",
            ),
            _Column("country", "VARCHAR", _COUNTRY, "Where the order goes."),
            _Column("is_gift", "BOOLEAN", lambda c, _: c.random() < 0.06, "Wrapped as a gift."),
        ),
    ),
    "shop/order_items": (
        "What was ordered",
        (
            _Column("id", "BIGINT", _id),
            _Column("order_id", "BIGINT", lambda c, _: c.randrange(1, ROWS)),
            _Column("product_id", "BIGINT", lambda c, _: int(c.paretovariate(1.1)) % 240 + 1),
            _Column("quantity", "BIGINT", lambda c, _: int(c.paretovariate(2.2))),
            _Column("price", "DECIMAL(12,2)", _money),
        ),
    ),
    "shop/customers": (
        "People and companies that ordered at least once",
        (
            _Column("id", "BIGINT", _id),
            _Column("since", "DATE", _day),
            _Column("country", "VARCHAR", _COUNTRY),
            _Column("newsletter", "BOOLEAN", lambda c, _: c.random() < 0.4),
        ),
    ),
    "shop/products": (
        "Everything that was ever sold",
        (
            _Column("id", "BIGINT", _id),
            _Column("name", "VARCHAR", lambda c, r: f"Lamp {r % 240} {'oak' * c.randrange(1, 4)}"),
            _Column("price", "DECIMAL(12,2)", _money),
        ),
    ),
    "shop/refunds": (
        "Money that went back",
        (
            _Column("id", "BIGINT", _id),
            _Column("order_id", "BIGINT", lambda c, _: c.randrange(1, ROWS)),
            _Column("amount", "DECIMAL(12,2)", _money),
        ),
    ),
    "marketing/visits": (
        "Visits of the web shop by source, one row for each day and source",
        (
            _Column("day", "DATE", _day),
            _Column("source", "VARCHAR", _one_of(("search", 5), ("mail", 3), ("social", 2))),
            _Column("visits", "BIGINT", lambda c, _: int(c.gauss(420, 90))),
        ),
    ),
    "finance/invoices": (
        "Invoices as booked",
        (
            _Column("number", "BIGINT", _id),
            _Column("order_id", "BIGINT", lambda c, _: c.randrange(1, ROWS)),
            _Column("booked_on", "DATE", _day),
            _Column("amount", "DECIMAL(12,2)", _money),
        ),
    ),
    "people/employees": (
        "Who works here",
        (
            _Column("id", "BIGINT", _id),
            _Column("team", "VARCHAR", _one_of(("shop", 5), ("store", 4), ("office", 2))),
            _Column("salary", "BIGINT", lambda c, _: int(c.gauss(41_000, 9_000))),
        ),
    ),
}
_ACCESS = {"finance": "finance", "people": "private"}
_STATES = {
    "marketing/visits": (Status.OK, timedelta(hours=9)),
    "shop/refunds": (Status.HELD, timedelta(hours=3)),
    "finance/invoices": (Status.FAILED, timedelta(days=2)),
}
_DESCRIPTION = """\
Orders of the web shop, one row each

An order stands here as soon as the customer confirms it, and its status moves until it is paid or \
returned. Orders of the stores are not here.

Amounts are in EUR with tax; orders in other currencies were converted on the day of the order."""


def write_gallery(store: Path) -> CatalogIndex:
    """The catalog of someone who holds all classes, in a folder as a broker has it."""
    audience = Audience.of(CLASSES)
    with TemporaryDirectory() as work:
        details = {path: _details(path, Path(work)) for path in _TABLES}
    index = CatalogIndex(
        generation=GENERATION,
        created_at=NOW - timedelta(minutes=21),
        classes=audience.names,
        tables=tuple(_table(path, one) for path, one in details.items()),
        relations=(
            Relation("shop/orders", "customer_id", "shop/customers", "id", "Who ordered"),
            Relation("shop/order_items", "order_id", "shop/orders", "id"),
            Relation("shop/order_items", "product_id", "shop/products", "id"),
            Relation("shop/refunds", "order_id", "shop/orders", "id"),
            Relation("finance/invoices", "order_id", "shop/orders", "id", "What it is for"),
        ),
        datasets=(CatalogDataset("sales", "Sales", "All that was sold", tables=5),),
        folders=(
            CatalogFolder("shop", "Web shop"),
            CatalogFolder("marketing", "Marketing"),
            CatalogFolder("finance", "Finance"),
            CatalogFolder("people", "People"),
        ),
        metrics=tuple(_metrics()),
    )
    base = store / CATALOG / GENERATION / audience.path
    for path, one in details.items():
        _write(base / details_path(path), to_json(one))
    _write(base / INDEX, to_json(index))
    (store / "generations" / GENERATION).mkdir(parents=True, exist_ok=True)
    (store / "current").symlink_to(f"generations/{GENERATION}")
    return index


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _access(path: str) -> str:
    return _ACCESS.get(path.partition("/")[0], "public")


def _details(path: str, work: Path) -> TableDetails:
    title, columns = _TABLES[path]
    return TableDetails(
        path=path,
        description=_DESCRIPTION if path == "shop/orders" else title,
        columns=tuple(CatalogColumn(one.name, one.type, one.description) for one in columns),
        source=TableSource("erp", "keboola", f"in.c-{path.replace('/', '.')}"),
        parts=tuple(TablePart(f"2026_{month:02}", 1, 320, 41_000) for month in range(1, 12)),
        warnings=("column rating became BIGINT",) if path == "shop/orders" else (),
        issues=(_ISSUE,) if path == "shop/orders" else (),
        profile=_profile(path, columns, work),
    )


_ISSUE = Issue(
    IssueKind.REJECTED,
    3,
    "not a DATE",
    "day",
    (RowPlace(12, "orders_2026_11.csv", 13),),
    ("99.99.9999",),
    "Declare its format under csv.date_format.",
)


def _profile(path: str, columns: Sequence[_Column], work: Path) -> dict[str, Any]:
    """Of several versions, each with some rows more."""
    chance = random.Random(path)  # noqa: S311 (no secret)
    rows = ROWS if path != "people/employees" else 85
    values = {one.name: [one.make(chance, row) for row in range(rows)] for one in columns}
    tier = Tier.SAMPLES if _access(path) == "public" else Tier.RANGES
    before, documents = None, []
    versions = VERSIONS if path != "shop/products" else 1
    for version in range(versions):
        upto = rows - (versions - 1 - version) * rows // 60 - version % 3
        made = table(
            work / f"rows-{path.replace('/', '-')}",
            {one.name: one.type for one in columns},
            [{name: of_column[:upto] for name, of_column in values.items()}],
            key=("id",) if columns[0].name == "id" else (),
        )
        taken = datetime(2026, 11, 30, 12, 19, 14, tzinfo=UTC) - timedelta(
            days=versions - 1 - version
        )
        found = profile(made, tier, before=before, generation=f"{taken:%Y-%m-%dT%H%M%SZ}-3724")
        before = Before(found.document, found.states)
        documents.append(found.document)
    last: dict[str, Any] = json.loads(documents[-1])
    return last


def _table(path: str, details: TableDetails) -> CatalogTable:
    status, age = _STATES.get(path, (Status.OK, timedelta(minutes=25)))
    profile_ = details.profile or {}
    return CatalogTable(
        path=path,
        id=f"in.c-{path.replace('/', '.')}",
        name=path.partition("/")[2],
        view=path.partition("/")[2],
        access=_access(path),
        sha256=hashlib.sha256(to_json(details)).hexdigest(),
        title=_TABLES[path][0],
        dataset="sales" if path.startswith("shop") else None,
        rows=profile_["rows"],
        bytes=profile_["rows"] * 57,
        columns=details.columns,
        key=tuple(profile_["key"]),
        partitioning=Partitioning("day", "month") if path == "shop/orders" else None,
        strategy="incremental" if path.startswith("shop") else "full_refresh",
        status=status,
        as_of=NOW - age,
        loaded_at=NOW - age + timedelta(seconds=40),
        freshness_seconds=None if path == "shop/products" else 6 * 3600,
        warnings=len(details.warnings),
        rejects=3 if path == "shop/orders" else 0,
        alerts=len(profile_["alerts"]),
    )


def _metrics() -> list[CatalogMetric]:
    month = (ResultColumn("month", "DATE"), ResultColumn("revenue", "DECIMAL(38,2)"))
    revenue = CatalogMetric(
        "monthly_revenue",
        "Revenue by month",
        "SELECT date_trunc('month', day) AS month,\n  sum(total) AS revenue\nFROM orders\n"
        "WHERE status = 'paid'\nGROUP BY 1\nORDER BY 1",
        "Paid orders with tax, in the month of the order. Returned orders do not count.",
        "EUR",
        "month",
        "month",
        "Finance",
        ("turnover", "sales"),
        month,
        ("shop/orders",),
        MetricResult(
            GENERATION,
            NOW,
            NOW,
            month,
            (("2026-11-01", "9421.40"),),
            time="2026-11-01",
            value="9421.40",
        ),
        history=tuple(
            MetricPoint(
                f"2026-11-{day:02}T121914Z-3724",
                datetime(2026, 11, day, 12, 19, tzinfo=UTC),
                f"{9421.40 * day / 30:.2f}",
                "2026-11-01",
            )
            for day in range(1, 31)
        ),
    )
    status = (ResultColumn("status", "VARCHAR"), ResultColumn("orders", "BIGINT"))
    by_status = CatalogMetric(
        "orders_by_status",
        "Orders by status",
        "SELECT status, count(*) AS orders\nFROM orders\nGROUP BY 1",
        "How many orders are in which status now.",
        columns=status,
        tables=("shop/orders",),
        result=MetricResult(
            GENERATION, NOW, NOW, status, (("paid", "3198"), ("new", "371"), ("returned", "318"))
        ),
    )
    late = CatalogMetric(
        "margin",
        "Margin",
        "SELECT sum(amount) FROM invoices JOIN products ON true",
        "Invoices less what the goods cost.",
        "EUR",
        tables=("finance/invoices", "shop/products"),
        problem="it took longer than 20 seconds",
    )
    return [late, revenue, by_status]
