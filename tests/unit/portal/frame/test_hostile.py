"""Names and values of 10 kB with markup, quotes and direction marks: inert wherever they go."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from broker.accounts.choose import choose_left_out
from broker.accounts.debian.activity import Activity
from broker.accounts.issue import issue_certificate
from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.certificates import Mode
from broker.accounts.records.first_contact import ContactLines
from broker.accounts.records.laptops import LaptopContact
from broker.catalog.model import CatalogMetric
from broker.config import Email
from broker.metrics.model import ResultColumn
from broker.portal.acts.accounts import AccountActs
from broker.portal.acts.facts import AccountFacts
from broker.portal.database.models import PortalPerson
from broker.portal.identity.mail import link_message
from broker.portal.tokens import Scope, tokens_of
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog import example
from tests.unit.portal.scene import INSTANCE, Scene, scene
from tests.unit.publishing.answers import completed

from ..pages.reading_html import crawl, read, words

LONG = "A" * 10_000
SHORT = f"{example.HOSTILE}\u2066</title></textarea></script><script src=x>\r\nX-Bad: 1\x1b[2J"
HOSTILE = SHORT + LONG
LINES = ContactLines([HOSTILE], [])  # those that are pasted are refused, see test_accounts
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


@pytest.fixture(scope="module")
def hostile() -> Iterator[Scene]:
    """Every text that others write is hostile; Anna reads all classes, Dora is an admin."""
    words_ = {"name": SHORT, "subtitle": SHORT, "copyright": SHORT}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example, "HOSTILE", HOSTILE)
        whole = example._metrics
        patch.setattr(example, "_metrics", lambda *given, **more: map(short, whole(*given, **more)))
        with scene({**INSTANCE, "instance": words_}, hostile=True, long=10_000) as made:
            made.door.add("anna", email="anna@example.com", classes=["private"])
            converge((), made.door.host, certificates=Mode())
            issue_certificate("anna", made.door.host)
            choose_left_out("anna", made.door.host, ["web"])
            laptop = LaptopContact("1" * 16, "mac", "own", AT, BEFORE, AT, 20)
            made.door.seen["anna"] = Activity(AT, AT, {}, (laptop,))
            made.add("anna", "anna")
            made.add("dora", admin=True)
            name_people(made)
            facts = [analyst(made, name) for name in ("anna", NAME)]
            patch.setattr(AccountActs, "analysts", lambda *_, **__: tuple(facts))
            by_name = {one.name: one for one in facts}
            patch.setattr(AccountActs, "analyst", lambda *_, **__: facts[0])
            patch.setattr(AccountActs, "analyst_now", lambda _, name: by_name.get(name))
            patch.setattr(AccountActs, "contact", lambda *_, **__: LINES)
            made.publishing.answers |= HOST
            made.publishing.is_checked = False
            yield made


# Of an account, which stands in addresses of pages.
NAME = re.sub(r"[/\r\n]", "", HOSTILE)


def analyst(made: Scene, name: str) -> AccountFacts:
    """Anna as the helper describes her, with hostile words wherever there are any."""
    (row,) = list_analysts(made.door.host, "anna")
    kept = {"uid", "until", "at", "changed_at", "last_login", "last_sync"}
    return AccountFacts.of({**worse(row, kept), "name": name})


AT = "2026-11-30T12:00:00Z"
BEFORE = "2026-11-29T120000Z-0001"
HELD = {"id": "in.x", "table": "shop/table_3", "access": "public", "words": "2 rows"} | {
    "found": example.LOST,
    "rows": 2,
}
WIDER = {"id": "in.x", "table": "shop/table_3", "access": "public", "words": "every analyst"} | {
    "what": "readers",
    "found": "0" * 64,
}
MORE = {"id": "in.x", "table": "shop/table_3", "found": "0" * 64, "words": "every analyst could"}


def spoiled(part: str, given: Any, *kept: str) -> Any:
    """An answer of the host in which every text is hostile, but those of the names in ``kept``."""
    return worse(completed(part, given), kept)


def worse(value: Any, kept: Collection[str]) -> Any:
    """The same with other texts, but those of the names in ``kept``."""
    if isinstance(value, dict):
        return {name: one if name in kept else worse(one, kept) for name, one in value.items()}
    if isinstance(value, list):
        return [worse(one, kept) for one in value]
    return HOSTILE if isinstance(value, str) else value


HOST: dict[str, Any] = {
    "held": [
        *spoiled("held", [HELD], "table", "access", "what"),
        *spoiled("held", [HELD], "table", "access", "what", "found"),
        *spoiled("held", [{**HELD, "what": "columns"}], "table", "what"),
        *spoiled("held", [WIDER], "table"),
    ],
    "units": spoiled("units", [{"unit": "ssh.service"}], "load"),
    "disks": spoiled("disks", [{"bytes": 10, "bytes_free": 0}]),
    "certificates": spoiled(
        "certificates", [{"path": "/x.pem", "until": "2020-01-01T00:00:00+00:00"}], "until"
    ),
    "proof": spoiled("proof", {"failed": True, "stopped": ["x.timer"]}, "at"),
    "syncs": spoiled(
        "syncs", {"failures": 2, "problems": ["x"], "ended": [{"generation": BEFORE}]}
    ),
    "generations": [
        *spoiled(
            "generations", [{"generation": BEFORE, "current": False, "error": "x"}], "generation"
        ),
        *spoiled("generations", [{"generation": BEFORE, "current": True}]),
    ],
    "more_readers": spoiled("more_readers", [MORE]),
    "audit": spoiled(
        "audit",
        {
            "events": [{"action": "x", "subject": "x", "actor": {"claims": {"behalf": "x"}}}],
            "matches": 1,
            "garbled": 1,
        },
    ),
}


def short(metric: CatalogMetric) -> CatalogMetric:
    """A metric with words as long as may be published; its values stay long."""
    columns, result = tuple(map(_short_column, metric.columns)), metric.result
    if result is not None:
        result = replace(result, columns=tuple(map(_short_column, result.columns)))
    words_ = {"title": metric.title[:1_000], "owner": metric.owner[:1_000]}
    return replace(metric, **words_, columns=columns, result=result)


def _short_column(column: ResultColumn) -> ResultColumn:
    return replace(column, name=column.name[:1_000])


def name_people(made: Scene) -> None:
    """A person, a token, a browser, a request and events of such words."""
    anna = made.browser("anna")
    anna.post("/keys/add", data={"key": f"{public_key('second')} {SHORT}"})
    anna.post("/tokens/make", data={"name": SHORT[:90], "days": "7", "scope": "me:read"})
    anna.post("/access/request", data={"class": "private", "reason": (SHORT * 20)[:1_990]})
    made.token("anna", Scope.ME)
    with made.database.begin() as session:
        for name in ("anna", "dora"):
            session.get_one(PortalPerson, made.people[name]).name = HOSTILE
        for token in tokens_of(session, made.people["anna"]):
            token.name = HOSTILE
        session.add(
            PortalPerson(email=f"{HOSTILE}@example.com", name=HOSTILE, created_at=datetime.now(UTC))
        )


def check_inert(html: str, address: str) -> None:
    """Nothing of it runs or is loaded, nothing hides, and it is no larger than others."""
    found = read(html)  # fails where text closed an element
    assert len(html) < 300_000, address
    assert len(found.all("script")) == 1, address
    assert [one for one in found.all("img") if one.attributes.get("src") == "x"] == [], address
    for one in found.elements:
        names = one.attributes.keys()
        assert not [name for name in names if name.startswith("on") or name == "style"], address
        address_ = one.attributes.get("href") or one.attributes.get("action") or "/"
        assert address_.startswith(("/", "#", "mailto:")), (address, address_[:80])
    # what a form sends back is exact: of an act, which no one sees, or what one typed oneself
    seen = re.sub(r"<input [^>]*>", "", html)
    for character in "\u202e\u202c\u2066\x1b\r":
        assert character not in seen, (address, hex(ord(character)))


@pytest.mark.parametrize("who", ["anna", "dora"])
def test_every_page_is_inert(hostile: Scene, who: str) -> None:
    kinds: dict[str, int] = {}

    def few(address: str) -> bool:
        kind = re.sub(r"[?].*|table_\d+", "", address)
        kinds[kind] = kinds.get(kind, 0) + 1
        return kinds[kind] <= 6

    with_words = set()
    for address, status, html in crawl(hostile.browser(who), "/", is_wanted=few):
        assert status == 200, address[:200]
        check_inert(html, address[:200])
        if "onerror=alert" in words(html):
            with_words.add(address.split("?")[0])
    assert with_words >= {"/", "/keys", "/catalog", "/activity", "/datasets", "/catalog/metrics"}
    if who == "dora":
        paths = {"", "people", "people/1", "requests", "syncs", "audit", "events", "health"}
        assert with_words >= {f"/admin/{path}" for path in paths}
        assert any(one.startswith("/admin/accounts/") for one in with_words)
        assert "/admin/generations/2026-11-29T120000Z-0001" in with_words


def test_what_is_refused_is_inert_too(hostile: Scene) -> None:
    """A message says what was typed, or what the host says of it."""
    anna = hostile.browser("anna")
    for path, form in (
        ("/keys/add", {"key": SHORT}),
        ("/keys/revoke", {"fingerprint": SHORT[:99]}),
        ("/welcome/key", {"key": SHORT}),
        ("/tokens/make", {"name": SHORT[:90], "days": SHORT[:3], "scope": SHORT[:20]}),
        ("/access/request", {"class": SHORT[:31], "reason": SHORT}),
        ("/device", {"code": SHORT[:20]}),
    ):
        answer = anna.post(path, data=form)
        assert answer.status_code < 500, path
        assert "\n" not in answer.headers.get("Location", "")
        check_inert(anna.get("/keys").text, path)  # where the message is
        if answer.status_code == 200:
            check_inert(answer.text, path)
    for query in ({"q": HOSTILE}, {"q": SHORT, "page": SHORT}):
        check_inert(anna.get("/search", query_string=query).text, "search")
    dora = hostile.browser("dora")
    names = ("user", "action", "since", "until", "verb", "q", "page", "approved", "seen")
    given = dict.fromkeys(names, SHORT)
    for path in ("/admin/audit", "/admin/events", "/admin/people", "/admin/syncs", "/keys"):
        check_inert(dora.get(path, query_string=given).text, path)


def test_answers_of_the_api_are_json_and_say_what_the_catalog_says(hostile: Scene) -> None:
    token = hostile.token("anna")
    found: dict[str, Any] = {}
    for path in ("/me", "/keys", "/catalog", "/freshness", "/generations", "/settings/datasets"):
        found[path] = checked_json(hostile.api("GET", path, token))
    index = example.example_catalog(6, classes=("public", "private"), hostile=True).index
    rows = {one["path"]: one for one in found["/catalog"]["tables"]}
    assert rows.keys() == {one.path for one in index.tables}
    assert rows["shop/table_0"]["title"] == f"Table number 0 {HOSTILE}"
    assert rows["shop/table_0"]["columns"][3]["name"] == f"status {HOSTILE}"
    assert found["/catalog"]["metrics"][0]["problem"].endswith(HOSTILE)
    assert found["/me"]["name"] == HOSTILE
    assert found["/keys"]["keys"][0]["comment"] == HOSTILE
    for table in index.tables:
        base = f"/catalog/tables/{table.path}"
        details = checked_json(hostile.api("GET", base, token))
        assert HOSTILE in details["description"]
        profile = checked_json(hostile.api("GET", f"{base}/profile", token))["profile"]
        assert profile is None or HOSTILE in profile["alerts"][0]["message"]
    runs = checked_json(hostile.api("GET", "/syncs", hostile.token("dora")))
    assert runs["runs"][0]["reason"] == HOSTILE


def test_problems_of_the_api_are_json(hostile: Scene) -> None:
    token = hostile.token("anna")
    for method, path, more in (
        ("GET", f"/catalog/tables/x/{SHORT}", {}),
        ("POST", "/keys", {"json": {"key": SHORT}}),
        ("POST", "/keys", {"json": {SHORT: SHORT}}),
        ("PUT", "/settings/datasets", {"json": {"datasets": {SHORT: True}}}),
        ("POST", "/device/code", {"data": {"client_id": HOSTILE, "scope": HOSTILE}}),
    ):
        answer = hostile.api(method, path, token, **more)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        checked_json(answer, "application/problem+json", "application/json")


def checked_json(answer: Any, *types: str) -> Any:
    """The body, in which no browser finds anything but JSON."""
    assert answer.mimetype in (types or ("application/json",)), answer.status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data.isascii()  # no direction mark turns the text that a person looks at
    assert "X-Bad" not in answer.headers
    return answer.json


@pytest.mark.parametrize("name", [HOSTILE, SHORT, "\r\nBcc: x@y.com\r\n\r\n<b>x</b>"])
def test_a_mail_has_one_text_and_the_headers_that_we_write(name: str) -> None:
    email = Email.model_validate({"from_address": "data@example.com", "from_name": name})
    message = link_message(email, name, "eva@example.com", "https://data.example.com/x", 15)
    sent = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    wanted = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    made = {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert {*sent.keys()} == wanted | made
    assert sent["To"] == "eva@example.com"
    assert sent["From"].addresses[0].addr_spec == "data@example.com"
    assert sent.get_content_type() == "text/plain"
    text = sent.get_content() + sent["Subject"] + str(sent["From"])
    assert len(text) < 1_000
    for character in "\u202e\u2066\x1b":
        assert character not in text
