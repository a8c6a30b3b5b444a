"""How the syncs of a host stand, and how ``broker status`` and ``broker runs`` tell it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.access import proof_now
from broker.cli import runs as command
from broker.cli import status as status_command
from broker.errors import BrokerError
from broker.publish import Store
from broker.runs import (
    SERVICE,
    TIMER,
    Begun,
    Ended,
    RunRecord,
    RunStatus,
    boot_id,
    run_status,
    with_recorders,
)
from broker.runs import (
    host as host_module,
)
from broker.runs.systemd import Unit
from tests.unit.publish.making import entry, publish

NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
NEXT = "Sun 2026-11-22 17:00:00 UTC"
GOOD_TIMER = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "waiting",
    "UnitFileState": "enabled",
    "NextElapseUSecRealtime": NEXT,
}
FAILED = Ended(SERVICE, "a", None, NOW, "exit-code", "exited", "2")
FINE = Ended(SERVICE, "b", None, NOW, "success", "exited", "0")


def seen(record: RunRecord, *, timed: bool = True, **units: dict[str, str]) -> RunStatus:
    """``timer`` and ``service`` say what differs from a host where all is well."""
    names = [TIMER, *with_recorders([SERVICE, *(run.unit for run in record.begun.values())])]
    found = {name: Unit(LoadState="loaded", ActiveState="inactive") for name in names}
    found[TIMER].update(GOOD_TIMER | units.get("timer", {}))
    found[SERVICE].update(units.get("service", {}))
    return run_status(record, found, "boot", NOW, timed=timed)


def test_a_host_where_all_is_well_says_when_and_when_next() -> None:
    found = seen(RunRecord().end(FINE))
    assert found.lines() == [
        "Last sync: ended 2026-11-22 16:30 UTC, well",
        "Next sync: 2026-11-22 17:00 UTC",
    ]
    assert not found.failed
    assert not seen(RunRecord()).failed  # none has ended yet


def test_failures_in_a_row_are_told_with_their_number_and_the_first() -> None:
    record = RunRecord()
    for hours in (3, 2, 1):
        record = record.end(
            Ended(SERVICE, str(hours), None, NOW - timedelta(hours=hours), "oom-kill")
        )
    found = seen(record)
    assert found.failed
    assert found.lines()[0] == (
        "Last sync: failed 2026-11-22 15:30 UTC: memory ran out (broker_sync_memory_max); "
        "3 failures in a row, the first 2026-11-22 13:30 UTC"
    )
    facts = found.facts()
    assert (facts["failures"], facts["failing_since"]) == (3, "2026-11-22T13:30:00+00:00")
    assert facts["last"]["outcome"] == "failed"


@pytest.mark.parametrize(
    ("differs", "problem"),
    [
        ({"timer": {"ActiveState": "inactive"}}, "so no sync starts by itself"),
        ({"timer": {"ActiveState": "failed"}}, "broker-sync.timer is failed"),
        ({"timer": {"UnitFileState": "disabled"}}, "starts after the next boot"),
        ({"timer": {"LoadState": "not-found"}}, "broker-sync.timer is not-found"),
        ({"timer": {"LoadState": "masked"}}, "broker-sync.timer is masked"),
        ({"service": {"LoadState": "masked"}}, "broker-sync.service is masked"),
        ({"timer": {"NextElapseUSecRealtime": "", "SubState": "elapsed"}}, "has no next run"),
        ({"timer": {"NextElapseUSecRealtime": ""}}, "has no next run"),
    ],
)
def test_a_timer_that_starts_nothing_is_told(
    differs: dict[str, dict[str, str]], problem: str
) -> None:
    found = seen(RunRecord().end(FINE), **differs)
    assert [one for one in found.lines() if problem in one], found.lines()
    assert found.failed
    assert found.facts()["problems"]
    assert not seen(RunRecord().end(FINE), timed=False, **differs).failed  # a sync that is off


def test_while_a_sync_runs_the_timer_has_no_next_run_and_that_is_no_problem() -> None:
    record = RunRecord().begin("c", Begun(SERVICE, NOW, "boot", None))
    running = {"ActiveState": "activating", "InvocationID": "c"}
    found = seen(
        record, service=running, timer={"NextElapseUSecRealtime": "", "SubState": "running"}
    )
    assert "A sync runs since 2026-11-22 16:30 UTC" in found.lines()
    assert not found.failed


def test_a_beginning_of_an_earlier_boot_or_of_a_unit_that_is_gone_is_a_failure() -> None:
    for boot in ("boot", "before"):
        record = (
            RunRecord().end(FINE).begin("c", Begun("broker-run-sync-7.service", NOW, boot, None))
        )
        found = seen(record)
        assert found.failed
        assert "the host went down" in found.lines()[0]


def test_an_end_that_nothing_recorded_is_told_from_systemd_itself() -> None:
    """As on a host that was upgraded, or where the recorder was killed."""
    killed = {
        "ActiveState": "failed",
        "InvocationID": "z",
        "Result": "signal",
        "ExecMainCode": "2",
        "ExecMainStatus": "9",
        "InactiveEnterTimestamp": "Sun 2026-11-22 16:31:00 UTC",
    }
    found = seen(RunRecord().end(FINE), service=killed)
    assert (found.failed, found.record.failures) == (True, 1)
    assert "signal KILL" in found.lines()[0]
    recorded = RunRecord().end(Ended(SERVICE, "z", None, NOW, "signal", "killed", "KILL"))
    assert seen(recorded, service=killed).record.failures == 1
    earlier = killed | {"InactiveEnterTimestamp": "Sun 2026-11-22 10:00:00 UTC"}
    assert not seen(RunRecord().end(FINE), service=earlier).failed
    booted = {"ActiveState": "inactive", "InvocationID": "", "Result": "success"}
    assert seen(RunRecord().end(FAILED), service=booted).record.failures == 1


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with a generation, a timer and a record."""
    (tmp_path / "instance.yaml").write_text("data_source: {type: csv, path: .}\n")
    publish(Store(tmp_path / "data", reserve_bytes=0), {entry("orders"): 1})
    (tmp_path / TIMER).touch()
    monkeypatch.setattr(host_module, "_UNITS", tmp_path)
    for reader in (command, host_module):
        monkeypatch.setattr(reader, "SYNCS", tmp_path / "syncs.json")
    monkeypatch.setattr(proof_now, "PROOF", tmp_path / "proof.json")

    def look(units: Iterable[str]) -> dict[str, Unit]:
        found = {name: Unit(LoadState="loaded", ActiveState="inactive") for name in units}
        found[TIMER].update(GOOD_TIMER)
        return found

    monkeypatch.setattr(host_module, "unit_states", look)
    return tmp_path


