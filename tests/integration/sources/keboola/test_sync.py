"""From a Keboola project to published Parquet."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Trial
from broker.sources.keboola.retry import Patience
from rig.fakes.keboola import Behaviour, Fault

from .conftest import FORGOTTEN_FILES, IMPATIENT, Broker, Loader

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_FILES)
TABLE = "folder_mapping: {in.c-shop: shop}\ntables:\n  - id: in.c-shop."
INCREMENTAL = (
    f"{TABLE}orders\n    primary_key: id\n    sync_strategy: incremental\n    deletions: census\n"
)
TYPED: dict[str, dict[str, Any]] = {
    "id": {"type": "INT", "nullable": False},
    "price": {"type": "NUMBER", "length": "12,2"},
    "at": {"type": "TIMESTAMP_NTZ"},
    "day": {"type": "DATE"},
    "ok": {"type": "BOOLEAN"},
    "share": {"type": "FLOAT"},
    "note": {"type": "VARCHAR"},
}
ROWS = [
    ("1", "10.50", "2026-01-02 03:04:05", "2026-01-02", "true", "0.5", 'a "quote",\nand a line'),
    ("2", "", "", "", "", "", ""),
]


def test_an_untyped_table_is_text_where_nobody_says_more(broker: Broker, loader: Loader) -> None:
    rows = [(f"{number:02}", f'name "{number}",\nof two lines', "") for number in range(1, 11)]
    loader.create("orders", ["id", "name", "note"], rows, key="id")
    broker.describe(f"{TABLE}orders\n")
    assert broker.sync().exit_code == 0
    assert broker.rows("shop/orders") == rows


@pytest.mark.parametrize("file_type", ["csv", "parquet"])
def test_a_typed_table_keeps_its_types(broker: Broker, loader: Loader, file_type: str) -> None:
    loader.define("orders", TYPED, ["id"])
    loader.load("orders", [*TYPED], ROWS)
    broker.settings["file_type"] = file_type
    broker.describe(f"{TABLE}orders\n")
    report = broker.sync()
    assert report.exit_code == 0, report.outcomes
    first = (
        1,
        Decimal("10.50"),
        datetime(2026, 1, 2, 3, 4, 5),
        date(2026, 1, 2),
        True,
        0.5,
        'a "quote",\nand a line',
    )
    assert broker.rows("shop/orders")[0] == first
    assert broker.rows("shop/orders")[1][:6] == (2, None, None, None, None, None)


@pytest.mark.parametrize("file_type", ["csv", "parquet"])
def test_small_numbers_and_zero_arrive_whatever_the_type_of_file(
    broker: Broker, loader: Loader, file_type: str
) -> None:
    texts = ["0", "0.000000001", "-0.0000005", "12345678901234567890.123456789"]
    loader.define("orders", {"id": {"type": "NUMBER", "length": "38,9", "nullable": False}}, ["id"])
    loader.load("orders", ["id"], [(text,) for text in texts])
    broker.settings["file_type"] = file_type
    broker.describe(INCREMENTAL)
    for _ in range(2):  # the second time with a census
        report = broker.sync()
        assert report.exit_code == 0, report.outcomes
        assert broker.rows("shop/orders") == sorted((Decimal(text),) for text in texts)


def test_times_of_96_bits_arrive_in_all_years(
    broker: Broker, loader: Loader, tmp_path: Path
) -> None:
    days = [datetime(1, 1, 1), datetime(1677, 1, 1), datetime(2026, 1, 1), datetime(9999, 12, 31)]
    columns = {"id": TYPED["id"], "at": TYPED["at"]}
    loader.define("orders", columns, ["id"])
    loader.load("orders", [*columns], [(str(n), day.isoformat(" ")) for n, day in enumerate(days)])
    path = tmp_path / "slice.parquet"
    table = pa.table({"id": ["0", "1", "2", "3"], "at": pa.array(days, pa.timestamp("us"))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    broker.keboola.project.tables["in.c-shop.orders"].ready = (path,)
    broker.settings["file_type"] = "parquet"
    broker.describe(f"{TABLE}orders\n")
    report = broker.sync()
    assert report.exit_code == 0, report.outcomes
    assert broker.rows("shop/orders") == list(enumerate(days))


def test_metadata_say_types_of_an_untyped_table_and_of_its_alias(
    broker: Broker, loader: Loader
) -> None:
    loader.create("orders", ["id", "n", "b", "t"], [("1", "7", "1", "x"), ("2", "", "0", "")], "id")
    base = "KBC.datatype.basetype"
    types = [("id", "INTEGER", "user"), ("n", "NUMERIC", "user"), ("b", "BOOLEAN", "keboola.ex")]
    for column, value, provider in types:
        entry = {"columnName": column, "key": base, "value": value}
        body = {"provider": provider, "columnsMetadata": {column: [entry]}}
        loader.ask("POST", "tables/in.c-shop.orders/metadata", body)
    loader.bucket("other")
    alias = {"name": "seen", "sourceTable": "in.c-shop.orders"}
    loader.ask("POST", "buckets/in.c-other/table-aliases", alias)
    broker.describe(f"{TABLE}orders\n  - {{id: in.c-other.seen, folder: shop}}")
    report = broker.sync()
    assert [one.error for one in report.outcomes] == [None, None]
    rows = [(1, Decimal(7), True, "x"), (2, None, False, "")]
    assert broker.rows("shop/orders") == broker.rows("shop/seen") == rows


@pytest.mark.parametrize("empty", ["no_entries", "no_bytes", "empty_gzip"])
def test_nothing_is_no_rows(broker: Broker, loader: Loader, empty: Any) -> None:
    loader.define("orders", TYPED, ["id"])
    broker.keboola.project.behaviour = Behaviour(empty=empty)
    broker.describe(f"{TABLE}orders\n")
    assert broker.sync().outcomes[0].status == "empty"
    assert broker.rows("shop/orders") == []


def test_columns_and_filters_are_asked_of_keboola(broker: Broker, loader: Loader) -> None:
    rows = [(str(n), str(n % 2), "x" if n < 9 else "") for n in range(20)]
    loader.create("orders", ["id", "even", "mark"], rows, key="id")
    broker.describe(
        f"{TABLE}orders\n    columns: [mark, id]\n    types: {{id: BIGINT}}\n"
        "    where_filters:\n"
        "      - {column: even, operator: in, values: ['0', '7']}\n"
        "      - {column: mark, operator: ne, values: ['y', 'z']}\n"
        "    row_filter: TRY_CAST(id AS BIGINT) < 12\n"
    )
    report = broker.sync()
    assert report.outcomes[0].error is None
    wanted = [("x" if n < 9 else "", n) for n in range(0, 12, 2)]
    assert broker.rows("shop/orders", order="id") == wanted


@pytest.mark.parametrize(
    ("operator", "wanted"), [("gt", "34"), ("ge", "234"), ("lt", "1"), ("le", "12")]
)
def test_decimals_of_an_untyped_table_are_filtered_by_all_their_digits(
    broker: Broker, loader: Loader, operator: str, wanted: str
) -> None:
    rows = [("1", "12345678901234567.11"), ("2", "12345678901234567.12")]
    rows += [("3", "12345678901234567.13"), ("4", "22345678901234567.13"), ("5", "")]
    loader.create("orders", ["id", "n"], rows, "id")
    for key, value in (("basetype", "NUMERIC"), ("length", "38,2")):
        entry = {"columnName": "n", "key": f"KBC.datatype.{key}", "value": value}
        body = {"provider": "user", "columnsMetadata": {"n": [entry]}}
        loader.ask("POST", "tables/in.c-shop.orders/metadata", body)
    broker.describe(
        f"{TABLE}orders\n    where_filters:\n"
        f"      - {{column: n, operator: {operator}, values: ['12345678901234567.12']}}\n"
    )
    report = broker.sync()
    assert report.outcomes[0].error is None
    assert "".join(row[0] for row in broker.rows("shop/orders")) == wanted


def test_changes_are_merged_and_deletions_found(broker: Broker, loader: Loader) -> None:
    loader.create("orders", ["id", "x"], [(str(n), "a") for n in range(10)], key="id")
    broker.describe(f"{INCREMENTAL}    incremental_window_days: 0\n")
    assert broker.sync().exit_code == 0
    loader.load("orders", ["id", "x"], [("3", "b"), ("77", "b")])
    loader.delete("orders", "id", "5", "6")
    (outcome,) = broker.sync().outcomes
    assert outcome.error is None
    truth = {str(n): "a" for n in range(10) if n not in (5, 6)} | {"3": "b", "77": "b"}
    assert dict(broker.rows("shop/orders")) == truth
    starts = [job for job in jobs(loader) if job["operationName"] == "tableExport"]
    exports = [job["operationParams"]["export"] for job in starts]
    assert [bool(one["changedSince"]) for one in exports] == [False, True, False][::-1]


def jobs(loader: Loader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = loader.ask("GET", "jobs")
    return found


def test_a_killed_run_leaves_its_job_to_the_next(broker: Broker, loader: Loader) -> None:
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n")
    broker.keboola.faults.add(Fault("slow_job", "poll", times=None))
    config, data = str(broker.root / "config"), str(broker.data)
    with subprocess.Popen(
        [sys.executable, "-m", "broker", "sync", "--config", config, "--data", data],
        env={**os.environ, "KEBOOLA_TOKEN": broker.keboola.token},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while not broker.keboola.faults.happened and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    broker.keboola.faults.clear()
    (ticket,) = (broker.data / "staging/kept").rglob("export-*.json")
    assert ticket.stat().st_mode & 0o777 == 0o600
    assert broker.sync().exit_code == 0
    exports = [job for job in jobs(loader) if job["operationName"] == "tableExport"]
    assert len(exports) == 1
    assert broker.rows("shop/orders") == [("1", "a"), ("2", "b")]
    assert not ticket.exists()


def test_a_job_that_outlasts_the_table_is_taken_up_later(broker: Broker, loader: Loader) -> None:
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n    timeout: 1s\n")
    broker.keboola.faults.add(Fault("slow_job", "poll", times=None))
    (outcome,) = broker.sync().outcomes
    assert outcome.error is not None
    assert "is not finished after 1 seconds" in outcome.error
    assert "/v2/storage/jobs/" in outcome.error
    broker.keboola.faults.clear()
    broker.describe(f"{TABLE}orders\n    timeout: 1h\n")
    assert broker.sync().exit_code == 0
    assert len([job for job in jobs(loader) if job["operationName"] == "tableExport"]) == 1


@pytest.mark.parametrize("settled", [timedelta(minutes=2), timedelta(seconds=-1)])
def test_a_job_of_a_table_that_changed_since_is_not_taken_up(
    broker: Broker, loader: Loader, monkeypatch: pytest.MonkeyPatch, settled: timedelta
) -> None:
    """Its rows would pass for those of the newer table, which then is never read."""
    monkeypatch.setattr("broker.sources.keboola.detail._SETTLED", settled)
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n    timeout: 1s\n")
    broker.keboola.faults.add(Fault("slow_job", "poll", times=None))
    assert broker.sync().exit_code == 1
    broker.keboola.faults.clear()
    loader.load("orders", ["id", "x"], [("3", "c")])
    broker.describe(f"{TABLE}orders\n    timeout: 1h\n")
    for _ in range(2):
        assert broker.sync().exit_code == 0
        assert broker.rows("shop/orders") == [("1", "a"), ("2", "b"), ("3", "c")]
    assert broker.exports() == []


def test_a_job_of_a_table_that_had_just_changed_counts_as_nothing_certain(
    broker: Broker, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stamps are whole seconds: it may have changed again within that of its export."""
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n    timeout: 1s\n")
    broker.keboola.faults.add(Fault("slow_job", "poll", times=None))
    assert broker.sync().exit_code == 1
    broker.keboola.faults.clear()
    monkeypatch.setattr("broker.sources.keboola.detail._SETTLED", timedelta(seconds=-1))
    broker.describe(f"{TABLE}orders\n    timeout: 1h\n")
    assert broker.sync().exit_code == 0
    assert len([job for job in jobs(loader) if job["operationName"] == "tableExport"]) == 2


