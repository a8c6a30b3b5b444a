"""Pulls: what the journal says of its sender is believed, what the sender says is checked."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.audit.journal import encode, write_journal
from broker.audit.pulls import (
    MOST_PULLS,
    Collected,
    collect,
    parse_pull,
)
from broker.audit.reading import read_log
from broker.audit.recording import Change, recording

ENTRY: dict[str, Any] = {
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1795348800000000",
    "_UID": "20001",
    "BROKER_GENERATION": "2026-11-22T163000Z-7f3a",
    "BROKER_PATH": "server/parquet/",
    "BROKER_SENT_BYTES": "1234",
    "BROKER_RECEIVED_BYTES": "56",
    "BROKER_EXIT_CODE": "0",
}


def test_a_pull_is_of_whom_the_kernel_says() -> None:
    pull = parse_pull({**ENTRY, "BROKER_SUBJECT": "boss", "SYSLOG_IDENTIFIER": "broker-pull"})
    assert (pull.action, pull.subject, pull.actor.uid, pull.result) == (
        "pull",
        "20001",
        20001,
        "done",
    )
    assert pull.detail["generation"] == "2026-11-22T163000Z-7f3a"
    assert (pull.detail["sent_bytes"], pull.detail["received_bytes"]) == (1234, 56)
    assert parse_pull({**ENTRY, "BROKER_EXIT_CODE": "23"}).result == "failed"
    assert parse_pull(ENTRY).act == parse_pull(dict(ENTRY)).act
    assert parse_pull({**ENTRY, "__CURSOR": "s=1;i=3"}).act != parse_pull(ENTRY).act


@pytest.mark.parametrize(
    "forged",
    [
        {"BROKER_GENERATION": "../../etc"},
        {"BROKER_SENT_BYTES": "many"},
        {"BROKER_SENT_BYTES": "9" * 40},
        {"BROKER_SENT_BYTES": [1, 2]},
        {"BROKER_GENERATION": None},
        {"_UID": "0"},
        {"_UID": "33"},
    ],
)
def test_an_entry_that_the_transport_never_writes_is_told_as_such(forged: dict[str, Any]) -> None:
    pull = parse_pull({**ENTRY, **forged})
    assert pull.result == "refused"
    assert "not an entry" in pull.detail["problem"]
    assert "generation" not in pull.detail


def test_an_entry_has_no_field_but_its_own_and_nothing_that_acts(tmp_path: Path) -> None:
    evil = "x\nBROKER_GENERATION=forged\n_UID=0\x1b[2J"
    path = tmp_path / "journal"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(os.fspath(path))
        journal.settimeout(30)
        write_journal({"MESSAGE": evil, "PRIORITY": "6"}, path)
        content = journal.recv(4096)
    assert content == encode({"MESSAGE": evil, "PRIORITY": "6"})
    shown = rb"x\nBROKER_GENERATION=forged\n_UID=0\x1b[2J"
    size = len(shown).to_bytes(8, "little")
    assert content.startswith(b"MESSAGE\n" + size + shown + b"\nPRIORITY\n")


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What journalctl answers, as far as ``collect`` asks it.

    As that of systemd 252: past a cursor it skips one entry of those that are chosen.
    """
    entries: list[dict[str, Any]] = []

    def picked(*chosen: str) -> Iterator[dict[str, Any]]:
        words = dict(one.removeprefix("--").split("=", 1) for one in chosen)
        cursors = [one["__CURSOR"] for one in entries]
        at = words.get("after-cursor") or words.get("cursor")
        start = cursors.index(at) if at in cursors else 0
        if "lines" in words and "cursor" not in words:
            start = len(entries) - 1
        name = words.get("identifier")
        found = [one for one in entries[max(start, 0) :] if name in (None, identifier(one))]
        yield from found[1:] if "after-cursor" in words else found

    monkeypatch.setattr("broker.audit.pulls._journal", picked)
    return entries


def identifier(entry: dict[str, Any]) -> str:
    return str(entry.get("SYSLOG_IDENTIFIER", "broker-pull"))


def test_the_first_pull_after_a_collection_is_collected_once(
    journal: list[dict[str, Any]], tmp_path: Path
) -> None:
    log, cursor = tmp_path / "audit.jsonl", tmp_path / "cursor"
    journal.append({**pulled(1, 20001), "SYSLOG_IDENTIFIER": "sshd"})
    assert collect(log, cursor) == Collected(0)
    journal.append(pulled(2, 20001))
    assert collect(log, cursor) == Collected(1)
    assert collect(log, cursor) == Collected(0)


def pulled(number: int, uid: int) -> dict[str, Any]:
    return {**ENTRY, "_UID": str(uid), "__CURSOR": f"s=1;i={number:x};t=661539ec2b2d6"}


def test_pulls_that_the_journal_lost_are_told_in_the_log(
    journal: list[dict[str, Any]], tmp_path: Path
) -> None:
    log, cursor = tmp_path / "audit.jsonl", tmp_path / "cursor"
    journal.append(pulled(1, 20001))
    assert collect(log, cursor) == Collected(1)
    journal.append(pulled(2, 20001))
    assert collect(log, cursor) == Collected(1)
    assert collect(log, cursor) == Collected(0)
    journal[:] = [pulled(4, 20002)]  # flooded: the third, of whoever it was, came and went
    found = collect(log, cursor)
    assert found.pulls == 1
    assert found.problem is not None
    assert re.fullmatch(
        r"pulls may be missing: the journal does not hold its entries of 2026-11-\d\d [\d:]{8}, "
        r"up to 2026-11-22 12:00:00 any more",
        found.problem,
    )
    events = read_log(log).events
    assert [one.subject for one in events] == ["20001", "20001", None, "20002"]
    assert (events[2].result, events[2].detail) == ("failed", {"problem": found.problem})
    assert collect(log, cursor) == Collected(0), "told once"


def test_an_account_that_invents_pulls_without_end_fills_no_log(
    journal: list[dict[str, Any]], tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    journal += [pulled(number, 20001) for number in range(MOST_PULLS + 50)]
    journal.append(pulled(10**6, 20002))
    collect(log, tmp_path / "cursor")
    events = read_log(log).events
    assert len(events) == MOST_PULLS + 2
    assert (events[-2].subject, events[-2].result) == ("20002", "done")
    assert (events[-1].subject, events[-1].result) == ("20001", "refused")
    assert events[-1].detail == {"problem": "50 more entries of this account are left out"}


def test_a_pull_of_somebody_who_was_removed_meanwhile_has_their_name(
    journal: list[dict[str, Any]], tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    gone = Change("analyst.remove", "anna", {"before": {"uid": 20001}})
    strange = {"eve": None, "kim": 3, "zoe": {}}
    others = [Change("analyst.remove", name, {"before": it}) for name, it in strange.items()]
    with recording([gone, *others], log):
        journal += [pulled(1, 20001), pulled(2, 20002)]
    collect(log, tmp_path / "cursor")
    pulls = [one for one in read_log(log).events if one.action == "pull"]
    assert [one.subject for one in pulls] == ["anna", "20002"]
    assert [one.actor.name for one in pulls] == ["anna", "20002"]
