"""What systemd tells of a beginning and an end, and what root keeps of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from broker.errors import BrokerError
from broker.runs import RunOutcome, keep, note_begin, note_end, read_record
from broker.runs.record import Ended
from broker.runs.systemd import Unit, live, parse, with_recorders

UNIT = "broker-sync.service"
OLD, NEW = "2026-11-22T153000Z-7f3a", "2026-11-22T163000Z-7f3a"
FINE = ("success", "exited", "0")


class Place:
    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.path = folder / "syncs.json"
        self.store.mkdir()

    def points_at(self, target: str) -> None:
        (self.store / "current").unlink(missing_ok=True)
        (self.store / "current").symlink_to(target)

    def begin(self, invocation: str, unit: str = UNIT) -> None:
        note_begin(unit, self.store, -1, {"INVOCATION_ID": invocation}, self.path)

    def end(self, how: str, invocation: str, *states: str) -> Ended:
        names = ("MONITOR_SERVICE_RESULT", "MONITOR_EXIT_CODE", "MONITOR_EXIT_STATUS")
        words = dict(zip(names, states, strict=True)) | {"MONITOR_INVOCATION_ID": invocation}
        return note_end(how, UNIT, self.store, -1, words, self.path)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    def alive(_: Mapping[str, str]) -> set[str]:
        return set()

    monkeypatch.setattr(keep, "alive", alive)
    return Place(tmp_path)


def test_a_run_is_recorded_from_its_beginning_to_its_end(place: Place) -> None:
    place.points_at(f"generations/{OLD}")
    place.begin("a")
    assert read_record(place.path).begun["a"].current == OLD
    place.points_at(f"generations/{NEW}")
    run = place.end("failed", "a", "exit-code", "exited", "1")
    assert (run.published, run.outcome, run.began is None) == (NEW, RunOutcome.PARTLY, False)
    assert place.path.stat().st_mode & 0o777 == 0o640


def test_where_a_unit_that_it_needs_failed_the_words_are_of_the_run_before(place: Place) -> None:
    for invocation, states in (("a", FINE), ("b", ("exit-code", "exited", "243"))):
        place.end("succeeded" if states is FINE else "failed", invocation, *states)
        again = place.end("failed", invocation, *states)  # what systemd 252 and 257 tell
        assert (again.result, again.outcome) == ("not-started", RunOutcome.FAILED)
    assert place.end("failed", "", "success", "", "").result == "not-started"
    assert place.end("failed", "c", *FINE).result == "not-started"
    assert read_record(place.path).failures == 5


def test_a_run_that_was_cut_off_counts_when_the_next_begins(place: Place) -> None:
    place.begin("a")
    place.begin("b")
    record = read_record(place.path)
    assert ([run.result for run in record.ended], [*record.begun]) == (["interrupted"], ["b"])
    place.end("succeeded", "b", *FINE)
    assert read_record(place.path).failures == 0


@pytest.mark.parametrize("target", ["/etc/shadow", "generations/../../etc", "generations/x\x1b[2J"])
def test_what_the_service_writes_into_its_link_reaches_no_record(place: Place, target: str) -> None:
    place.points_at(target)
    place.begin("a")
    assert read_record(place.path).begun["a"].current is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"begun": {"a": {}}}', '{"begun": 1}'])
def test_a_record_that_cannot_be_read_is_told_kept_aside_and_begun_anew(
    place: Place, content: str
) -> None:
    place.path.write_text(content)
    with pytest.raises(BrokerError, match="cannot be read"):
        read_record(place.path)
    place.end("failed", "a", "timeout", "killed", "TERM")
    assert read_record(place.path).failures == 1
    assert place.path.with_suffix(".unreadable").read_text() == content


@pytest.mark.parametrize("what", [os.mkdir, os.mkfifo])
def test_a_record_that_is_no_file_is_told_kept_aside_and_begun_anew(
    place: Place, what: Callable[[Path], None]
) -> None:
    what(place.path)
    with pytest.raises(BrokerError, match="cannot be read"):
        read_record(place.path)
    place.end("failed", "a", "timeout", "killed", "TERM")
    assert read_record(place.path).failures == 1
    assert not place.path.with_suffix(".unreadable").is_file()


def test_only_systemd_records_a_beginning(place: Place) -> None:
    with pytest.raises(BrokerError, match="only systemd"):
        note_begin(UNIT, place.store, -1, {}, place.path)
    assert not place.path.exists()


def units(**states: str) -> dict[str, Unit]:
    """What systemd says of these, by a word each; others are at rest."""
    names = with_recorders([UNIT])
    named = dict(zip(("service", "succeeded", "failed"), names, strict=True))
    found = {name: Unit(ActiveState="inactive", Job="0") for name in names}
    for word, state in states.items():
        found[named[word]]["ActiveState"] = state
    return found


@pytest.mark.parametrize(
    ("states", "invocation", "lives"),
    [
        ({}, "a", False),
        ({"service": "activating"}, "a", True),
        ({"service": "deactivating"}, "a", True),
        ({"service": "activating"}, "b", False),  # that is the next run
        ({"failed": "activating"}, "a", True),  # its end is just being recorded
        ({"succeeded": "activating", "service": "activating"}, "b", True),
        ({"service": "failed"}, "a", False),
    ],
)
def test_a_run_lives_while_its_unit_runs_or_its_end_is_recorded(
    states: dict[str, str], invocation: str, lives: bool
) -> None:
    found = units(**states)
    found[UNIT]["InvocationID"] = "a"
    assert live(found, {invocation: UNIT}) == ({invocation} if lives else set())


def test_a_recorder_that_is_about_to_start_is_busy() -> None:
    found = units()
    found[with_recorders([UNIT])[2]]["Job"] = "17"
    assert live(found, {"a": UNIT}) == {"a"}


def test_what_systemctl_prints_is_read_and_too_few_answers_are_an_error() -> None:
    text = "Id=a.service\nExecMainCode=2\nExecMainStatus=9\nJob=\n\nId=b.timer\n"
    text += "NextElapseUSecRealtime=Sun 2026-11-22 16:30:00 UTC\n"
    found = parse(text, ["a.service", "b.timer"])
    assert (found["a.service"].code, found["a.service"].status) == ("killed", "KILL")
    assert str(found["b.timer"].time("NextElapseUSecRealtime")) == "2026-11-22 16:30:00+00:00"
    assert found["a.service"].time("NextElapseUSecRealtime") is None
    assert not found["a.service"].busy
    with pytest.raises(BrokerError, match="2 answers to 1 questions"):
        parse(text, ["a.service"])
