"""Which lines of a run admins of the portal read: those of the sync, in the form that it writes."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker.cli.progress import Lines
from broker.cli.sync import _summary
from broker.cli.terminal import _OneLine
from broker.errors import SourceError
from broker.publishing.journal import MOST_LINES, parse_run_log
from broker.sync.report import Report, TableOutcome
from broker.tables.issues import Issue, IssueKind

RECORDED = Path(__file__).parent / "journal.jsonl"  # as journalctl --reverse gives them
CANARY = "canary-7f3a"


def entry(text: Any, **more: str) -> str:
    fields = {"_TRANSPORT": "stdout", "_PID": "77", "PRIORITY": "6", **more}
    return json.dumps({"__REALTIME_TIMESTAMP": "1796040000000000", "MESSAGE": text, **fields})


def test_lines_of_journalctl_are_read_oldest_first() -> None:
    found = parse_run_log(RECORDED.read_text(encoding="utf-8").splitlines())
    assert [(one.level, one.text, one.is_systemd) for one in found.lines] == [
        (
            "info",
            "Starting broker-sync.service - Sync of the data broker's tables into a new "
            "generation...",
            True,
        ),
        ("info", "table=example/cities phase=read", False),
        (
            "error",
            "table=example/cities phase=done status=held rows=10 rejects=0 duplicates=0 bytes=0 "
            'seconds=0.02 error="example/cities: 9 of 10 rows would go"',
            False,
        ),
        (
            "info",
            "generation 2026-11-30T120000Z-0001, 1 table, 10 rows, 1 not brought up to date "
            "(see `broker status`), 0.3 s",
            False,
        ),
        (
            "warning",
            "broker-sync.service: Main process exited, code=exited, status=1/FAILURE",
            True,
        ),
    ]
    assert (found.hidden, found.is_cut) == (0, False)
    assert found.lines[0].at == datetime(2026, 11, 30, 12, tzinfo=UTC)


def written(outcome: TableOutcome) -> list[str]:
    """What a sync in a unit writes of a table, as ``log_to_stderr`` sets it up."""
    stream, logger = io.StringIO(), logging.getLogger("broker.sync")
    handler, before = logging.StreamHandler(stream), logger.level
    handler.setFormatter(_OneLine("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        Lines().phase(outcome.table, "read")
        Lines().done(outcome)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return stream.getvalue().splitlines()


def test_every_line_that_a_sync_writes_is_of_a_known_form() -> None:
    issue = Issue(IssueKind.REJECTED, 2, "not a DATE", column="day", shapes=("99.99.9999",))
    outcome = TableOutcome(
        table="sales/orders\nINFO x",
        status="failed",
        rows=9,
        error="the source\nanswers 503",
        warnings=("a column is new",),
        issues=(issue,),
    )
    report = Report("2026-11-30T120000Z-0001", (outcome,), seconds=1.5)
    refused = SourceError("the source does not answer", where="crm")
    lines = [
        *written(outcome),
        _summary(report),
        f"broker: {refused}",
        "warning: in description",
    ]
    found = parse_run_log(map(entry, reversed(lines)))
    assert found.hidden == 0
    assert [one.level for one in found.lines] == [
        *("info", "error", "warning", "warning", "info", "error", "warning"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"pyarrow.lib.ArrowInvalid: Could not convert '{CANARY}' with type str",
        '  File "/opt/data-broker/current/venv/lib/sync/run.py", line 129, in _one',
        f"INFO Request URL: 'https://example.com/?sig={CANARY}'",
        f"broker:{CANARY}",
        f"generation {CANARY}",
        f"DEBUG table={CANARY}",
        f" INFO table={CANARY}",
        "",
        None,  # of more than 4 kB
        [115, 255],  # not UTF-8
    ],
)
def test_lines_of_a_crash_or_of_another_program_are_counted_and_not_shown(text: Any) -> None:
    found = parse_run_log([entry("INFO table=a phase=read"), entry(text)])
    assert [one.text for one in found.lines] == ["table=a phase=read"]
    assert found.hidden == 1
    assert CANARY not in json.dumps(found.facts())


def test_no_process_of_the_unit_writes_in_the_name_of_systemd() -> None:
    forged = entry("All is well", _TRANSPORT="journal", UNIT="broker-sync.service", PRIORITY="3")
    direct = entry("INFO table=a phase=read", _TRANSPORT="syslog")
    assert parse_run_log([forged, direct]).facts() == {"lines": [], "hidden": 2, "is_cut": False}


def test_the_newest_lines_within_the_bounds_are_kept() -> None:
    lines = [entry(f"INFO table={number} {'x' * 4000}") for number in range(40)]
    found = parse_run_log(lines)
    assert (len(found.lines), found.is_cut) == (15, True)
    assert found.lines[-1].text.startswith("table=0 ")
    assert len(json.dumps(found.facts())) < 70_000
    many = [entry("INFO table=a phase=read")] * MOST_LINES
    assert parse_run_log(many).is_cut
    assert not parse_run_log(many[1:]).is_cut
