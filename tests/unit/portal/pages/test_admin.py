"""What admins do, and what it leaves on the host."""

from __future__ import annotations

import os
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
from broker.audit.reading import read_log
from broker.hostpaths import AUDIT_LOG
from broker.portal.database.models import PortalPerson, PortalTables
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION, LOST
from tests.unit.portal.scene import ORIGIN, Scene

from .reading_html import read

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


def text(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def request_of(portal: Scene, who: str, access_class: str = "finance") -> str:
    portal.browser(who).post(
        "/access/request", data={"class": access_class, "reason": "the yearly report"}
    )
    return re.findall(
        r'action="/admin/requests/(\d+)"', portal.browser("dora").get("/admin/requests").text
    )[-1]


def test_a_request_is_granted_on_the_host_and_the_person_sees_it(portal: Scene) -> None:
    portal.door.add("x", classes=[])
    number = request_of(portal, "bob", "private")
    assert "1 request for access without a decision" in text(portal.browser("dora").get("/admin/"))
    form = {"answer": "grant", "comment": "until May"}
    portal.browser("dora").post(f"/admin/requests/{number}", data=form)
    assert portal.door.classes("bob") == {"public", "private"}
    page = text(portal.browser("bob").get("/access"))
    assert "private granted" in page
    assert "until May" in page
    lines = read_log(portal.door.layout.at(AUDIT_LOG)).events
    (granted,) = [one for one in lines if one.action == "request.grant"]
    assert (granted.actor.claims or {})["behalf"] == "dora@example.com"
    again = portal.browser("dora").post(f"/admin/requests/{number}", data={"answer": "refuse"})
    assert "does not wait for a decision any more" in again.text
    assert portal.door.classes("bob") == {"public", "private"}


def test_what_the_host_does_not_grant_waits_again(portal: Scene) -> None:
    number = request_of(portal, "bob", "private")
    portal.door.close()
    browser = portal.browser("dora")
    page = browser.post(f"/admin/requests/{number}", data={"answer": "grant"}).text
    assert "does not answer" in page
    assert f'action="/admin/requests/{number}"' in browser.get("/admin/requests").text


def test_a_person_without_an_account_is_granted_nothing(portal: Scene) -> None:
    number = request_of(portal, "cleo", "private")
    browser = portal.browser("dora")
    page = browser.post(f"/admin/requests/{number}", data={"answer": "grant"}).text
    assert "has no account on the host yet" in page
    assert f'action="/admin/requests/{number}"' in browser.get("/admin/requests").text


def test_who_never_took_their_account_over_leaves_with_it(portal: Scene) -> None:
    portal.door.add("cmueller", email="cleo@example.com", classes=["private"])
    browser = portal.browser("dora")
    number = portal.people["cleo"]
    portal.remove("cleo")
    page = text(browser.get(f"/admin/people/{number}"))
    assert "No access is left" not in page
    browser.post(f"/admin/people/{number}/remove", data={"sure": "yes"})
    assert portal.door.classes("cmueller") is None
    assert "No access is left" in text(browser.get(f"/admin/people/{number}"))


def test_what_waits_is_not_known_where_the_host_does_not_say(portal: Scene) -> None:
    portal.publishing.answers["held"] = {"problem": "the store cannot be read"}
    page = text(portal.browser("dora").get("/admin/syncs?approved=shop/orders"))
    assert "the store cannot be read" in page
    assert "No table waits" not in page
    assert "does not wait any more" not in page


def test_a_request_takes_a_reason_and_a_class_that_there_is(portal: Scene) -> None:
    browser = portal.browser("bob")
    for form in ({"class": "private", "reason": " "}, {"class": "root", "reason": "x"}):
        browser.post("/access/request", data=form)
    assert "None yet" in browser.get("/access").text


def test_a_person_leaves_in_one_act_and_the_page_proves_it(portal: Scene) -> None:
    token = portal.token("anna")
    number = portal.people["anna"]
    answer = portal.browser("dora").post(f"/admin/people/{number}/remove")
    page = text(portal.browser("dora").get(answer.location))
    assert "No access is left" in page
    assert "refused by every method" in page
    assert "0 sessions , 0 valid tokens".replace(" ,", ",") in page
    assert "Account on the host: none" in page
    assert portal.door.classes("anna") is None
    assert portal.api("GET", "/me", token).status_code == 401
    assert portal.viewer("anna") is None


def test_a_host_that_does_not_answer_leaves_a_person_out_of_the_portal_and_says_what_is_left(
    portal: Scene,
) -> None:
    portal.door.close()
    browser = portal.browser("dora")
    answer = browser.post(f"/admin/people/{portal.people['anna']}/remove")
    page = text(browser.get(answer.location))
    assert "Some access is left" in page
    assert "refused by every method" in page
    assert "Account on the host: anna with keys that are not known: " in page
    assert "does not answer" in page
    assert portal.viewer("anna") is None


def test_an_account_of_the_inventory_is_pointed_out_before_it_is_removed(portal: Scene) -> None:
    wish = parse_request("eve", keys=[public_key("eve")], origin="declared", classes=["private"])
    converge([wish], portal.door.host)
    number = portal.add("eve", "eve")
    page = text(portal.browser("dora").get(f"/admin/people/{number}"))
    assert "The inventory declares this account: take it out there, too" in page


def test_no_admin_removes_themselves(portal: Scene) -> None:
    browser = portal.browser("dora")
    answer = browser.post(f"/admin/people/{portal.people['dora']}/remove")
    assert "you cannot remove yourself" in browser.get(answer.location).text
    assert portal.viewer("dora") is not None


def test_classes_are_granted_and_revoked_by_the_host(portal: Scene) -> None:
    browser, number = portal.browser("dora"), portal.people["anna"]
    path = f"/admin/people/{number}/classes"
    browser.post(path, data={"class": "private", "verb": "revoke"})
    assert portal.door.classes("anna") == {"public"}
    assert portal.browser("anna").get("/catalog/table/hr/table_1").status_code == 404
    browser.post(path, data={"class": "private", "verb": "grant"})
    assert portal.browser("anna").get("/catalog/table/hr/table_1").status_code == 200


def test_an_admin_sees_what_a_person_sees_and_changes_nothing(portal: Scene) -> None:
    browser = portal.browser("dora")
    assert browser.get("/catalog/table/hr/table_1").status_code == 404
    browser.post(f"/admin/people/{portal.people['anna']}/see-as")
    for path in ("/", "/keys", "/access", "/catalog/table/hr/table_1"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "You see what anna@example.com sees" in text(page)
    assert browser.get("/admin/").status_code == 404
    for path in ("/keys/add", "/access/request", "/datasets", "/admin/syncs/run"):
        assert browser.post(path, data={"key": public_key("evil")}).status_code == 403
    assert portal.browser("anna").get("/catalog").status_code == 200
    assert browser.post("/see-as/stop").status_code == 303
    assert "You see what" not in text(browser.get("/keys"))
    assert "see_as" in text(browser.get("/admin/events"))


def rows(portal: Scene) -> dict[str, Any]:
    """All that the portal keeps."""
    with portal.database.read() as session:
        return {
            name: session.execute(select(table)).all()
            for name, table in PortalTables.metadata.tables.items()
        }


def test_to_see_as_a_person_is_an_event_that_they_see_and_leaves_no_other_trace(
    portal: Scene,
) -> None:
    portal.browser("anna").get("/")
    browser = portal.browser("dora")
    browser.get("/")
    with browser.session_transaction(base_url=ORIGIN) as before:
        visits = {name: value for name, value in before.items() if name.startswith("visit.")}
    browser.post(f"/admin/people/{portal.people['anna']}/see-as")
    kept = rows(portal)
    assert "dora@example.com see_as anna@example.com" in text(
        portal.browser("anna").get("/activity")
    )
    for path in ("/", "/welcome", "/keys", "/keys?seen=x", "/datasets", "/access", "/activity"):
        assert "You see what anna@example.com sees" in text(browser.get(path))
    for path in ("/device", "/catalog", "/catalog/table/hr/table_1", "/search?q=a"):
        assert browser.get(path, follow_redirects=True).status_code == 200
    assert rows(portal) == kept
    with browser.session_transaction(base_url=ORIGIN) as after:
        assert {name: after.get(name) for name in ("visit.last", "visit.before")} == {
            name: visits.get(name) for name in ("visit.last", "visit.before")
        }


def test_an_admin_who_sees_as_a_person_can_sign_out(portal: Scene) -> None:
    browser = portal.browser("dora")
    browser.post(f"/admin/people/{portal.people['anna']}/see-as")
    assert browser.post("/sign-out").status_code == 303


@pytest.mark.parametrize(
    ("act", "form", "event"),
    [
        ("classes", {"class": "private", "verb": "revoke"}, "access.revoke private for anna"),
        ("sign-out", {}, "person.sign_out anna"),
        ("admin", {"admin": "yes"}, "admin.grant anna"),
    ],
)
def test_a_person_sees_what_admins_did_to_them(
    portal: Scene, act: str, form: dict[str, str], event: str
) -> None:
    portal.browser("dora").post(f"/admin/people/{portal.people['anna']}/{act}", data=form)
    assert f"dora@example.com {event}" in text(portal.browser("anna").get("/activity"))
    assert event not in text(portal.browser("bob").get("/activity"))


def test_who_is_no_longer_an_admin_sees_as_nobody(portal: Scene) -> None:
    browser = portal.browser("dora")
    browser.post(f"/admin/people/{portal.people['anna']}/see-as")
    with portal.database.begin() as session:
        person = session.get(PortalPerson, portal.people["dora"])
        assert person is not None
        person.is_admin = False
    assert browser.get("/catalog/table/hr/table_1").status_code == 404


HELD = [
    {
        "id": "in.ledger",
        "table": "shop/table_3",
        "access": access,
        "what": "deletion",
        "found": LOST,
        "rows": 2,
        "words": "2 rows would go (777777777777)",
        "approved": False,
    }
    for access in ("public", "private")
]


@pytest.mark.parametrize(("row", "is_shown"), [(HELD[0], True), (HELD[1], False)])
def test_keys_of_held_rows_are_for_those_who_may_read_them(
    portal: Scene, row: dict[str, Any], is_shown: bool
) -> None:
    portal.publishing.answers |= {"held": [row], "approve": {"approved": row["id"]}}
    browser = portal.browser("dora")
    page = text(browser.get("/admin/syncs"))
    assert ("Keys of rows that would go" in page) is is_shown
    assert ("Which rows would go is shown to those who may read the table" in page) is not is_shown
    assert "2 rows would go (777777777777)" in page
    form = {"table": row["id"], "what": "deletion", "found": LOST}
    assert form.items() <= fields(browser.get("/admin/syncs").text).items()
    answer = browser.post("/admin/syncs/approve", data=form)
    assert portal.publishing.requests[-1] == {"verb": "approve", **form}
    portal.publishing.answers["held"] = [{**row, "approved": True}]
    html = browser.get(answer.location).text
    assert fields(html) == {}
    assert "it waits for something else" not in text(browser.get(answer.location))
    assert "approved, and published by the next sync" in text(browser.get(answer.location))
    portal.publishing.answers["held"] = []
    assert "it does not wait any more" in text(browser.get(answer.location))


def fields(html: str) -> dict[str, str]:
    """What the form that approves sends; nothing where there is none."""
    form = html.partition('/admin/syncs/approve"')[2].partition("</form>")[0].partition(">")[2]
    inputs = read(form).all("input")
    return {str(one.attributes["name"]): str(one.attributes.get("value")) for one in inputs}


def test_a_form_that_is_out_of_date_is_refused_and_shows_what_waits_now(portal: Scene) -> None:
    portal.publishing.answers["held"] = [HELD[0]]
    browser = portal.browser("dora")
    sent = fields(browser.get("/admin/syncs").text)
    assert (sent["what"], sent["found"]) == ("deletion", LOST)
    # The next sync would take away others of the same number, of which the host knows.
    anew = {"found": "8" * 64, "words": "2 rows would go (888888888888)"}
    portal.publishing.answers["held"] = [{**HELD[0], **anew}]
    del sent["csrf_token"]
    page = browser.get(browser.post("/admin/syncs/approve", data=sent).location)
    assert portal.publishing.requests[-2] == {"verb": "approve", **sent}
    assert "this is refused" in text(page)
    assert "2 rows would go (888888888888)" in text(page)
    assert "(777777777777)" not in text(page)
    assert fields(page.text)["found"] == "8" * 64
    # The keys of the catalog are not those of what waits: none is shown.
    assert "Keys of rows that would go" not in text(page)


def test_an_approval_of_what_no_longer_waits_is_not_shown_as_one(portal: Scene) -> None:
    portal.publishing.answers |= {"held": [HELD[0]], "approve": {"approved": "in.ledger"}}
    page = text(portal.browser("dora").get("/admin/syncs?approved=in.ledger"))
    assert "it waits for something else than was approved: look at it again" in page


def test_what_an_older_release_held_has_no_form(portal: Scene) -> None:
    words = "2 rows would go; an older release held them"
    portal.publishing.answers["held"] = [{**HELD[0], "found": "", "words": words}]
    page = portal.browser("dora").get("/admin/syncs")
    assert words in text(page)
    assert fields(page.text) == {}


@pytest.mark.parametrize(
    ("what", "promise"),
    [
        ("deletion", "if exactly these rows would go"),
        ("columns", "if that has exactly these columns"),
        ("readers", "to exactly these readers"),
    ],
)
def test_each_thing_that_waits_says_what_approving_it_does(
    portal: Scene, what: str, promise: str
) -> None:
    waits = {**HELD[0], "what": what}
    if what == "readers":
        del waits["rows"]
    portal.publishing.answers["held"] = [waits]
    page = portal.browser("dora").get("/admin/syncs")
    assert promise in text(page)
    assert fields(page.text)["what"] == what


def test_keys_that_are_not_all_say_how_many_there_are(portal: Scene) -> None:
    portal.publishing.answers["held"] = [{**HELD[0], "rows": 1200}]
    page = text(portal.browser("dora").get("/admin/syncs"))
    assert "Keys of rows that would go: the first 2 of 1,200" in page
    assert "1,198 further rows" in page
    portal.publishing.answers["held"] = [{**HELD[0], "table": "shop/table_0"}]
    again = text(portal.browser("dora").get("/admin/syncs?fresh=1"))
    assert "Which rows would go is not shown by key" in again


def test_a_sync_is_run_and_a_generation_published_again(portal: Scene) -> None:
    old = "2026-11-29T120000Z-0001"
    rows = [
        {"generation": old, "current": False, "error": None, "tables": 3, "rows": 9, "bytes": 99},
        {"generation": "2026-11-30T120000Z-0001", "current": True, "error": None, "tables": 3},
    ]
    portal.publishing.answers |= {
        "run": {"started": True},
        "rollback": {"current": old},
        "generations": rows,
        "more_readers": [],
        "syncs": {"ended": [], "running_since": "2026-11-30T12:00:00+00:00", "failures": 0},
    }
    browser = portal.browser("dora")
    assert "runs since 2026-11-30 12:00 UTC" in text(
        browser.get(browser.post("/admin/syncs/run").location)
    )
    assert f"Go back to {old}" in text(browser.get(f"/admin/generations/{old}"))
    assert browser.post(f"/admin/generations/{old}/publish").status_code == 303
    assert portal.publishing.requests[-1] == {"verb": "rollback", "generation": old}
    assert browser.get("/admin/generations/2020-01-01T000000Z-0001").status_code == 404


def test_a_sync_leads_to_the_errors_of_its_tables_and_to_its_log(portal: Scene) -> None:
    invocation = "0123456789abcdef" * 2
    ended = {"outcome": "partly", "generation": GENERATION, "ended": "2026-11-30T12:00:00+00:00"}
    portal.publishing.answers["syncs"] = {
        "ended": [
            {**ended, "invocation": invocation},
            {"outcome": "fine", "invocation": "x; rm -rf /"},
        ],
        "failures": 0,
    }
    browser = portal.browser("dora")
    page = browser.get("/admin/syncs").text
    assert page.count("/admin/syncs/runs/") == 1
    assert f'href="/admin/syncs/runs/{invocation}"' in page
    assert "rm -rf" not in page
    assert '<li class="warn"><strong>published, not every table is up to date' in page
    assert '<li class="good"><strong>published</strong>' in page
    assert f'href="/admin/syncs/{GENERATION}"' in page
    one = text(browser.get(f"/admin/syncs/{GENERATION}"))
    assert "shop/table_3" in one
    assert "the source did not answer" in one
    other = text(browser.get("/admin/syncs/2020-01-01T000000Z-0001"))
    assert "What this sync published is not known any more" in other


def test_what_needs_a_person_comes_first_and_worst_first(portal: Scene) -> None:
    portal.publishing.answers |= {
        "syncs": {"failures": 2, "problems": ["no timer is active"], "ended": []},
        "units": [{"unit": "broker-sync.service", "load": "loaded", "active": "failed"}],
        "disks": [{"path": "/data", "bytes": 1000, "bytes_free": 50}],
        "certificates": [{"path": "/etc/x.pem", "until": "2020-01-01T00:00:00+00:00"}],
        "proof": {"failed": True, "state": "overdue"},
    }
    request_of(portal, "bob", "private")
    page = text(portal.browser("dora").get("/admin/"))
    wanted = [
        "The last 2 syncs failed",
        "no timer is active",
        "broker-sync.service has failed",
        "/data has 5 % of its space free",
        "The certificate /etc/x.pem has ended",
        "The proof of access is overdue",
        "1 request for access",
    ]
    assert [one for one in wanted if one not in page] == []
    assert page.index("1 request for access") > page.index("overdue")


def test_what_the_host_does_not_say_is_not_shown_as_nothing(portal: Scene) -> None:
    portal.publishing.is_down = True
    portal.door.close()
    browser = portal.browser("dora")
    assert "Analysts on the host not known" in text(browser.get("/admin/"))
    syncs = text(browser.get("/admin/syncs"))
    assert "None is on record" not in syncs
    assert "No table waits for approval" not in syncs
    assert "Nothing was published yet" not in syncs
    health = text(browser.get("/admin/health"))
    assert health.count("Not known.") == 4


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=x", "From: this is not a day; expected such as 2026-11-30; found 'x'"),
        ("until=2026-02-30", "To: this is not a day"),
        ("since=2026-11-30&until=9999-12-31", "To: this is not a day"),  # the day after is none
        ("since=2026-11-30&until=2026-11-29", "To: the last day is before the first"),
    ],
)
def test_a_filter_that_is_not_valid_shows_nothing_and_why(
    portal: Scene, query: str, sentence: str
) -> None:
    portal.publishing.answers["audit"] = {"events": [{"action": "canary"}], "matches": 1}
    answer = portal.browser("dora").get(f"/admin/audit?user=anna&{query}")
    assert answer.status_code == 400
    assert sentence in unescape(text(answer))
    assert "canary" not in answer.text
    assert 'value="anna"' in answer.text
    one_day = portal.browser("dora").get("/admin/audit?since=2026-11-30&until=2026-11-30")
    assert (one_day.status_code, "canary" in one_day.text) == (200, True)


