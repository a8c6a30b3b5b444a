"""BigQuery through Google's own clients, against a stand-in on real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from google.api_core import exceptions
from google.cloud import bigquery as google
from google.oauth2 import service_account

from broker.cli.check import check
from broker.cli.discover import discover
from broker.cli.store import open_store
from broker.config import load_description, load_instance
from broker.errors import AbsentError, BrokerError, ConfigError, ForbiddenError, SourceError
from broker.sources.bigquery import BigQuerySource
from broker.sources.contract import Source, TableRequest, Trial, Window
from broker.sync.run import Run
from rig.fakes.bigquery import Fault, StandIn
from rig.fakes.proxy import Proxy
from tests.silent import Silent

# Google's reader warns of its own successor, which would bring pandas.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Retrieving Arrow record batches:PendingDeprecationWarning"
)

EVENTS = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED", "description": "Number of the event"},
    {"name": "at", "type": "TIMESTAMP"},
    {"name": "day", "type": "DATE"},
    {"name": "kind", "type": "STRING"},
    {"name": "amount", "type": "NUMERIC"},
]
START = datetime(2026, 11, 1, tzinfo=UTC)


def event(number: int, at: datetime | None, kind: str | None = "a") -> dict[str, Any]:
    day = None if at is None else at.date().isoformat()
    moment = None if at is None else at.isoformat()
    return {"id": number, "at": moment, "day": day, "kind": kind, "amount": f"{number}.25"}


@pytest.fixture
def bigquery() -> Iterator[StandIn]:
    with StandIn() as standin:
        standin.project.add_dataset("shop")
        table = standin.project.add_table(
            "shop",
            "events",
            EVENTS,
            description="What happened",
            timePartitioning={"type": "DAY", "field": "at"},
            tableConstraints={"primaryKey": {"columns": ["id"]}},
        )
        rows = [event(number, START + timedelta(days=number)) for number in range(1, 5)]
        standin.project.insert(table, [*rows, event(5, None, None)])
        yield standin


def opened(standin: StandIn, **settings: Any) -> BigQuerySource:
    given = {
        "project": "acme-data",
        "credentials": standin.key,
        "api_endpoint": standin.url,
        "storage_api_endpoint": standin.storage_url,
        **settings,
    }
    return BigQuerySource(given, Path())


def rows_of(source: Source, request: TableRequest, window: Window | None = None) -> pa.Table:
    reading = source.read(request, window or Window())
    table = pa.Table.from_batches(reading.batches(), reading.schema)
    assert reading.end().rows == table.num_rows
    return table


def ids(source: Source, window: Window | None = None, **request: Any) -> list[int]:
    found = rows_of(source, TableRequest("shop.events", **request), window)
    return sorted(found["id"].to_pylist())


# Column by column: its type, a value as the API takes it, and the value that must arrive.
HUGE = "12345678901234567890123456789012345678.00000000000000000000000000000000000001"
TOOK = "1 year 2 months 3 days 04:05:06.5"
TYPES: dict[str, tuple[dict[str, Any], Any, pa.DataType, Any]] = {
    "int": ({"type": "INTEGER"}, "-9223372036854775808", pa.int64(), -(2**63)),
    "float": ({"type": "FLOAT"}, "0.1", pa.float64(), 0.1),
    "infinite": ({"type": "FLOAT"}, "Infinity", pa.float64(), float("inf")),
    "truth": ({"type": "BOOLEAN"}, True, pa.bool_(), True),
    "text": ({"type": "STRING"}, 'ž "quoted", \n', pa.string(), 'ž "quoted", \n'),
    "empty": ({"type": "STRING"}, "", pa.string(), ""),
    "bytes": ({"type": "BYTES"}, "AP8=", pa.binary(), b"\x00\xff"),
    "date": ({"type": "DATE"}, "1999-12-31", pa.date32(), date(1999, 12, 31)),
    "time": ({"type": "TIME"}, "23:59:59.000001", pa.time64("us"), time(23, 59, 59, 1)),
    "wall": (
        {"type": "DATETIME"},
        "2026-03-29 02:30:00.5",
        pa.timestamp("us"),
        datetime(2026, 3, 29, 2, 30, 0, 500_000),
    ),
    "instant": (
        {"type": "TIMESTAMP"},
        "2026-03-29 02:30:00.123456+02",
        pa.timestamp("us", "UTC"),
        datetime(2026, 3, 29, 0, 30, 0, 123_456, tzinfo=UTC),
    ),
    "numeric": (
        {"type": "NUMERIC"},
        "12345678901234567890123456789.123456789",
        pa.decimal128(38, 9),
        Decimal("12345678901234567890123456789.123456789"),
    ),
    "money": (
        {"type": "NUMERIC", "precision": "10", "scale": "2"},
        "0.10",
        pa.decimal128(10, 2),
        Decimal("0.10"),
    ),
    "huge": ({"type": "BIGNUMERIC"}, HUGE, pa.string(), HUGE),
    "tiny": ({"type": "BIGNUMERIC"}, "0.0000000001", pa.string(), "0.0000000001"),
    "nothing": ({"type": "BIGNUMERIC"}, "0.00", pa.string(), "0"),
    "hundred": ({"type": "BIGNUMERIC"}, "100", pa.string(), "100"),
    "narrow": (
        {"type": "BIGNUMERIC", "precision": "38", "scale": "20"},
        "1.00000000000000000001",
        pa.decimal128(38, 20),
        Decimal("1.00000000000000000001"),
    ),
    "took": ({"type": "INTERVAL"}, TOOK, pa.string(), "1-2 3 4:5:6.500"),
    "steps": (
        {
            "type": "RECORD",
            "mode": "REPEATED",
            "fields": [
                {"name": "took", "type": "INTERVAL"},
                {"name": "all", "type": "INTERVAL", "mode": "REPEATED"},
            ],
        },
        [{"took": TOOK, "all": [TOOK]}],
        pa.list_(pa.struct([("took", pa.string()), ("all", pa.list_(pa.string()))])),
        [{"took": "1-2 3 4:5:6.500", "all": ["1-2 3 4:5:6.500"]}],
    ),
    "valid": (
        {"type": "RANGE", "rangeElementType": {"type": "DATE"}},
        {"start": "2026-01-01", "end": None},
        pa.struct([("start", pa.date32()), ("end", pa.date32())]),
        {"start": date(2026, 1, 1), "end": None},
    ),
    "walls": (
        {"type": "RANGE", "rangeElementType": {"type": "DATETIME"}, "mode": "REPEATED"},
        [{"start": None, "end": "2026-03-29 02:30:00.5"}],
        pa.list_(pa.struct([("start", pa.timestamp("us")), ("end", pa.timestamp("us"))])),
        [{"start": None, "end": datetime(2026, 3, 29, 2, 30, 0, 500_000)}],
    ),
    "shifts": (
        {
            "type": "RECORD",
            "fields": [{"name": "at", "type": "RANGE", "rangeElementType": {"type": "TIMESTAMP"}}],
        },
        {"at": {"start": "2026-03-29 02:30:00+02", "end": "2026-03-29 03:30:00+02"}},
        pa.struct(
            [("at", pa.struct([(end, pa.timestamp("us", "UTC")) for end in ("start", "end")]))]
        ),
        {
            "at": {
                "start": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
                "end": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            }
        },
    ),
    "json": ({"type": "JSON"}, '{"a": [1, null]}', pa.string(), '{"a": [1, null]}'),
    "place": ({"type": "GEOGRAPHY"}, "POINT(14.4 50.1)", pa.string(), "POINT(14.4 50.1)"),
    "tags": (
        {"type": "STRING", "mode": "REPEATED"},
        ["x", "y"],
        pa.list_(pa.string()),
        ["x", "y"],
    ),
    "items": (
        {
            "type": "RECORD",
            "mode": "REPEATED",
            "fields": [
                {"name": "sku", "type": "STRING"},
                {"name": "exact", "type": "BIGNUMERIC"},
                {"name": "more", "type": "RECORD", "fields": [{"name": "j", "type": "JSON"}]},
            ],
        },
        [{"sku": "a", "exact": "0.5", "more": {"j": "[1]"}}, {"sku": None, "exact": None}],
        pa.list_(
            pa.struct(
                [
                    ("sku", pa.string()),
                    ("exact", pa.string()),
                    ("more", pa.struct([("j", pa.string())])),
                ]
            )
        ),
        [
            {"sku": "a", "exact": "0.5", "more": {"j": "[1]"}},
            {"sku": None, "exact": None, "more": None},
        ],
    ),
}


@pytest.fixture
def typed(bigquery: StandIn) -> StandIn:
    """A table with a column of each type: one row of values, one of NULL."""
    fields = [{"name": name, **type_} for name, (type_, *_) in TYPES.items()]
    table = bigquery.project.add_table("shop", "typed", fields)
    bigquery.project.insert(table, [{name: sent for name, (_, sent, *_) in TYPES.items()}, {}])
    return bigquery


@pytest.mark.parametrize("storage_api", ["never", "always"])
def test_every_type_arrives_exactly(typed: StandIn, storage_api: str) -> None:
    source = opened(typed, storage_api=storage_api)
    found = rows_of(source, TableRequest("shop.typed"))
    assert {one.name: one.type for one in found.schema} == {
        name: type_ for name, (_, _, type_, _) in TYPES.items()
    }
    values, nulls = sorted(found.to_pylist(), key=lambda row: row["int"] is None)
    assert values == {name: expected for name, (*_, expected) in TYPES.items()}
    lists = {name: value for name, value in nulls.items() if value is not None}
    assert lists == {"tags": [], "items": [], "steps": [], "walls": []}


def test_a_table_is_described_as_bigquery_has_it(bigquery: StandIn) -> None:
    (found,) = opened(bigquery, dataset="shop").discover()
    assert (found.id, found.rows, found.primary_key) == ("shop.events", 5, ("id",))
    assert found.description == "What happened"
    first = found.schema.columns[0]
    assert (first.name, first.type, first.nullable) == ("id", "BIGINT", False)
    assert first.description == "Number of the event"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([("id", "gt", ["3"])], [4, 5]),
        ([("id", "in", ["1", "2"]), ("id", "ne", ["2"])], [1]),
        ([("kind", "ne", ["a"])], [5]),
        ([("kind", "notIn", ["b"])], [1, 2, 3, 4, 5]),
        ([("amount", "le", ["2.25"])], [1, 2]),
        ([("day", "ge", ["2026-11-04"])], [3, 4]),
        ([("at", "lt", ["2026-11-03"])], [1]),
        ([("kind", "eq", ["a' OR 'a' = 'a"])], []),
    ],
)
def test_conditions(bigquery: StandIn, filters: list[Any], expected: list[int]) -> None:
    declared = tuple(
        {"column": column, "operator": operator, "values": values}
        for column, operator, values in filters
    )
    assert ids(opened(bigquery), where_filters=declared) == expected


@pytest.mark.parametrize("column", ["at", "day"])
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (timedelta(days=2), None, [2, 3, 4, 5]),
        (timedelta(days=2, hours=1), None, [3, 4, 5]),
        (None, timedelta(days=2, hours=1), [1, 2]),
        (timedelta(days=2), timedelta(days=4), [2, 3]),
    ],
)
def test_windows(
    bigquery: StandIn,
    column: str,
    since: timedelta | None,
    until: timedelta | None,
    expected: list[int],
) -> None:
    window = Window(since and START + since, until and START + until, column)
    assert ids(opened(bigquery), window) == expected


def test_windows_of_the_time_of_ingestion(bigquery: StandIn) -> None:
    """Of a table that is partitioned by it; rows that were streamed in just now have none yet."""
    day = {"type": "DAY"}
    table = bigquery.project.add_table("shop", "seen", EVENTS[:1], timePartitioning=day)
    bigquery.project.insert(table, [{"id": number} for number in range(1, 5)])
    for number in range(1, 4):
        at = f"TIMESTAMPTZ '{(START + timedelta(days=number)).isoformat()}'"
        where = f"SET _PARTITIONTIME = {at} WHERE id = {number}"
        bigquery.project.execute(f'UPDATE "acme-data".shop.seen {where}')
    bigquery.project.execute('UPDATE "acme-data".shop.seen SET _PARTITIONTIME = NULL WHERE id = 4')
    source, request = opened(bigquery, max_bytes_billed=31), TableRequest("shop.seen")
    with pytest.raises(SourceError, match="found 32 bytes"):
        rows_of(source, request)
    window = Window(START + timedelta(days=2), None, "_PARTITIONTIME")
    assert rows_of(source, request, window).to_pylist() == [{"id": 2}, {"id": 3}, {"id": 4}]
    window = Window(START, START + timedelta(days=2, hours=1), "_PARTITIONTIME")
    assert rows_of(source, request, window)["id"].to_pylist() == [1, 2]


INGESTED = """
```yaml
tables:
  - id: shop.seen
    folder: shop
    columns: [id]
    primary_key: id
    sync_strategy: incremental
    incremental_column: _PARTITIONTIME
    incremental_window_days: 0
    deletions: append_only
```
"""


def test_a_table_without_a_time_of_its_own_is_synced_by_that_of_ingestion(
    bigquery: StandIn, tmp_path: Path
) -> None:
    day = {"type": "DAY"}
    table = bigquery.project.add_table("shop", "seen", EVENTS[:1], timePartitioning=day)
    bigquery.project.insert(table, [{"id": 1}, {"id": 2}])
    old = "SET _PARTITIONTIME = TIMESTAMPTZ '2026-01-01T00:00:00Z'"
    bigquery.project.execute(f'UPDATE "acme-data".shop.seen {old}')
    (tmp_path / "instance.yaml").write_text("data_source: {type: bigquery, project: acme-data}\n")
    (tmp_path / "data_description.md").write_text(INGESTED)
    instance = load_instance(tmp_path, {})
    tables = load_description(tmp_path, instance).tables
    run = Run(
        instance=instance,
        tables=tables,
        sources={tables[0].id: opened(bigquery)},
        store=open_store(instance, tmp_path),
        clock=lambda: datetime.now(UTC),
        progress=Silent(),
    )
    for new in (3, 4):
        assert [one.error for one in run().outcomes] == [None]
        bigquery.project.insert(table, [{"id": new}])
        later = "SET _PARTITIONTIME = now() + INTERVAL 1 HOUR"
        bigquery.project.execute(f'UPDATE "acme-data".shop.seen {later} WHERE id = {new}')
    assert [one.rows for one in run().outcomes] == [4]
    assert [job.bytes for job in bigquery.project.jobs.values()] == [16, 8, 16]


def test_a_query_is_a_table(bigquery: StandIn) -> None:
    query = "SELECT kind, count(*) AS events FROM `acme-data.shop.events` GROUP BY kind  -- all"
    request = TableRequest("shop.kinds", row_filter="events > 1", options={"query": query})
    found = rows_of(opened(bigquery), request)
    assert found.to_pylist() == [{"kind": "a", "events": 4}]


def test_chosen_columns_and_keys(bigquery: StandIn) -> None:
    source = opened(bigquery)
    request = TableRequest("events", columns=("kind", "id"), primary_key=("id",))
    with pytest.raises(ConfigError, match="which dataset"):
        source.describe(request)
    source = opened(bigquery, dataset="shop")
    assert rows_of(source, request).schema.names == ["kind", "id"]
    reading = source.read_keys(request)
    assert sorted(pa.Table.from_batches(reading.batches())["id"].to_pylist()) == [1, 2, 3, 4, 5]


@pytest.fixture
def large(bigquery: StandIn) -> StandIn:
    """A table that is worth a read session, of several pages and streams."""
    bigquery.project.add_table("shop", "large", [{"name": "id", "type": "INTEGER"}])
    bigquery.project.execute('INSERT INTO "acme-data".shop.large FROM range(12000)')
    return bigquery


@pytest.mark.parametrize("denied", [set(), {"bigquery.readsessions.create"}])
def test_the_storage_read_api_is_used_where_it_is_allowed(large: StandIn, denied: set[str]) -> None:
    large.project.denied = denied
    found = rows_of(opened(large), TableRequest("shop.large"))
    assert sorted(found["id"].to_pylist()) == list(range(12000))
    assert bool(large.requests["rows"]) == bool(denied)


def test_without_the_right_and_without_a_choice_the_role_is_named(large: StandIn) -> None:
    large.project.denied = {"bigquery.readsessions.create"}
    with pytest.raises(ForbiddenError, match=r"roles/bigquery.readSessionUser on the project"):
        rows_of(opened(large, storage_api="always"), TableRequest("shop.large"))


@pytest.mark.parametrize(
    ("denied", "storage_api", "says"),
    [
        (set(), "auto", "through the Storage Read API"),
        (
            {"bigquery.readsessions.create"},
            "auto",
            "through the REST API; the Storage Read API takes "
            "the role roles/bigquery.readSessionUser on the project acme-data",
        ),
        ({"bigquery.readsessions.create"}, "always", None),
        (set(), "never", "through the REST API, as storage_api says"),
    ],
)
def test_a_check_tells_the_way_of_the_rows(
    bigquery: StandIn, denied: set[str], storage_api: str, says: str | None
) -> None:
    bigquery.project.denied = denied
    found = opened(bigquery, storage_api=storage_api).check((Trial(TableRequest("shop.events")),))
    queries, way, table = found
    assert (queries.works, table.works, way.works) == (True, True, says is not None)
    assert way.subject == "may read answers"
    if says is not None:
        assert way.says == says
    assert sum(job.bytes for job in bigquery.project.jobs.values()) == 0


def test_a_key_that_the_environment_names(
    bigquery: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    with pytest.raises(ForbiddenError, match="there are no credentials for Google Cloud"):
        ids(opened(bigquery, credentials=None))
    key.write_text(bigquery.key)
    assert ids(opened(bigquery, credentials=None)) == [1, 2, 3, 4, 5]


def test_a_proxy_of_the_environment_is_used(
    bigquery: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        assert ids(opened(bigquery, storage_api="never")) == [1, 2, 3, 4, 5]
    paths = {target.partition("?")[0] for _, target in proxy.seen}
    assert {f"{bigquery.url}/token", f"{bigquery.url}/bigquery/v2/projects/acme-data/jobs"} <= paths


PASSING = [
    ("throttle", "table"), ("reset", "dry"), ("unavailable", "start"), ("reset", "start"),
    ("rate", "poll"), ("truncate", "poll"), ("truncate", "rows"), ("throttle", "rows"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "phase"), PASSING)
def test_what_passes_is_tried_again(bigquery: StandIn, kind: Any, phase: Any) -> None:
    bigquery.faults.add(Fault(kind, phase))
    assert ids(opened(bigquery, storage_api="never")) == [1, 2, 3, 4, 5]
    assert len(bigquery.faults.happened) == 1


@pytest.mark.parametrize(
    "fault", [Fault("unavailable", "session"), Fault("unavailable", "stream", after=2)]
)
def test_a_stream_that_breaks_off_goes_on_where_it_ended(large: StandIn, fault: Fault) -> None:
    large.faults.add(fault)
    found = rows_of(opened(large, storage_api="always"), TableRequest("shop.large"))
    assert sorted(found["id"].to_pylist()) == list(range(12000))
    assert large.faults.happened == [fault]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("quota", "start"), r"quotaExceeded.*A quota of the project is used up"),
        (Fault("failed_job", "poll"), r"cannot run the query; found invalidQuery$"),
        (Fault("lost_rows", "rows"), r"expected 5 rows; found 4 rows"),
        (Fault("unauthorized", "dry", times=None), r"does not accept the credentials"),
        (Fault("unauthorized", "session", times=None), r"does not accept the credentials"),
        (Fault("unauthorized", "stream", times=None), r"does not accept the credentials"),
    ],
)
def test_what_does_not_pass_is_told_and_shows_no_value(
    bigquery: StandIn, fault: Fault, sentence: str
) -> None:
    bigquery.faults.add(fault)
    storage = "always" if fault.phase in ("session", "stream") else "never"
    with pytest.raises(SourceError, match=sentence) as raised:
        ids(opened(bigquery, storage_api=storage))
    assert "canary-value" not in str(raised.value)


@pytest.mark.parametrize(
    ("permission", "role"),
    [
        ("bigquery.jobs.create", "roles/bigquery.jobUser on the project acme-data"),
        ("bigquery.tables.get", "roles/bigquery.dataViewer on the table acme-data:shop.events"),
        (
            "bigquery.tables.getData acme-data.shop.events",
            "roles/bigquery.dataViewer on the table acme-data:shop.events",
        ),
    ],
)
def test_a_missing_permission_names_role_and_resource(
    bigquery: StandIn, permission: str, role: str
) -> None:
    bigquery.project.denied.add(permission)
    with pytest.raises(ForbiddenError) as raised:
        ids(opened(bigquery))
    assert f"expected the role {role}" in str(raised.value)
    findings = opened(bigquery).check((Trial(TableRequest("shop.events")),))
    assert [one.works for one in findings][-1] is False


ONLY_BY_DAYS = """
```yaml
tables:
  - id: shop.days
    folder: shop
    primary_key: id
    sync_strategy: incremental
    incremental_column: at
    deletions: census
```
"""


def configure(bigquery: StandIn, folder: Path) -> None:
    """Write the ``instance.yaml`` of a broker that reads from the stand-in, and its key."""
    settings = {
        "type": "bigquery",
        "project": "acme-data",
        "credentials_file": "key.json",
        "api_endpoint": bigquery.url,
        "storage_api_endpoint": bigquery.storage_url,
    }
    (folder / "key.json").write_text(bigquery.key)
    (folder / "instance.yaml").write_text(json.dumps({"data_source": settings}))


@pytest.mark.parametrize(
    ("more", "works"),
    [
        ("", [False, False]),
        ("    max_history_days: 900\n", [True, False]),
        ("    row_filter: \"`at` >= '1970-01-01'\"\n", [True, True]),
    ],
)
def test_a_check_tries_what_a_sync_reads(
    bigquery: StandIn, tmp_path: Path, more: str, works: list[bool]
) -> None:
    table = bigquery.project.add_table(
        "shop",
        "days",
        EVENTS,
        timePartitioning={"type": "DAY", "field": "at"},
        requirePartitionFilter=True,
    )
    bigquery.project.insert(table, [event(1, START), event(2, START)])
    configure(bigquery, tmp_path)
    description = ONLY_BY_DAYS.replace("    deletions", f"{more}    deletions")
    (tmp_path / "data_description.md").write_text(description)
    done = CliRunner().invoke(check, ["--config", str(tmp_path), "--json"])
    findings = json.loads(done.stdout)["sources"][0]["findings"]
    found = {one["subject"]: one for one in findings if "shop.days" in one["subject"]}
    assert [one["works"] for one in found.values()] == works
    assert [*found] == ["table shop.days", "keys of table shop.days"]
    for one in found.values():
        assert one["works"] or 'row_filter that all rows pass, such as "`at` >=' in one["says"]


@pytest.fixture
def three(bigquery: StandIn, tmp_path: Path) -> Path:
    """The config folder of a source of which one table is good, one forbidden, one unknown."""
    project = bigquery.project
    for name in ("secret", "vectors"):
        project.add_table("shop", name, [{"name": "v", "type": "STRING"}])
    project.denied.add("bigquery.tables.get acme-data.shop.secret")
    project.tables["shop", "vectors"].fields[0]["type"] = "VECTOR"
    configure(bigquery, tmp_path)
    return tmp_path


def test_tables_that_cannot_be_looked_at_keep_no_other_from_being_drafted(three: Path) -> None:
    line = ["--source", "bigquery", "--config", str(three)]
    done = CliRunner().invoke(discover, [*line, "--json"])
    drafted = json.loads(done.stdout)
    assert [one["id"] for one in drafted["tables"]] == ["shop.events"]
    assert {*drafted["failed"]} == {"shop.secret", "shop.vectors"}
    assert "roles/bigquery.dataViewer" in drafted["failed"]["shop.secret"]
    assert "column v has a type that the broker does not know" in done.stderr
    assert done.exit_code == 1
    without = [word for name in ("secret", "vectors") for word in ("--exclude", f"shop.{name}")]
    done = CliRunner().invoke(discover, [*line, *without])
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_table_that_cannot_be_looked_at_is_not_gone(three: Path) -> None:
    out = three / "data_description.md"
    out.write_text("```yaml\ntables:\n  - {id: shop.secret}\n  - {id: shop.lost}\n```\n")
    line = ["--source", "bigquery", "--config", str(three), "--out", str(out), "--json"]
    assert json.loads(CliRunner().invoke(discover, line).stdout)["gone"] == ["shop.lost"]


@pytest.mark.parametrize("name", ["shop.ev_*", "acme-data.shop.ev_*"])
def test_a_wildcard_is_answered_with_the_query_to_write(bigquery: StandIn, name: str) -> None:
    request = TableRequest("shop.events", options={"table": name})
    sentence = r'a wildcard.*query: "SELECT \* FROM `acme-data\.shop\.ev_\*`"'
    with pytest.raises(ConfigError, match=sentence):
        opened(bigquery).describe(request)


def test_a_table_that_is_not_there(bigquery: StandIn) -> None:
    with pytest.raises(AbsentError, match=r"Not found: Table acme-data:shop\.nothing"):
        opened(bigquery).describe(TableRequest("shop.nothing"))


def test_a_revoked_key(bigquery: StandIn) -> None:
    with StandIn() as other:
        key = json.loads(other.key) | {"token_uri": f"{bigquery.url}/token"}
        source = opened(bigquery, credentials=json.dumps(key))
        with pytest.raises(ForbiddenError, match=r"credentials; found RefreshError \(invalid_gr"):
            source.describe(TableRequest("shop.events"))


# 5 rows of 5 columns are 200 bytes; the partitions from day 4 on, with the NULLs, are 80.
def test_a_read_that_would_cost_too_much_is_refused_before_it_runs(bigquery: StandIn) -> None:
    source = opened(bigquery, max_bytes_billed=100)
    with pytest.raises(SourceError, match=r"at most 100 bytes \(max_bytes_billed\); found 200"):
        ids(source)
    assert not bigquery.project.jobs
    assert ids(source, Window(START + timedelta(days=4), None, "at")) == [4, 5]
    assert ids(source, options={"max_bytes_billed": 200}) == [1, 2, 3, 4, 5]


def test_a_day_has_a_limit_that_outlives_the_process(bigquery: StandIn) -> None:
    assert ids(opened(bigquery, max_bytes_billed_per_day=350)) == [1, 2, 3, 4, 5]
    again = opened(bigquery, max_bytes_billed_per_day=350)
    with pytest.raises(SourceError, match="found 200 bytes so far and 200 bytes for this table"):
        ids(again)
    assert ids(again, columns=("id", "day")) == [1, 2, 3, 4, 5]
    bigquery.project.denied.add("bigquery.jobs.list")
    with pytest.raises(ForbiddenError, match=r"roles/bigquery\.user on the project acme-data"):
        ids(opened(bigquery, max_bytes_billed_per_day=350))


def test_rows_are_complete_as_of_the_start_of_the_query_less_the_lag(bigquery: StandIn) -> None:
    reading = opened(bigquery, lag="2h").read(TableRequest("shop.events"), Window())
    with pytest.raises(SourceError, match="not read to their end"):
        reading.end()
    list(reading.batches())
    (job,) = bigquery.project.jobs.values()
    began = job.created.replace(microsecond=job.created.microsecond // 1000 * 1000)
    assert reading.end().as_of == began - timedelta(hours=2)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"credentials": "{}"}, "the service-account key is not a valid key file"),
        ({"credentials": None, "credentials_file": "/nowhere/key.json"}, "cannot be read"),
        ({"storage_api": "sometimes"}, "storage_api is wrong"),
        ({"max_bytes_billed": "12 apples"}, "max_bytes_billed is wrong"),
    ],
)
def test_settings_that_are_invalid(
    bigquery: StandIn, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        opened(bigquery, **settings)


def test_the_key_shows_nowhere(bigquery: StandIn) -> None:
    source = opened(bigquery)
    private = json.loads(bigquery.key)["private_key"].splitlines()[1]
    bigquery.project.denied.add("bigquery.jobs.create")
    with pytest.raises(BrokerError) as raised:
        ids(source)
    assert private not in f"{source!r} {vars(source)} {raised.value!r}"


@pytest.fixture
def served() -> Iterator[tuple[str, str]]:
    """The stand-in as a command: address and key."""
    command = [sys.executable, "-m", "rig.fakes.bigquery", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url, _, key = (process.stdout.readline().strip() for _ in range(3))
            yield url, key.removeprefix("key: ")
        finally:
            process.terminate()
    assert process.returncode == 0


def test_the_stand_in_is_one_to_google_s_client(served: tuple[str, str]) -> None:
    url, key = served
    scopes = ["https://www.googleapis.com/auth/bigquery"]
    credentials = service_account.Credentials.from_service_account_info(
        json.loads(key), scopes=scopes
    )
    options = {"api_endpoint": url}
    client = google.Client(project="acme-data", credentials=credentials, client_options=options)
    client.create_dataset("sales")
    schema = [google.SchemaField("id", "INTEGER"), google.SchemaField("placed", "DATETIME")]
    table = client.create_table(google.Table("acme-data.sales.orders", schema=schema))
    sent = [{"id": number, "placed": f"2026-11-0{number}T10:00:00"} for number in range(1, 4)]
    assert client.insert_rows_json(table, sent) == []
    assert [one.table_id for one in client.list_tables("sales")] == ["orders"]
    query = "SELECT id, placed FROM `acme-data.sales.orders` WHERE id > 1"
    assert [tuple(row) for row in client.query(query).result()] == [
        (2, datetime(2026, 11, 2, 10)),
        (3, datetime(2026, 11, 3, 10)),
    ]
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        client.get_table("acme-data.sales.nothing")
    client.close()
