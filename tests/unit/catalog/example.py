"""A store with catalogs and nothing else, made without any table: for tests and pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from broker.catalog.model import (
    CatalogColumn,
    CatalogDataset,
    CatalogFolder,
    CatalogIndex,
    CatalogMetric,
    CatalogTable,
    Relation,
    TableDetails,
    TablePart,
    TableSource,
)
from broker.catalog.places import INDEX, OPERATORS, STANDING, details_path, keys_path
from broker.catalog.standing import HeldKeys, OperatorsIndex, PendingReaders, TableStanding
from broker.catalog.written import to_json
from broker.classes import CATALOG
from broker.manifest import Audience, Status
from broker.metrics.model import ResultColumn
from broker.metrics.results import MetricPoint, MetricResult
from broker.tables.issues import Issue, IssueKind, RowPlace
from broker.tables.model import Partitioning

__all__ = ["GENERATION", "HOSTILE", "LOST", "ExampleCatalog", "example_catalog", "write_example"]

GENERATION = "2026-11-30T120000Z-0001"
BEFORE = "2026-11-29T120000Z-0001"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOSTILE = "\"><img src=x onerror=alert(1)> \u202egnp.exe\u202c {{7*7}} '; DROP TABLE x; --"
LOST = "7" * 64  # names the rows that the held table would lose
_CLASSES = ("public", "private", "finance")


@dataclass(frozen=True)
class ExampleCatalog:
    """The catalog of one audience, whole: ``details`` by the path of the table."""

    audience: Audience
    index: CatalogIndex
    details: dict[str, TableDetails]


def example_catalog(
    tables: int = 6,
    *,
    classes: Iterable[str] = _CLASSES,
    hostile: bool = False,
    long: int = 0,
    generation: str = GENERATION,
) -> ExampleCatalog:
    """What the holders of ``classes`` may know of an instance with so many ``tables``.

    ``hostile`` puts markup, quotes and direction marks into every text that the model lets
    through; ``long`` makes descriptions of so many characters. Tables are of the classes public,
    private and finance in turn; every one refers to the one two before it where both are seen.
    """
    audience = Audience.of(classes)
    seen = [at for at in range(tables) if audience.sees(_CLASSES[at % 3])]
    details = {_path(at): _details(at, hostile=hostile, long=long) for at in seen}
    listed = tuple(_table(at, details[_path(at)], hostile=hostile) for at in seen)
    relations = tuple(
        Relation(_path(at), "parent", _path(at - 2), "id", HOSTILE if hostile else "the parent")
        for at in seen
        if at - 2 in seen
    )
    index = CatalogIndex(
        generation=generation,
        created_at=NOW,
        classes=audience.names,
        tables=listed,
        relations=relations,
        datasets=tuple(_datasets(listed, hostile=hostile)),
        folders=tuple(_folders(listed, hostile=hostile)),
        metrics=tuple(_metrics(listed, hostile=hostile)),
    )
    return ExampleCatalog(audience, index, details)


def write_example(
    store: Path,
    tables: int = 6,
    *,
    audiences: Iterable[Iterable[str]] = ((), ("private",), ("finance", "private")),
    hostile: bool = False,
    long: int = 0,
    generation: str = GENERATION,
) -> list[ExampleCatalog]:
    """Write the catalogs of these audiences into a folder as a broker has it, and point at them."""
    found = []
    for classes in audiences:
        known = ["public", *classes]
        one = example_catalog(
            tables, classes=known, hostile=hostile, long=long, generation=generation
        )
        base = store / CATALOG / generation / one.audience.path
        _write(base / INDEX, to_json(one.index))
        for path, details in one.details.items():
            _write(base / details_path(path), to_json(details))
        found.append(one)
    base = store / CATALOG / generation / OPERATORS
    _write(base / STANDING, to_json(_operators(tables, generation, hostile=hostile)))
    rows = [{"id": 7}, {"id": HOSTILE if hostile else "8"}]
    keys = HeldKeys("public", {_path(3): rows}, {_path(3): LOST})
    _write(base / keys_path("public"), to_json(keys))
    (store / "generations" / generation).mkdir(parents=True, exist_ok=True)
    (store / "current").unlink(missing_ok=True)
    (store / "current").symlink_to(f"generations/{generation}")
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _path(at: int) -> str:
    return f"{('shop', 'hr', 'ledger')[at % 3]}/table_{at}"


def _text(plain: str, *, hostile: bool) -> str:
    return f"{plain} {HOSTILE}" if hostile else plain


def _columns(*, hostile: bool) -> tuple[CatalogColumn, ...]:
    return (
        CatalogColumn("id", "BIGINT", _text("Key of the row", hostile=hostile), nullable=False),
        CatalogColumn("parent", "BIGINT", _text("The row above", hostile=hostile)),
        CatalogColumn("day", "DATE", _text("Day of the sale", hostile=hostile)),
        CatalogColumn(_text("status", hostile=hostile), "VARCHAR"),
    )


def _table(at: int, details: TableDetails, *, hostile: bool) -> CatalogTable:
    status = (Status.OK, Status.OK, Status.OK, Status.HELD, Status.FAILED, Status.EMPTY)[at % 6]
    rows = 0 if status is Status.EMPTY else 1_000 * (at + 1)
    return CatalogTable(
        path=_path(at),
        id=f"in.c-{_path(at)}",
        name=f"table_{at}",
        view=f"table_{at}",
        access=_CLASSES[at % 3],
        sha256=hashlib.sha256(to_json(details)).hexdigest(),
        title=_text(f"Table number {at}", hostile=hostile),
        dataset=("sales", "people", None)[at % 3],
        rows=rows,
        bytes=rows * 31,
        columns=_columns(hostile=hostile),
        key=("id",),
        partitioning=Partitioning("day", "month") if at % 2 else None,
        strategy=("full_refresh", "incremental", "partitioned")[at % 3],
        status=status,
        as_of=NOW - timedelta(minutes=7 * at),
        loaded_at=NOW - timedelta(minutes=5 * at),
        changed_at=NOW - timedelta(days=at),
        watermark=NOW - timedelta(hours=at),
        freshness_seconds=3_600 if at % 2 else None,
        warnings=len(details.warnings),
        rejects=at % 4,
        alerts=len(details.profile["alerts"]) if details.profile else None,
    )


def _details(at: int, *, hostile: bool, long: int) -> TableDetails:
    more = f"\n\n{'All about it. ' * (long // 14)}" if long else ""
    months = ("2026_09", "2026_10", "2026_11") if at % 2 else (None,)
    issue = Issue(
        IssueKind.REJECTED,
        at % 4,
        _text("not a DATE", hostile=hostile),
        _text("day", hostile=hostile),
        (RowPlace(12, _text("orders.csv", hostile=hostile), 13),),
        ("99.99.9999",),
        "Correct the source.",
    )
    return TableDetails(
        path=_path(at),
        description=_text(f"Table number {at}\n\nOne row for each sale.", hostile=hostile) + more,
        columns=_columns(hostile=hostile),
        source=TableSource("erp", "csv", f"in.c-{_path(at)}"),
        parts=tuple(TablePart(month, 1, 1_000, 31_000) for month in months),
        warnings=(_text("column status became VARCHAR", hostile=hostile),) if at % 2 else (),
        issues=(issue,) if at % 4 else (),
        profile=None if at % 5 == 4 else _profile(at, hostile=hostile),
    )


def _profile(at: int, *, hostile: bool) -> dict[str, Any]:
    """As ``broker.profile`` writes it: of tier samples for public tables, counts for others."""
    rows = 1_000 * (at + 1)
    tier = "counts" if at % 3 else "samples"
    columns = [
        _counts("id", "BIGINT", "number", rows),
        _counts("parent", "BIGINT", "number", rows // 2),
        _counts("day", "DATE", "time", 90),
        _counts(_text("status", hostile=hostile), "VARCHAR", "text", 3),
    ]
    if tier == "samples":
        columns[0] |= _numbers(rows)
        columns[2] |= _days(rows)
        columns[3] |= _words(rows, _text("paid", hostile=hostile))
    history = [
        {"version": f"{n:016x}", "generation": f"2026-11-{n:02}T120000Z-0001",
         "rows": rows - 10 * (30 - n), "nulls": {"id": 0, "parent": 3 * n}}
        for n in range(1, 31)
    ]  # fmt: skip
    return {
        "table": _path(at),
        "tier": tier,
        "fewest": None,
        "rows": rows,
        "key": ["id"],
        "duplicates": 0,
        "alerts": [
            {
                "kind": "gap",
                "column": "day",
                "message": _text("no row of 2026-08-03", hostile=hostile),
            }
        ],
        "columns": columns,
        "samples": [["1", None, "2026-11-30", _text("paid", hostile=hostile)]]
        if tier == "samples"
        else None,
        "history": history,
    }


def _counts(name: str, type_: str, kind: str, distinct: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_,
        "kind": kind,
        "nulls": 0,
        "distinct": distinct,
        "distinct_error": 0.0,
    }


def _bars(rows: int, edges: list[str]) -> list[dict[str, Any]]:
    each, rest = divmod(rows, len(edges) - 1)
    return [
        {"low": low, "high": high, "count": each + (rest if not at else 0)}
        for at, (low, high) in enumerate(pairwise(edges))
    ]


def _numbers(rows: int) -> dict[str, Any]:
    return {
        "not_finite": 0,
        "bars": _bars(rows, [str(rows * n // 20) for n in range(21)]),
        "top": [{"value": str(n), "count": 1} for n in range(10)],
        "top_is_exact": False,
        "others": rows - 10,
        "mean": rows / 2,
        "zeros": 1,
        "quantiles": [
            {"share": share, "value": str(int(rows * share))}
            for share in (0.05, 0.25, 0.5, 0.75, 0.95)
        ],
        "low": "0",
        "high": str(rows - 1),
    }


def _days(rows: int) -> dict[str, Any]:
    gap = ["2026-08-03", "2026-08-03"]
    return {
        "not_finite": 0,
        "bars": _bars(rows, [f"2026-{month:02}-01" for month in range(6, 13)]),
        "top": [{"value": "2026-11-01", "count": 12}],
        "top_is_exact": True,
        "others": rows - 12,
        "coverage": {
            "unit": "day",
            "first": "2026-06-01",
            "last": "2026-11-30",
            "missing": 1,
            "gaps": [gap],
        },
        "low": "2026-06-01",
        "high": "2026-11-30",
    }


def _words(rows: int, word: str) -> dict[str, Any]:
    return {
        "not_finite": 0,
        "bars": [],
        "top": [{"value": word, "count": rows - 300}, {"value": "", "count": 200}],
        "top_is_exact": True,
        "others": 100,
        "characters": {"mean": 4.2, "least": 0, "greatest": 8},
        "low": "",
        "high": word,
    }


def _datasets(tables: tuple[CatalogTable, ...], *, hostile: bool) -> Iterator[CatalogDataset]:
    names = sorted({one.dataset for one in tables if one.dataset})
    for name in names:
        inside = [one for one in tables if one.dataset == name]
        yield CatalogDataset(
            name,
            _text(name.title(), hostile=hostile),
            _text(f"All about {name}", hostile=hostile),
            requires=("sales",) if name == "people" and "sales" in names else (),
            tables=len(inside),
            bytes=sum(one.bytes for one in inside),
        )


def _folders(tables: tuple[CatalogTable, ...], *, hostile: bool) -> Iterator[CatalogFolder]:
    for name in dict.fromkeys(one.folder for one in tables):
        yield CatalogFolder(name, _text(name.title(), hostile=hostile))


def _metrics(tables: tuple[CatalogTable, ...], *, hostile: bool) -> Iterator[CatalogMetric]:
    """One with a value and a past, one that is a table, one that could not be computed."""
    if not tables:
        return
    first = tables[0]
    columns = (ResultColumn("month", "DATE"), ResultColumn("revenue", "DECIMAL(38,2)"))
    revenue = CatalogMetric(
        "monthly_revenue",
        _text("Revenue", hostile=hostile),
        f"SELECT date_trunc('month', day) AS month,\n  sum(id) AS revenue\n"
        f"FROM {first.view}\nGROUP BY 1",
        _text("Sales without tax.", hostile=hostile),
        "EUR",
        "month",
        "month",
        _text("Finance", hostile=hostile),
        ("turnover",),
        columns,
        (first.path,),
        MetricResult(
            GENERATION,
            NOW,
            NOW,
            columns,
            (("2026-11-01", "125000.50"),),
            time="2026-11-01",
            value="125000.50",
        ),
        history=tuple(
            MetricPoint(
                f"2026-11-{n:02}T120000Z-0001",
                NOW - timedelta(days=30 - n),
                f"{100_000 + 833 * n}.50",
                "2026-11-01",
            )
            for n in range(1, 31)
        ),
    )  # fmt: skip
    two = (ResultColumn(_text("status", hostile=hostile), "VARCHAR"), ResultColumn("n", "BIGINT"))
    by_status = replace(
        revenue,
        name="orders_by_status",
        title="Orders by status",
        grain=None,
        time_column=None,
        columns=two,
        tables=tuple(dict.fromkeys([first.path, tables[len(tables) // 2].path])),
        result=MetricResult(
            BEFORE,
            NOW - timedelta(days=1),
            NOW - timedelta(hours=2),
            two,
            ((_text("paid", hostile=hostile), "7"), (None, "2")),
        ),
        history=(),
    )  # fmt: skip
    problem = _text("it took longer than 20 seconds", hostile=hostile)
    yield replace(
        by_status, name="broken", title="A metric that fails", result=None, problem=problem
    )
    yield revenue
    yield by_status


def _operators(tables: int, generation: str, *, hostile: bool) -> OperatorsIndex:
    readers = PendingReaders(
        "before, class private (group data-private) could read it; now every analyst could",
        "0" * 64,
        generation,
    )
    standing = []
    error = _text("the source did not answer", hostile=hostile)
    for at in range(tables):
        table = _table(at, _details(at, hostile=hostile, long=0), hostile=hostile)
        is_held = table.status is Status.HELD
        standing.append(
            TableStanding(
                path=table.path,
                id=table.id,
                access="-" if at == 9 else table.access,
                status=table.status,
                since=NOW - timedelta(days=at),
                error=None if table.status.is_good else error,
                rows=table.rows,
                bytes=table.bytes,
                rejects=table.rejects,
                held_rows=250 if is_held else 0,
                readers=readers if at == 9 else None,
                loaded_at=table.loaded_at,
                as_of=table.as_of,
                freshness_seconds=table.freshness_seconds,
            )
        )
    warning = _text("metric broken: it took longer than 20 seconds", hostile=hostile)
    return OperatorsIndex(generation, NOW, BEFORE, "run-7", tuple(standing), (warning,))
