"""How parts of the host are judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker.portal.acts.machine import HostCertificate, HostDisk, HostParts
from tests.unit.publishing.answers import completed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def parts(**given: Any) -> dict[str, Any]:
    """What a host says of itself, as the helper answers it."""
    return {part: completed(part, one) for part, one in given.items()}


@pytest.mark.parametrize(
    ("days", "word"), [(-1, "ended"), (0, "ended"), (1, "ends soon"), (15, "")]
)
def test_a_certificate_ends_soon_within_two_weeks(days: int, word: str) -> None:
    until = (NOW + timedelta(days=days)).isoformat()
    (row,) = parts(certificates=[{"path": "/x.pem", "until": until}])["certificates"]
    assert HostCertificate.of(row, NOW).word == word


@pytest.mark.parametrize(("free", "is_nearly_full"), [(0, True), (99, True), (100, False)])
def test_a_disk_is_nearly_full_with_less_than_a_tenth(free: int, is_nearly_full: bool) -> None:
    assert HostDisk("/data", 1000, free).is_nearly_full is is_nearly_full


def test_a_proof_without_a_problem_is_known() -> None:
    found = HostParts.of(parts(proof={}, disks=[], units=[], certificates=[]), NOW)
    assert found.problems == ()
    assert found.proof is not None
    assert (found.proof.checks, found.proof.failed) == (12, False)
    assert (found.disks, found.units, found.certificates) == ([], [], [])


def test_a_proof_that_cannot_be_read_has_a_state_and_a_problem() -> None:
    proof = {"at": None, "failed": True, "state": "unreadable", "problem": "proof.json: not JSON"}
    found = HostParts.of(parts(proof=proof), NOW)
    assert found.problems == ("proof.json: not JSON",)
    assert found.proof is not None
    assert found.proof.failed


def test_what_is_not_known_is_not_nothing() -> None:
    names = ("proof", "disks", "units", "certificates")
    down = {part: {"problem": "no answer"} for part in names}
    found = HostParts.of(parts(**down), NOW)
    assert found.problems == ("no answer",)
    assert (found.disks, found.units, found.certificates, found.proof) == (None,) * 4


def test_a_unit_that_is_not_there_has_not_failed() -> None:
    units = [
        {"unit": "nginx.service", "load": "not-found", "active": "failed"},
        {"unit": "ssh.service", "load": "loaded", "active": "failed"},
    ]
    found = HostParts.of(parts(units=units), NOW).units
    assert [one.name for one in found or ()] == ["ssh.service"]
