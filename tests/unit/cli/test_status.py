"""``broker status`` tells what the last proof of access found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from broker.access import Proof, Violation, begin_proof, proof_now, write_proof
from broker.access.proof_status import ProofStatus, proof_status
from broker.cli import status as module
from broker.publish import Store
from broker.runs.systemd import Unit
from tests.unit.publish.making import entry, publish

VIOLATION = Violation("ann", "/data/x", "can read it")


@pytest.fixture
def proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "instance.yaml").write_text("data_source: {type: csv, path: .}\n")
    publish(Store(tmp_path / "data", reserve_bytes=0), {entry("orders"): 1})
    monkeypatch.setattr(proof_now, "PROOF", tmp_path / "proof.json")
    return tmp_path / "proof.json"


def status(folder: Path, *words: str) -> tuple[int, str]:
    line = ["--config", str(folder), "--data", str(folder / "data"), *words]
    done = CliRunner().invoke(module.status, line, standalone_mode=False, catch_exceptions=False)
    return done.return_value, done.stdout


@pytest.mark.parametrize("violations", [(), (VIOLATION,)])
def test_a_proof_is_told_and_what_is_unexpected_fails(
    proof: Path, violations: tuple[Violation, ...]
) -> None:
    generation = Store(proof.parent / "data").generation().id
    write_proof(
        Proof(datetime(2026, 11, 22, tzinfo=UTC), generation, 3, 18240, violations, 1), proof
    )
    code, text = status(proof.parent)
    assert (
        f"Access: 18,240 checks, {len(violations)} unexpected, proved 2026-11-22 00:00 UTC" in text
    )
    assert ("`broker access prove` lists them" in text) == bool(violations)
    facts = json.loads(status(proof.parent, "--json")[1])
    assert (facts["access"]["checks"], facts["access"]["unexpected"]) == (18240, len(violations))
    assert (code, facts["exit_code"]) == ((1, 1) if violations else (0, 0))


def test_without_a_proof_nothing_is_told_and_an_unreadable_one_is_no_success(proof: Path) -> None:
    code, text = status(proof.parent)
    assert (code, "Access" in text) == (0, False)
    proof.write_text("{")
    code, text = status(proof.parent)
    assert (code, "cannot be read" in text) == (1, True)


@pytest.mark.parametrize("what", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("name", ["proof", "begun"])
def test_what_is_no_file_is_no_success_and_keeps_nobody_waiting(
    proof: Path, what: Callable[[Path], None], name: str
) -> None:
    generation = Store(proof.parent / "data").generation().id
    write_proof(Proof(datetime(2026, 11, 22, tzinfo=UTC), generation, 3, 18240, (), 1), proof)
    if name == "proof":
        proof.unlink()
    what(proof if name == "proof" else proof.with_suffix(".begun"))
    code, text = status(proof.parent)
    assert code == 1
    assert ("cannot be read" in text) == (name == "proof")


def test_a_generation_that_is_not_proved_yet_says_so_and_fails_after_an_hour(proof: Path) -> None:
    write_proof(Proof(datetime(2026, 11, 22, tzinfo=UTC), "older", 3, 18240, (), 1), proof)
    current = proof.parent / "data/current"
    name = current.readlink().name
    now = datetime.now(UTC).timestamp()
    os.utime(current, (now, now), follow_symlinks=False)
    code, text = status(proof.parent)
    assert code == 0
    assert f"Access: {name} is not proved yet; older: 18,240 checks, 0 unexpected" in text
    assert json.loads(status(proof.parent, "--json")[1])["access"]["state"] == "pending"
    os.utime(current, (now - 3601, now - 3601), follow_symlinks=False)
    code, text = status(proof.parent)
    assert (code, "`journalctl -u broker-access-prove.service` tells" in text) == (1, True)
    assert json.loads(status(proof.parent, "--json")[1])["access"]["state"] == "overdue"


def test_proofs_that_do_not_end_are_told_whatever_the_service_says_of_its_link(
    proof: Path,
) -> None:
    """It can keep a proof from its end, and give ``current`` any time and any target."""
    generation = Store(proof.parent / "data").generation().id
    write_proof(Proof(datetime.now(UTC), generation, 3, 18240, (), 1), proof)
    begin_proof(proof)
    assert status(proof.parent)[0] == 0
    begun = proof.with_suffix(".begun")
    begun.write_text(f"{datetime.now(UTC) - timedelta(seconds=3601)}\n")
    begin_proof(proof)  # another one, that does not end either
    code, text = status(proof.parent)
    assert (code, "0 unexpected" in text, "no proof has ended since" in text) == (1, True, True)
    write_proof(Proof(datetime.now(UTC), generation, 3, 18240, (), 1), proof)
    assert (status(proof.parent)[0], begun.exists()) == (0, False)


def test_a_host_that_proves_and_never_did_is_not_a_success_for_long(
    proof: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = proof.parent / "broker-access-prove.service"
    unit.touch()
    monkeypatch.setattr(proof_now, "_UNIT", unit)
    units = {name: Unit(ActiveState="active") for name in proof_now.STARTERS}
    monkeypatch.setattr(
        proof_now, "unit_states", lambda names: {name: units[name] for name in names}
    )
    current = proof.parent / "data/current"
    name = current.readlink().name
    assert f"Access: {name} is not proved yet, and no other was before" in status(proof.parent)[1]
    os.utime(current, (0, 0), follow_symlinks=False)
    assert status(proof.parent)[0] == 1

    write_proof(Proof(datetime.now(UTC), name, 3, 18240, (), 1), proof)
    assert status(proof.parent)[0] == 0
    units["broker-access-prove.timer"] = Unit(ActiveState="inactive")
    code, text = status(proof.parent)
    assert code == 1
    assert "`systemctl enable --now broker-access-prove.timer` mends that" in text
    facts = json.loads(status(proof.parent, "--json")[1])["access"]
    assert (facts["state"], facts["stopped"]) == ("proved", ["broker-access-prove.timer"])


@given(
    st.sampled_from([None, "a", "b"]),
    st.booleans(),
    st.sampled_from([None, "a", "b"]),
    st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)),
)
def test_only_a_clean_proof_of_what_is_published_counts(
    proved: str | None, clean: bool, current: str | None, age: timedelta
) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    proof = Proof(now, proved, 1, 1, () if clean else (VIOLATION,), 1) if proved else None
    found = proof_status(proof, current, now - age if current else None, now)
    if proof and not clean:
        assert found is ProofStatus.UNEXPECTED
    elif current is None or current == proved:
        assert found is ProofStatus.PROVED
    else:
        assert found is (
            ProofStatus.OVERDUE if abs(age) > timedelta(hours=1) else ProofStatus.PENDING
        )


@pytest.mark.parametrize("hours", [-2, 2])
def test_proofs_that_do_not_end_are_overdue_also_where_the_clock_was_set_back(hours: int) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    proof = Proof(now, "a", 1, 1, (), 1)
    begun = now - timedelta(hours=hours)
    assert proof_status(proof, "a", now, now, begun) is ProofStatus.OVERDUE
    assert proof_status(proof, "b", begun, now) is ProofStatus.OVERDUE


@pytest.mark.parametrize(
    ("after", "words", "is_stale"),
    [
        (timedelta(hours=1), "published 1:00:00 ago", False),
        (timedelta(minutes=-1), "published 0:00:00 ago", False),
        (timedelta(days=3), "published 3 days, 0:00:00 ago", True),
        (timedelta(days=-1095), "which is still to come: the clock was ahead", True),
    ],
)
def test_what_is_published_in_the_future_is_not_fresh(
    proof: Path, monkeypatch: pytest.MonkeyPatch, after: timedelta, words: str, is_stale: bool
) -> None:
    store = Store(proof.parent / "data")
    made = store.generation().manifest.created_at
    publish(store, {replace(entry("dated"), as_of=made, freshness_seconds=86_400): 1})
    now = store.generation().manifest.created_at + after

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return now

    monkeypatch.setattr(module, "datetime", Clock)
    assert words in status(proof.parent)[1]
    (table,) = json.loads(status(proof.parent, "--json")[1])["tables"]
    assert table["stale"] is is_stale
