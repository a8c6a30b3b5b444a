"""What holds for every page: no state, no host, hostile words, forms that other sites send."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser

import pytest

from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION
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