def asks(folder: Path, name: str, *words: str) -> tuple[int, str]:
    options = ["--config", str(folder)] if name == "status" else []
    line = [*options, "--data", str(folder / "data"), *words]
    called = {"status": status_command.status, "runs": command.runs}[name]
    done = CliRunner().invoke(called, line, standalone_mode=False)
    if done.exception:
        return getattr(done.exception, "exit_code", -1), done.stdout
    return done.return_value, done.stdout


def test_status_ends_with_1_while_the_last_sync_failed_and_json_says_the_same(host: Path) -> None:
    (host / "syncs.json").write_text(RunRecord().end(FINE).to_json())
    assert asks(host, "status")[0] == 0
    (host / "syncs.json").write_text(RunRecord().end(FINE).end(FAILED).to_json())
    code, text = asks(host, "status")
    assert (code, "Last sync: failed" in text) == (1, True)
    facts = json.loads(asks(host, "status", "--json")[1])
    assert (facts["exit_code"], facts["sync"]["failures"], facts["problem"]) == (1, 1, None)
    code, text = asks(host, "runs")
    assert (code, text.count("broker-sync ")) == (1, 2)
    assert len(json.loads(asks(host, "runs", "--json")[1])["ended"]) == 2


def test_syncs_are_told_where_the_configuration_is_invalid_or_nothing_is_published(
    host: Path,
) -> None:
    (host / "syncs.json").write_text(RunRecord().end(FAILED).to_json())
    (host / "proof.json").write_text("{")
    (host / "instance.yaml").write_text("nonsense: [\n")
    code, text = asks(host, "status")
    assert (code, "Last sync: failed" in text, "None" in text) == (2, True, False)
    facts = json.loads(asks(host, "status", "--json")[1])
    assert facts["exit_code"] == 2
    assert "instance.yaml" in facts["problem"]
    assert facts["sync"]["failures"] == 1


def test_a_record_that_cannot_be_read_and_a_systemd_that_is_silent_are_no_success(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host / "syncs.json").write_text("{")
    assert asks(host, "status")[0] == 1
    assert "record of syncs cannot be read" in asks(host, "status")[1]
    (host / "syncs.json").unlink()
    assert asks(host, "status")[0] == 0

    def silent(_: Iterable[str]) -> dict[str, Unit]:
        raise BrokerError("systemd does not answer")

    monkeypatch.setattr(host_module, "unit_states", silent)
    code, text = asks(host, "status")
    assert (code, "Sync: systemd does not answer" in text) == (1, True)
    assert json.loads(asks(host, "status", "--json")[1])["sync"]["failed"]


def test_an_end_that_is_just_being_recorded_is_waited_for(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `broker sync && broker status`."""
    by_hand = "broker-run-sync-7.service"
    record = RunRecord().end(FAILED).begin("c", Begun(by_hand, NOW, boot_id(), None))
    (host / "syncs.json").write_text(record.to_json())
    looks = []

    def look(units: Iterable[str]) -> dict[str, Unit]:
        found = {name: Unit(LoadState="loaded", ActiveState="inactive") for name in units}
        found[TIMER].update(GOOD_TIMER)
        looks.append(found)
        recorder = f"broker-sync-ended@succeeded:{by_hand}.service"
        if len(looks) < 3:
            found[recorder]["ActiveState"] = "activating"
        else:
            done = record.end(Ended(by_hand, "c", None, NOW, "success", "exited", "0"))
            (host / "syncs.json").write_text(done.to_json())
        return found

    monkeypatch.setattr(host_module, "unit_states", look)
    monkeypatch.setattr(host_module, "_LOOK_SECONDS", 0.0)
    code, text = asks(host, "status")
    assert (code, "ended 2026-11-22 16:30 UTC, well" in text) == (0, True)
    monkeypatch.setattr(host_module, "_RECORDING_SECONDS", 0.0)
    looks.clear()
    (host / "syncs.json").write_text(record.to_json())
    assert asks(host, "status")[0] == 1  # it is not waited for without end


def test_a_machine_without_a_timer_and_a_record_tells_of_no_sync(host: Path) -> None:
    (host / TIMER).unlink()
    code, text = asks(host, "status")
    assert (code, "sync" in text.lower()) == (0, False)
    assert json.loads(asks(host, "status", "--json")[1])["sync"] is None
    assert asks(host, "runs")[0] == 2