def test_an_export_in_one_file_may_have_a_header(broker: Broker, loader: Loader) -> None:
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.keboola.project.behaviour = Behaviour(is_sliced=False)
    broker.describe(f"{TABLE}orders\n")
    assert broker.sync().exit_code == 0
    assert broker.rows("shop/orders") == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"project": "4711"}, "another project; expected project 4711; found project 1234"),
        ({"token": "1234-1-wrong"}, "storage.tokenInvalid"),
    ],
)
def test_the_token_is_held_to_the_project(
    broker: Broker, loader: Loader, settings: dict[str, str], sentence: str
) -> None:
    loader.create("orders", ["id"], [("1",)])
    broker.settings = settings
    broker.describe(f"{TABLE}orders\n")
    (outcome,) = broker.sync().outcomes
    assert outcome.error is not None
    assert sentence in outcome.error


def test_a_server_that_is_not_there_is_named(broker: Broker, loader: Loader) -> None:
    del loader
    broker.settings["url"] = "http://127.0.0.1:1"
    broker.describe(f"{TABLE}orders\n")
    (outcome,) = broker.sync(Patience(2, 0.01)).outcomes
    assert outcome.error is not None
    assert "127.0.0.1:1/v2/storage/tokens/verify: the connection failed" in outcome.error