def test_a_refused_form_keeps_what_was_typed(portal: Scene) -> None:
    reason = 'the yearly "report"'
    answer = portal.browser("bob").post(
        "/access/request", data={"class": "public", "reason": reason}
    )
    assert (answer.status_code, "there is no such access class" in answer.text) == (422, True)
    assert f">{reason}</textarea>" in unescape(answer.text)
    answer = portal.browser("bob").post("/access/request", data={"class": "finance", "reason": " "})
    assert (answer.status_code, "a reason is missing" in answer.text) == (422, True)
    assert "<option selected>finance</option>" in answer.text
    number = request_of(portal, "bob", "private")
    portal.door.close()
    form = {"answer": "grant", "comment": "until May"}
    answer = portal.browser("dora").post(f"/admin/requests/{number}", data=form)
    assert (answer.status_code, "does not answer" in answer.text) == (409, True)
    assert 'value="until May"' in answer.text


def test_a_line_break_counts_as_one_character_as_browsers_count_it(portal: Scene) -> None:
    reason = "\r\n".join("x" * 1_000)  # 1,999 characters in the browser
    form = {"class": "private", "reason": reason}
    assert portal.browser("bob").post("/access/request", data=form).status_code == 303
    form["reason"] += "yy"
    assert portal.browser("bob").post("/access/request", data=form).status_code == 400


def test_the_audit_log_is_filtered_by_the_host(portal: Scene) -> None:
    event = {
        "time": "2026-11-30T12:00:00.000000Z",
        "action": "analyst.add",
        "subject": "anna",
        "result": "done",
        "actor": {"uid": 0, "name": "root", "via": "socket", "claims": {"behalf": "dora@x.org"}},
    }
    portal.publishing.answers["audit"] = {"events": [event], "matches": 70, "garbled": 1} | {
        "pending": 2
    }
    browser = portal.browser("dora")
    page = text(browser.get("/admin/audit?user=anna&since=2026-11-01&page=2"))
    assert "analyst.add anna root for dora@x.org done" in page
    assert "1 line of the log cannot be read" in page
    assert "2 newer events could not be written to the log yet" in page
    sent = {
        name: value for name, value in portal.publishing.requests[-1].items() if value is not None
    }
    assert sent == {
        "verb": "audit",
        "user": "anna",
        "since": "2026-11-01T00:00:00+00:00",
        "skip": "50",
        "count": "50",
    }
