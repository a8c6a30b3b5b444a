"""``broker status`` tells what the last proof of access found."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.access import Finding, Proof, write_proof
from broker.cli import status as module
from broker.publish import Store
from tests.unit.publish.making import entry, publish

FINDING = Finding("ann", "/data/x", "can read it")


@pytest.fixture
def proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "instance.yaml").write_text("data_source: {type: csv, path: .}\n")
    publish(Store(tmp_path / "data", reserve_bytes=0), {entry("orders"): 1})
    monkeypatch.setattr(module, "PROOF", tmp_path / "proof.json")
    return tmp_path / "proof.json"


def status(folder: Path, *words: str) -> tuple[int, str]:
    line = ["--config", str(folder), "--data", str(folder / "data"), *words]
    done = CliRunner().invoke(module.status, line, standalone_mode=False, catch_exceptions=False)
    return done.return_value, done.stdout


@pytest.mark.parametrize("findings", [(), (FINDING,)])
def test_a_proof_is_told_and_what_is_unexpected_fails(
    proof: Path, findings: tuple[Finding, ...]
) -> None:
    generation = Store(proof.parent / "data").generation().id
    write_proof(Proof(datetime(2026, 11, 22, tzinfo=UTC), generation, 3, 18240, findings, 1), proof)
    code, text = status(proof.parent)
    assert f"Access: 18,240 checks, {len(findings)} unexpected, proved 2026-11-22 00:00 UTC" in text
    assert ("`broker access prove` lists them" in text) == bool(findings)
    facts = json.loads(status(proof.parent, "--json")[1])
    assert (facts["access"]["checks"], facts["access"]["unexpected"]) == (18240, len(findings))
    assert (code, facts["exit_code"]) == ((1, 1) if findings else (0, 0))


def test_without_a_proof_nothing_is_told_and_an_unreadable_one_is_no_success(proof: Path) -> None:
    code, text = status(proof.parent)
    assert (code, "Access" in text) == (0, False)
    proof.write_text("{")
    code, text = status(proof.parent)
    assert (code, "cannot be read" in text) == (1, True)
