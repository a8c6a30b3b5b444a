from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from demo import tour
from demo.commands import DemoError
from demo.tour import PAGES, look_around
from rig.form_browser import FormBrowser

ORIGIN = "https://10.77.1.2"
CHOICE = '<form method="post" action="/interaction/7"><button name="person" value="anna"></form>'
WELCOME = '<h1>Get going</h1><form method="post" action="/welcome/key"><textarea name="key">'
WELCOME += '<input type="hidden" name="csrf_token" value="a&amp;b"></form>'
HOME = "<h1>Hello, <b>Anna</b></h1>"


class Portal(FormBrowser):
    """Answers from ``answers``: by method and path the address where it ends, status and text."""

    answers: dict[str, tuple[str, int, str]]
    sent: list[tuple[str, Any]]

    def request(self, method: str, url: str, *_: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        path = url.removeprefix(ORIGIN).removeprefix("http://127.0.0.1:1")
        if method.upper() == "POST":
            self.sent.append((path, kwargs["data"]))
        place, status, text = self.answers[f"{method.upper()} {path}"]
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = status, text.encode(), place
        return answer


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> type[Portal]:
    Portal.sent = []
    Portal.answers = {
        "GET /sign-in/demo": ("http://127.0.0.1:1/interaction/7", 200, CHOICE),
        "POST /interaction/7": (f"{ORIGIN}/welcome", 200, WELCOME),
        "POST /welcome/key": (f"{ORIGIN}/welcome", 200, WELCOME),
        **{f"GET {path}": (f"{ORIGIN}{path}", 200, HOME) for path in PAGES.values()},
    }
    monkeypatch.setattr(tour, "FormBrowser", Portal)
    return Portal


def seen() -> str:
    return look_around(ORIGIN, Path("/x.pem"), "anna", "ssh-ed25519 AAAA")


def test_a_newcomer_gives_a_key_and_every_page_is_named(portal: type[Portal]) -> None:
    assert seen() == (
        f"“Hello, Anna” at {ORIGIN}: home, catalog, table shop/orders, metrics: all 200"
    )
    assert portal.sent == [
        ("/interaction/7", {"person": "anna"}),
        ("/welcome/key", {"csrf_token": "a&b", "key": "ssh-ed25519 AAAA"}),
    ]


def test_one_who_has_an_account_gives_none(portal: type[Portal]) -> None:
    portal.answers["POST /interaction/7"] = (f"{ORIGIN}/", 200, HOME)
    assert seen().startswith("“Hello, Anna”")
    assert len(portal.sent) == 1


@pytest.mark.parametrize(
    ("answer", "place", "status", "text", "message"),
    [
        ("GET /catalog", "/catalog", 503, "<h1>No data</h1>", "/catalog answered 503: No data"),
        ("GET /catalog", "/sign-in", 200, HOME, "catalog led to https://10.77.1.2/sign-in"),
        ("POST /welcome/key", "/welcome", 409, "<h1>Refused</h1>", "/welcome answered 409: Ref"),
        ("GET /sign-in/demo", "/sign-in", 200, "", "no form leads to /interaction/ on https"),
    ],
)
def test_what_does_not_answer_as_it_should_is_an_error(
    portal: type[Portal], answer: str, place: str, status: int, text: str, message: str
) -> None:
    portal.answers[answer] = (f"{ORIGIN}{place}", status, text)
    with pytest.raises(DemoError) as caught:
        seen()
    assert message in str(caught.value)