def test_a_check_tries_token_tables_and_store(broker: Broker, loader: Loader) -> None:
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n")
    tables = tuple(Trial(TableRequest(f"in.c-shop.{name}")) for name in ("orders", "absent"))
    found = list(broker.source().check(tables))
    assert [one.works for one in found] == [True, True, False, True]
    assert found[1].says == "2 columns, 2 rows"
    assert "was not found in the bucket" in found[2].says
    broker.settings["project"] = "4711"
    broker.describe(f"{TABLE}orders\n")
    assert not any(one.works for one in broker.source().check(tables[:1]))


def test_the_token_is_told_to_nobody(
    broker: Broker, loader: Loader, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not by a file, a log, an object or an exception, whatever goes wrong."""
    token = broker.keboola.token
    loader.create("orders", ["id", "x"], [("1", "a"), ("2", "b")], key="id")
    broker.describe(f"{TABLE}orders\n")
    texts = []
    for phase in ("verify", "tables", "start", "poll", "detail", "slice"):
        broker.keboola.faults.add(Fault("denied" if phase != "slice" else "cut", phase))  # type: ignore[arg-type]
        texts.append(repr(broker.sync()))
    broker.keboola.faults.clear()
    source = broker.source(IMPATIENT)
    broker.keboola.faults.add(Fault("internal", "tables", times=None))
    with pytest.raises(SourceError) as caught:
        source.describe(TableRequest("in.c-shop.orders"))
    broker.keboola.faults.clear()
    link: BaseException | None = caught.value
    while link is not None:
        texts += [repr(link), str(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    texts += [repr(source), repr(vars(source)), repr(vars(source._api))]
    assert broker.sync().exit_code == 0
    texts += [*capfd.readouterr(), *(thread.name for thread in threading.enumerate())]
    files = [
        path for path in broker.root.rglob("*") if path.is_file() and "keboola-" not in str(path)
    ]
    assert len(files) > 5
    assert [text for text in texts if token in text] == []
    assert [path for path in files if token.encode() in path.read_bytes()] == []
