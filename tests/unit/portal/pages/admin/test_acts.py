"""What admins do to people and generations by its effect, and what pages for admins say."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest

from broker.accounts.records.keys import parse_key
from broker.catalog.places import OPERATORS, STANDING
from broker.classes import CATALOG
from broker.cli.access import access
from broker.portal.database.models import PortalPerson
from broker.portal.identity.sessions import live_session, start_session
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION
from tests.unit.portal.scene import Scene

from ..reading_html import read, words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
KEY = parse_key(public_key("anna"), where="anna").fingerprint
OLD = "2026-11-29T120000Z-0001"


def path_of(portal: Scene, name: str) -> str:
    return f"/admin/people/{portal.people[name]}"


def person_of(portal: Scene, name: str) -> PortalPerson:
    with portal.database.read() as session:
        return session.get_one(PortalPerson, portal.people[name])


def test_a_key_of_a_person_is_revoked_on_the_host(portal: Scene) -> None:
    dora, path = portal.browser("dora"), path_of(portal, "anna")
    assert "Revoke key" in dora.get(path).text
    answer = dora.post(f"{path}/keys/revoke", data={"fingerprint": KEY})
    page = dora.get(answer.location).text
    assert f"revoked {KEY}" in words(page)
    assert "Revoke key" not in page
    known = portal.app.extensions["host_acts"].accounts.analyst_now("anna")
    assert known.key(KEY).is_revoked
    dora.post(f"{path}/keys/revoke", data={"fingerprint": "SHA256:none"})
    assert 'class="note bad"' in dora.get(path).text


def test_signing_a_person_out_ends_browsers_and_tokens_and_no_more(portal: Scene) -> None:
    dora, path, token = portal.browser("dora"), path_of(portal, "anna"), portal.token("anna")
    other = portal.token("bob")
    hers, his = session_of(portal, "anna"), session_of(portal, "bob")
    assert "1 browser signed in, 1 valid token" in words(dora.get(path).text)
    answer = dora.post(f"{path}/sign-out")
    assert "0 browsers signed in, 0 valid tokens" in words(dora.get(answer.location).text)
    assert portal.api("GET", "/me", token).status_code == 401
    assert portal.api("GET", "/me", other).status_code == 200
    assert [is_alive(portal, one) for one in (hers, his)] == [False, True]
    assert portal.viewer("anna") is not None
    assert portal.door.classes("anna") == {"public", "private"}


def session_of(portal: Scene, name: str) -> str:
    """The token of a browser that has just signed in."""
    with portal.database.begin() as session:
        return start_session(
            session,
            portal.people[name],
            method="company",
            auth=portal.app.extensions["portal"].instance.auth,
            now=datetime.now(UTC),
            agent="test",
            address="192.0.2.1",
        )


def is_alive(portal: Scene, token: str) -> bool:
    auth = portal.app.extensions["portal"].instance.auth
    with portal.database.read() as session:
        return live_session(session, token, auth, datetime.now(UTC)) is not None


def test_a_person_becomes_an_admin_and_is_one_no_longer(portal: Scene) -> None:
    dora, path, anna = portal.browser("dora"), path_of(portal, "anna"), portal.browser("anna")
    assert anna.get("/admin/").status_code == 404
    page = dora.get(dora.post(f"{path}/admin", data={"admin": "yes"}).location).text
    assert "Remove as admin" in page
    assert anna.get("/admin/").status_code == 200
    page = dora.get(dora.post(f"{path}/admin", data={"admin": "no"}).location).text
    assert "Make an admin" in page
    assert anna.get("/admin/").status_code == 404
    assert portal.browser("anna").post(f"{path}/admin", data={"admin": "yes"}).status_code == 404


def test_no_admin_takes_their_own_right_away_and_no_removed_person_gets_it(portal: Scene) -> None:
    dora = portal.browser("dora")
    own = f"{path_of(portal, 'dora')}/admin"
    assert dora.post(own, data={"admin": "no"}).status_code == 400
    assert dora.get("/admin/").status_code == 200
    portal.remove("bob")
    there = f"{path_of(portal, 'bob')}/admin"
    assert dora.post(there, data={"admin": "yes"}).status_code == 400
    assert person_of(portal, "bob").is_admin is False


def test_a_removed_person_signs_in_again_only_once_they_are_let(portal: Scene) -> None:
    dora, path = portal.browser("dora"), path_of(portal, "anna")
    dora.post(f"{path}/remove")
    assert portal.viewer("anna") is None
    page = dora.get(path).text
    assert "Allow signing in again" in page
    answer = dora.post(f"{path}/readmit")
    assert "Allow signing in again" not in dora.get(answer.location).text
    assert portal.viewer("anna") is not None
    assert portal.door.classes("anna") is None
    portal.browser("anna").post("/welcome/key", data={"key": public_key("a new one")})
    assert portal.door.classes("anna") == {"public"}  # and nothing of before


def test_more_readers_of_a_generation_are_approved_by_what_was_shown(portal: Scene) -> None:
    row = {
        "table": "hr/table_1",
        "id": "in.hr",
        "words": "before, class private could read it; now every analyst could",
        "found": "0" * 64,
        "approved": False,
    }
    portal.publishing.answers |= {
        "generations": [{"generation": OLD, "current": False, "error": None}],
        "more_readers": [row],
        "approve": {"approved": "in.hr"},
    }
    dora, path = portal.browser("dora"), f"/admin/generations/{OLD}"
    page = dora.get(path)
    assert "now every analyst could" in words(page.text)
    form = page.text.partition(f'{path}/approve"')[2].partition("</form>")[0].partition(">")[2]
    sent = {
        str(one.attributes["name"]): str(one.attributes.get("value"))
        for one in read(form).all("input")
    }
    del sent["csrf_token"]
    assert sent == {"table": "in.hr", "found": "0" * 64}
    assert dora.post(f"{path}/approve", data=sent).location == path
    assert portal.publishing.requests[-1] == {
        "verb": "approve",
        "what": "readers",
        "generation": OLD,
        **sent,
    }
    row["approved"] = True
    assert f"{path}/approve" not in dora.get(path).text
    del portal.publishing.answers["approve"]
    dora.post(f"{path}/approve", data=sent)
    assert "this is refused" in dora.get(path).text


def test_syncs_are_a_timeline_with_the_errors_of_tables(portal: Scene) -> None:
    portal.publishing.answers["syncs"] = {
        "failures": 1,
        "next": "2026-11-30T13:00:00Z",
        "ended": [
            {
                "began": "2026-11-28T12:00:00Z",
                "ended": "2026-11-28T12:02:00Z",
                "outcome": "fine",
                "reason": "exit code 0",
                "generation": OLD,
            },
            {
                "began": "2026-11-29T12:00:00Z",
                "ended": "2026-11-29T12:00:03Z",
                "outcome": "failed",
                "reason": "exit code 75",
            },
        ],
    }
    html = portal.browser("dora").get("/admin/syncs").text
    page = words(html)
    assert page.index("exit code 75") < page.index(OLD)
    assert "exit code 0" not in page
    assert "next 2026-11-30 13:00 UTC" in page
    assert "in 3 s" in page
    grades = [one.attributes.get("class") for one in read(html).all("li")]
    assert grades.index("bad") < grades.index("good")
    rows = {row[0]: row for row in read(html).rows("Tables with errors")}
    assert rows.keys() == {"shop/table_3", "hr/table_4"}
    assert rows["shop/table_3"][1].strip() == "held"
    assert rows["hr/table_4"][1].strip() == "failed"
    assert "the source did not answer" in rows["hr/table_4"][3]


def test_health_has_a_row_of_each_unit_disk_and_certificate(portal: Scene) -> None:
    portal.publishing.answers |= {
        "units": [
            {"unit": "broker-sync.service", "load": "loaded", "active": "failed", "sub": "failed"}
            | {"result": "exit-code", "enabled": "enabled"},
            {"unit": "broker-portal.service", "load": "loaded", "active": "active"}
            | {"sub": "running", "result": "success", "enabled": "disabled"},
            {"unit": "broker-absent.service", "load": "not-found", "active": "inactive"},
        ],
        "disks": [
            {"path": "/data", "bytes": 10_000, "bytes_free": 500, "files_free": None},
            {"path": "/", "bytes": 10_000, "bytes_free": 5_000, "files_free": 20_000},
            {"path": "/var", "bytes": 10_000, "bytes_free": 9_000, "files_free": 12},
        ],
        "certificates": [{"path": "/etc/ssl/x.pem", "until": "2020-01-01T00:00:00+00:00"}],
        "proof": {"failed": True, "state": "overdue", "checks": 12, "unexpected": 3}
        | {"at": "2026-11-30T12:00:00Z"},
    }
    html = portal.browser("dora").get("/admin/health").text
    page = words(html)
    rows = [[" ".join(cell.split()) for cell in row] for row in read(html).rows("Units")]
    assert rows == [
        [
            "broker-sync.service",
            "failed failedsudo journalctl -u broker-sync.service on the host says why",
            "exit-code",
            "enabled",
        ],
        ["broker-portal.service", "active running", "success", "disabled"],
    ]
    assert "overdue : 12 checks, 3 of them not as declared" in page
    (option,) = re.findall(r"broker access prove (--[\w-]+)", page)
    assert option in {name for one in access.commands["prove"].params for name in one.opts}
    assert "(5 %) nearly full" in page
    assert "(90 %), room for 12 files nearly full" in page
    assert page.count("nearly full") == 2
    assert "/etc/ssl/x.pem until 2020-01-01 00:00 UTC ended" in page
    portal.publishing.is_down = True
    portal.app.extensions["host_acts"].publishing._kept.clear()
    page = words(portal.browser("dora").get("/admin/health").text)
    assert "the helper for publishing does not answer" in page
    assert "broker-sync.service" not in page


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}'])
def test_a_damaged_file_of_tables_is_a_sentence_and_the_rest_works(
    portal: Scene, content: bytes
) -> None:
    store = portal.app.extensions["portal"].store
    (store / CATALOG / GENERATION / OPERATORS / STANDING).write_bytes(content)
    dora = portal.browser("dora")
    for path in ("/admin/", "/admin/syncs"):
        page = dora.get(path)
        assert page.status_code == 200
        assert STANDING in words(page.text), path
    assert "Tables with errors Not known" in words(dora.get("/admin/syncs").text)


def test_activity_has_what_one_did_oneself_and_nothing_of_others(portal: Scene) -> None:
    anna = portal.browser("anna")
    second = public_key("second")
    anna.post("/keys/add", data={"key": second, "label": "desk"})
    anna.post("/keys/revoke", data={"fingerprint": KEY})
    rows = read(anna.get("/activity").text).rows("Events")
    added = parse_key(second, where="second").fingerprint
    wanted = (("key.revoke", KEY), ("key.add", added))
    assert len(rows) == len(wanted)
    for row, (verb, fingerprint) in zip(rows, wanted, strict=True):
        assert verb in row
        assert fingerprint in " ".join(row)
    for other in ("bob", "cleo"):
        assert "SHA256" not in portal.browser(other).get("/activity").text
