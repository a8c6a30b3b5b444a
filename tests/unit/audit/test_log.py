"""The log is what was written, in order; what nobody wrote is told, never hidden."""

from __future__ import annotations

import errno
import gzip
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from broker.audit import Actor, Change, Event, LogQuery, acting_as, current_actor, note, recording
from broker.audit.event import parse_event, render_event
from broker.audit.log import append_or_keep
from broker.audit.pending import pending_of
from broker.audit.reading import read_log
from broker.cli.audit import audit
from broker.errors import AccountsError, BrokerError
from broker.hostpaths import AUDIT_LOG

ROOT = Actor(0, "root", "command", "jan", {"sudo_user": "jan"})
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(action: str = "analyst.add", subject: str | None = "anna", hour: int = 12) -> Event:
    return Event(NOON.replace(hour=hour), action, ROOT, subject)


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.text())


@given(
    st.text(),
    st.text(),
    st.dictionaries(st.text(), plain),
    st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)),
)
def test_an_event_is_one_line_and_comes_back(
    action: str, subject: str, detail: dict[str, object], at: datetime
) -> None:
    recorded = Event(at, action, ROOT, subject or None, "refused", None, detail)
    line = render_event(recorded)
    assert line.isascii()
    assert line.isprintable()
    assert parse_event(line) == Event(at, action, ROOT, subject or None, "refused", None, detail)


