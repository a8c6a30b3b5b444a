from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..browsing import portal_over, signed_in_app

ORIGIN = "https://data.example.com"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return signed_in_app(tmp_path)


def choose(client: FlaskClient, theme: str, page: str = "/nothing?x=1") -> TestResponse:
    """Press the button of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', get(client, page).text)
    assert found is not None
    return client.post(
        "/theme",
        data={"theme": theme, "csrf_token": found[1]},
        base_url=ORIGIN,
        headers={"Referer": ORIGIN + page},
    )


def get(client: FlaskClient, page: str) -> TestResponse:
    return client.get(page, base_url=ORIGIN)


def test_a_choice_is_kept_and_the_page_comes_again(client: FlaskClient) -> None:
    assert "data-theme" not in get(client, "/nothing").text
    answer = choose(client, "dark")
    assert (answer.status_code, answer.location) == (302, "/nothing?x=1")
    assert "Secure; HttpOnly" in answer.headers["Set-Cookie"]
    assert '<html lang="en" data-theme="dark">' in get(client, "/nothing").text
    choose(client, "system")
    assert "data-theme" not in get(client, "/nothing").text


def test_another_theme_is_refused(client: FlaskClient) -> None:
    assert choose(client, '"><script>').status_code == 400


def test_a_cookie_of_another_text_is_as_none(client: FlaskClient) -> None:
    client.set_cookie("theme", '"><script>', domain="data.example.com", secure=True)
    assert "data-theme" not in get(client, "/nothing").text


def test_without_the_token_of_a_page_nothing_is_kept(client: FlaskClient) -> None:
    answer = client.post("/theme", data={"theme": "dark"}, base_url=ORIGIN)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers or "theme" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example//evil.example/x", "//evil.example", "/\\evil.example", "", "x:y"],
)
def test_nothing_leads_to_another_host(client: FlaskClient, referer: str) -> None:
    found = re.search(r'name="csrf_token" value="([^"]+)"', get(client, "/nothing").text)
    assert found is not None
    client.application.config["WTF_CSRF_SSL_STRICT"] = False
    answer = client.post(
        "/theme",
        data={"theme": "dark", "csrf_token": found[1]},
        base_url=ORIGIN,
        headers={"Referer": referer},
    )
    assert answer.location is not None
    assert re.match(r"/(?![/\\])", answer.location)


def test_a_page_for_anyone_gives_no_cookie(tmp_path: Path) -> None:
    answer = portal_over(tmp_path).test_client().get("/nothing")
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert "csrf_token" not in answer.text
