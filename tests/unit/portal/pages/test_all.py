"""What holds for every page: no state, no host, hostile words, forms that other sites send."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser

import pytest

from broker.portal.database.models import PortalPerson
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION, HOSTILE
from tests.unit.portal.scene import Scene, scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
OWN = ("/", "/welcome", "/keys", "/datasets", "/access", "/activity", "/device")
ADMIN = (
    "/admin/",
    "/admin/people",
    "/admin/people/1",
    "/admin/requests",
    "/admin/syncs",
    f"/admin/syncs/{GENERATION}",
    "/admin/audit",
    "/admin/events",
    "/admin/health",
)


class Structure(HTMLParser):
    """Elements and attributes of a page, and whatever would run in it."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.has_token: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if any(name.startswith("on") or name == "style" for name in given):
            self.running.append(f"{tag} {sorted(given)}")
        if (tag == "script" and "src" not in given) or tag in ("style", "iframe", "object"):
            self.running.append(tag)
        if tag == "form":
            self.forms.append(given)
            self.has_token.append(False)
        if tag == "input" and given.get("name") == "csrf_token" and self.has_token:
            self.has_token[-1] = True


def structure(page: str) -> Structure:
    found = Structure()
    found.feed(page)
    return found


@pytest.mark.parametrize("path", [*OWN, *ADMIN])
def test_nothing_runs_in_a_page_and_each_form_has_its_token(portal: Scene, path: str) -> None:
    found = structure(portal.browser("dora").get(path).text)
    assert found.running == []
    posts = [
        has
        for form, has in zip(found.forms, found.has_token, strict=True)
        if (form.get("method") or "").lower() == "post"
    ]
    assert posts
    assert all(posts)


def test_every_act_is_refused_without_the_token_of_the_page(portal: Scene) -> None:
    portal.app.config["WTF_CSRF_ENABLED"] = True
    browser, tried = portal.browser("dora"), 0
    for rule in portal.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith("api."):
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            answer = browser.post(path, data={"key": public_key("x"), "name": "x"})
            assert answer.status_code == 400, rule
            tried += 1
    assert tried > 20
    assert portal.publishing.requests == []


@pytest.mark.parametrize("path", [*OWN, *ADMIN])
def test_no_page_fails_without_any_data(path: str) -> None:
    with scene(tables=0) as made:
        made.add("dora", admin=True)
        assert made.browser("dora").get(path).status_code == 200
        (made.app.extensions["portal"].store / "current").unlink()
        assert made.browser("dora").get(path).status_code == 200


@pytest.mark.parametrize("path", [*OWN, *ADMIN])
def test_no_page_fails_without_the_helpers_of_the_host(portal: Scene, path: str) -> None:
    portal.door.close()
    portal.publishing.is_down = True
    assert portal.browser("dora").get(path).status_code == 200
    assert portal.browser("anna").get(path).status_code in (200, 404)


def test_hostile_words_are_inert_on_every_page() -> None:
    with scene(hostile=True) as made:
        made.door.add("anna", email="anna@example.com")
        number = made.add("anna", "anna")
        made.add("dora", admin=True)
        with made.database.begin() as session:
            person = session.get(PortalPerson, number)
            assert person is not None
            person.name = HOSTILE
        browser = made.browser("anna")
        browser.post("/access/request", data={"class": "private", "reason": HOSTILE * 20})
        form = {"name": HOSTILE.replace("\u202e", "").replace("\u202c", ""), "days": "7"}
        browser.post("/tokens/make", data={**form, "scope": "me:read"})
        row = {"id": HOSTILE, "table": HOSTILE, "words": HOSTILE, "what": HOSTILE, "found": "1"}
        made.publishing.answers |= {
            "held": [row],
            "units": [{"unit": HOSTILE, "load": "loaded", "active": HOSTILE, "sub": HOSTILE}],
            "disks": [{"path": HOSTILE, "bytes": 10, "bytes_free": 0}],
            "syncs": {"problems": [HOSTILE], "ended": [{"outcome": HOSTILE, "reason": HOSTILE}]},
            "generations": [{"generation": HOSTILE, "error": HOSTILE, "current": True}],
            "audit": {
                "events": [{"action": HOSTILE, "subject": HOSTILE, "actor": {"name": HOSTILE}}],
                "matches": 1,
            },
        }
        pages = {path: made.browser("anna").get(path) for path in OWN}
        pages |= {path: made.browser("dora").get(path) for path in ADMIN}
        for path, page in pages.items():
            assert page.status_code == 200, path
            assert "<img src=x" not in page.text, path
            # what a form sends back is exact, and no one sees it
            seen = re.sub(r'<input type="hidden"[^>]*>', "", page.text)
            assert "\u202e" not in seen, path
            assert structure(page.text).running == [], path
        assert sum("onerror" in page.text for page in pages.values()) >= 6