def test_the_file_is_for_those_who_read_logs_and_only_grows(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "audit.jsonl"
    old = os.umask(0)
    try:
        note(event(), log)
    finally:
        os.umask(old)
    assert stat.S_IMODE(log.stat().st_mode) == 0o640
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o750
    first = log.read_bytes()
    note(event(subject="bob"), log)
    assert log.read_bytes().startswith(first)
    assert [one.subject for one in read_log(log).events] == ["anna", "bob"]


def test_a_link_is_not_followed_and_nothing_happens_without_a_trace(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.symlink_to(tmp_path / "elsewhere")
    happened = []
    with pytest.raises(BrokerError, match="so nothing was done"), recording([], log):
        happened.append(1)
    assert not happened
    assert not (tmp_path / "elsewhere").exists()


def test_lines_that_the_file_cannot_take_are_kept_and_follow_in_order(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "audit.jsonl"
    log.mkdir(parents=True)
    for subject in ("anna", "bob"):
        problem = append_or_keep([event(subject=subject)], log)
        assert problem is not None
        assert f"{log} cannot be written (Is a directory)" in problem
        assert str(pending_of(log)) in problem
    assert stat.S_IMODE(pending_of(log).stat().st_mode) == 0o640
    log.rmdir()
    done = CliRunner().invoke(audit, ["--log", str(tmp_path / "logs/audit.jsonl"), "--json"])
    if os.geteuid() != 0:
        assert json.loads(done.stdout)["pending"] == 2
    assert append_or_keep([event(subject="eve")], log) is None
    assert [one.subject for one in read_log(log).events] == ["anna", "bob", "eve"]
    assert read_log(log).pending == 0


def test_the_command_reports_what_the_file_lacks(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.symlink_to(tmp_path / "elsewhere")
    append_or_keep([event()], log)
    shown = CliRunner().invoke(audit, ["--log", str(log)], standalone_mode=False)
    assert shown.return_value == 1
    assert "anna" in shown.stdout
    assert "1 lines are not in" in shown.stderr
    log.unlink()
    shown = CliRunner().invoke(audit, ["--log", str(log)], standalone_mode=False)
    assert (shown.return_value, "anna" in shown.stdout) == (int(os.geteuid() != 0), True)
    assert pending_of(AUDIT_LOG) == Path("/run/data-broker-audit.pending")


def test_lines_that_nobody_wrote_are_told_with_their_place(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    note(event(), log)
    with log.open("ab") as stream:
        stream.write(b'\xff\x00 not json\n{"time": 5}\n[]\n' + render_event(event()).encode()[:40])
    note(event(subject="bob"), log)
    history = read_log(log)
    assert [one.subject for one in history.events] == ["anna", "bob"]
    assert [bad.where for bad in history.garbled] == [f"audit.jsonl:{n}" for n in (2, 3, 4, 5)]
    done = CliRunner().invoke(audit, ["--log", str(log)], standalone_mode=False)
    assert done.return_value == 1
    assert done.stderr.count("cannot be read") == 4


def test_rotated_parts_come_first_and_a_broken_one_is_told(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with gzip.open(tmp_path / "audit.jsonl.2.gz", "wb") as packed:
        packed.write(f"{render_event(event(subject='oldest'))}\n".encode())
    note(event(subject="older"), tmp_path / "audit.jsonl.1")
    note(event(subject="new"), log)
    (tmp_path / "audit.jsonl.3.gz").write_bytes(b"\x1f\x8b cut")
    history = read_log(log)
    assert [one.subject for one in history.events] == ["oldest", "older", "new"]
    assert [bad.where for bad in history.garbled] == ["audit.jsonl.3.gz"]


def test_an_act_is_written_before_it_happens_and_its_end_afterwards(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    planned = [Change("analyst.add", "anna", {}), Change("host.mend", None, {"mended": ["/etc"]})]
    with recording(planned, log):
        assert {one.result for one in read_log(log).events} == {"begun"}
        assert len(read_log(log).events) == len(planned)
    assert {one.result for one in read_log(log).events} == {"done"}
    with pytest.raises(AccountsError), recording(planned[:1], log):
        raise AccountsError("useradd failed")
    last = read_log(log).events[-1]
    assert (last.result, last.detail["error"]) == ("failed", "useradd failed")
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:1]))  # killed meanwhile
    shown = CliRunner().invoke(audit, ["--log", str(log)]).stdout
    assert "unfinished" in shown


def test_a_helper_acts_for_whoever_asked_it() -> None:
    assert current_actor().uid == os.getuid()
    portal = Actor(990, "broker-portal", "socket", claims={"behalf": "jan@example.com"})
    with acting_as(portal):
        assert current_actor() == portal
    assert current_actor() != portal


@pytest.mark.parametrize(
    ("options", "subjects"),
    [
        ({}, ["anna", "bob", "anna"]),
        ({"user": "anna"}, ["anna", "anna"]),
        ({"user": "jan"}, ["anna", "bob", "anna"]),
        ({"action": "analyst"}, ["anna", "bob"]),
        ({"action": "analyst.a"}, []),
        ({"action": "pull"}, ["anna"]),
        ({"since": "2026-11-22T13:00"}, ["bob", "anna"]),
        ({"until": "2026-11-22T14:00Z"}, ["anna", "bob"]),
        ({"since": "2026-11-22T12:30", "until": "2026-11-22T13:30+00:00"}, ["bob"]),
        ({"since": "1d", "until": "0s"}, ["anna", "bob", "anna"]),
    ],
)
def test_filters(tmp_path: Path, options: dict[str, str], subjects: list[str]) -> None:
    log = tmp_path / "audit.jsonl"
    events = [event(), event("analyst.change", "bob", 13), event("pull", "anna", 14)]
    if options.get("since") == "1d":
        now = datetime.now(UTC)
        events = [Event(now, one.action, one.actor, one.subject) for one in events]
    for one in events:
        note(one, log)
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    done = CliRunner().invoke(audit, ["--log", str(log), "--json", *words], catch_exceptions=False)
    assert [one["subject"] for one in json.loads(done.stdout)["events"]] == subjects


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(audit, ["--log", str(tmp_path / "a"), "--since", "soon"])
    assert "this is not a time" in str(done.exception)
    assert LogQuery().fits(event())


def test_what_memory_takes_only_in_part_is_not_left_there_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, write = tmp_path / "logs" / "audit.jsonl", os.write
    log.mkdir(parents=True)
    append_or_keep([event(subject="anna")], log)
    kept = pending_of(log).read_bytes()

    def half(descriptor: int, content: bytes) -> int:
        """Take some bytes, then none."""
        if len(content) < 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[: len(content) // 2])

    monkeypatch.setattr("broker.audit.pending.os.write", half)
    problem = append_or_keep([event(subject="bob")], log)
    assert problem is not None
    assert "in the journal alone" in problem
    assert pending_of(log).read_bytes() == kept


def test_the_command_shows_what_there_is_where_the_newest_pulls_cannot_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "audit.jsonl"
    note(event(), log)

    def refused(*_: object) -> None:
        raise BrokerError("the audit log cannot be written")

    monkeypatch.setattr("broker.cli.audit.AUDIT_LOG", log)
    monkeypatch.setattr("broker.cli.audit.collect", refused)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    shown = CliRunner().invoke(audit, ["--log", str(log)], standalone_mode=False)
    assert (shown.return_value, "anna" in shown.stdout) == (1, True)
    assert "the newest pulls are missing: the audit log cannot be written" in shown.stderr
