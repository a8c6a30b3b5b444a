"""What the API says of freshness, generations and syncs, and the certificate that it issues."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.certificates import Mode
from broker.accounts.records.keys import parse_key
from broker.errors import AccountsError
from broker.portal.acts.accounts import AccountActs
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION, NOW, example_catalog, write_example
from tests.unit.portal.scene import Scene

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid")
KEY = parse_key(public_key("anna"), where="anna").fingerprint


@as_root
def test_freshness_is_that_of_the_catalog(portal: Scene) -> None:
    answer = portal.api("GET", "/freshness", portal.token("anna")).json
    assert answer["generation"] == GENERATION
    rows = {one["path"]: one for one in answer["tables"]}
    index = example_catalog(6, classes=("public", "private")).index
    assert rows.keys() == {one.path for one in index.tables}
    for table in index.tables:
        row = rows[table.path]
        assert row["status"] == str(table.status)
        assert row["promise_seconds"] == table.freshness_seconds
        assert datetime.fromisoformat(row["as_of"]) == table.as_of
        assert datetime.fromisoformat(row["loaded_at"]) == table.loaded_at
        since = datetime.now(UTC) - table.as_of if table.as_of else timedelta()
        assert abs(row["age_seconds"] - since.total_seconds()) < 120
        promise = table.freshness_seconds
        is_late = promise is not None and since.total_seconds() > promise
        if not table.status.is_good:
            assert row["state"] == "failed"
        elif is_late:
            assert row["state"] == "late"
        elif promise is not None:
            assert row["state"] == "fresh"
    assert {row["state"] for row in rows.values()} >= {"failed"}


@as_root
@pytest.mark.parametrize(("hours", "state"), [(-1, "late"), (1, "fresh")])
def test_a_table_is_late_from_the_end_of_its_promise_on(
    portal: Scene, monkeypatch: pytest.MonkeyPatch, hours: int, state: str
) -> None:
    """Table 1 has an hour's promise, and its data are of 7 minutes before the example's now."""
    moment = NOW - timedelta(minutes=7) + timedelta(hours=1) + timedelta(hours=-hours) / 60

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    monkeypatch.setattr("broker.portal.api.data.datetime", Then)
    rows = portal.api("GET", "/freshness", portal.token("anna")).json["tables"]
    (row,) = [one for one in rows if one["path"] == "hr/table_1"]
    assert (row["state"], row["promise_seconds"]) == (state, 3_600)
    assert row["age_seconds"] == 3_600 - hours * 60


@as_root
def test_generations_are_those_that_are_there_and_one_is_current(portal: Scene) -> None:
    store, token = portal.app.extensions["portal"].store, portal.token("anna")
    later = "2026-12-01T120000Z-0001"
    write_example(store, generation=later)
    found = portal.api("GET", "/generations", token).json["generations"]
    assert [(one["generation"], one["is_current"]) for one in found] == [
        (later, True),
        (GENERATION, False),
    ]
    (store / "current").unlink()
    (store / "current").symlink_to(f"generations/{GENERATION}")
    found = portal.api("GET", "/generations", token).json["generations"]
    assert [one["generation"] for one in found if one["is_current"]] == [GENERATION]


@as_root
def test_an_admin_reads_how_syncs_ended_the_newest_first(portal: Scene) -> None:
    runs = [
        {"began": f"2026-11-{day}T12:00:00+00:00", "ended": f"2026-11-{day}T12:01:00+00:00"}
        | {"outcome": outcome, "reason": reason, "generation": generation}
        for day, outcome, reason, generation in (
            (28, "fine", "exit code 0", GENERATION),
            (29, "failed", "the source did not answer", None),
        )
    ]
    portal.publishing.answers["syncs"] = {"ended": runs, "failures": 1}
    token = portal.token("dora")
    found = portal.api("GET", "/syncs", token).json
    assert (found["generation"], found["problem"]) == (GENERATION, "")
    assert [one["outcome"] for one in found["runs"]] == ["failed", "fine"]
    newest = found["runs"][0]
    assert newest["reason"] == "the source did not answer"
    assert datetime.fromisoformat(newest["ended_at"]) == datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
    assert found["runs"][1]["generation"] == GENERATION
    portal.publishing.answers["syncs"] = {"problem": "the journal cannot be read"}
    portal.app.extensions["host_acts"].publishing.facts("syncs", fresh=True)
    found = portal.api("GET", "/syncs", token).json
    assert (found["problem"], found["runs"]) == ("the journal cannot be read", [])


@as_root
def test_a_certificate_is_issued_for_the_one_key_of_the_account(
    portal: Scene,
) -> None:
    converge((), portal.door.host, certificates=Mode())
    token = portal.token("anna")
    serials = []
    for body in ({}, {"fingerprint": KEY}):
        answer = portal.api("POST", "/certificate", token, json=body)
        assert answer.status_code == 201
        assert answer.json["certificate"].startswith("ssh-ed25519-cert-v01@openssh.com ")
        assert answer.json["fingerprint"] == KEY
        serials.append(answer.json["serial"])
        until = datetime.fromisoformat(answer.json["until"])
        assert timedelta(0) < until - datetime.now(UTC) <= timedelta(hours=Mode().hours or 0)
    other = parse_key(public_key("bob"), where="bob").fingerprint
    refused = portal.api("POST", "/certificate", token, json={"fingerprint": other})
    assert refused.status_code == 404
    portal.api("POST", "/keys", token, json={"key": public_key("second")})
    several = portal.api("POST", "/certificate", token, json={})
    assert (several.status_code, "2 keys" in several.json["detail"]) == (409, True)
    (anna,) = list_analysts(portal.door.host, "anna")
    assert [one["serial"] for one in anna["certificates"]] == serials


@as_root
def test_what_the_host_refuses_is_no_certificate(
    portal: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AccountsError("the authority is switched off")

    monkeypatch.setattr(AccountActs, "certificate", refuse)
    answer = portal.api("POST", "/certificate", portal.token("anna"), json={})
    assert answer.status_code == 409
    assert "switched off" in answer.json["detail"]
