"""What a person sees where a page cannot be shown."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from broker.portal.app import create_app
from broker.portal.settings import PortalSettings

from .conftest import ORIGIN, Browser, sign_in


@pytest.mark.parametrize(
    "host", ["evil.example", "data.example.com:8443", "data.example.com.evil.example", "127.0.0.1"]
)
def test_under_another_host_there_is_the_configured_address_alone(
    client: FlaskClient, host: str
) -> None:
    answer = client.get("/sign-in", base_url=f"https://{host}")
    assert answer.status_code == 421
    assert f'<a href="{ORIGIN}/">' in answer.text
    assert host not in answer.text.replace(ORIGIN, "")
    assert client.get("/healthz", base_url=f"http://{host}").status_code == 200
    style = re.search(r'href="(/static/portal\.\w+\.css)"', answer.text)
    assert style is not None
    assert client.get(style[1], base_url=f"https://{host}").status_code == 200


def test_the_host_is_compared_without_case(client: FlaskClient) -> None:
    assert client.get("/sign-in", base_url="https://DATA.example.COM").status_code == 200


@pytest.mark.parametrize(
    ("path", "method", "status", "sentence"),
    [
        ("/absent", "GET", 404, "There is no such page."),
        ("/sign-out", "GET", 405, "does not take such a request"),
        ("/sign-out", "POST", 400, "open for too long"),
        ("/absent/<script>alert(1)</script>", "GET", 404, "There is no such page."),
    ],
)
def test_errors_have_a_page_and_nothing_foreign_on_it(
    client: FlaskClient, path: str, method: str, status: int, sentence: str
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "alert" not in answer.text
    assert ("Allow" in answer.headers) == (status == 405)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_page_that_fails_has_a_sentence_and_the_log_the_reason(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/fails")
    def fails() -> str:
        raise ValueError("hunter2")

    answer = client.get("/fails")
    assert (answer.status_code, "The portal failed." in answer.text) == (500, True)
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


def test_more_than_a_form_holds_is_refused(client: FlaskClient) -> None:
    answer = client.post("/sign-in/email", data={"email": "a" * 300_000})
    assert (answer.status_code, "is too large" in answer.text) == (413, True)


@pytest.fixture
def damaged(settings: PortalSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Flask:
    """A portal over a file that is not a database."""
    (tmp_path / "portal.sqlite3").write_bytes(b"not a database, but a text" * 1000)
    with caplog.at_level(logging.ERROR):
        made = create_app(settings)
    assert "is damaged. Stop the portal, and restore the last backup" in caplog.text
    made.test_client_class = Browser
    return made


def test_a_damaged_database_has_its_sentence_and_the_rest_goes_on(
    damaged: Flask, tmp_path: Path
) -> None:
    client = damaged.test_client()
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/sign-in").status_code == 200
    with client.session_transaction(base_url=ORIGIN) as cookies:
        cookies["login"] = "a token"
    answer = client.get("/sign-in")
    assert (answer.status_code, "database is damaged" in answer.text) == (503, True)
    assert str(tmp_path) not in answer.text


def test_a_full_disk_has_its_sentence_and_reading_goes_on(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client, "eva@example.com")
    engine = app.extensions["database"].engine
    engine.dispose()
    # What SQLite itself says of a full disk, without one.
    event.listen(engine, "connect", lambda to, _record: to.execute("PRAGMA max_page_count = 1"))
    page = client.get("/sign-in/link/x").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    for number in range(60):
        form = {"csrf_token": token, "email": f"a{number}@example.com"}
        headers = {"Referer": ORIGIN + "/", "X-Forwarded-For": f"192.0.{number}.1"}
        answer = client.post("/sign-in/email", data=form, headers=headers)
        if answer.status_code != 303:
            break
    assert answer.status_code == 503
    assert "disk of the portal&#39;s database is full" in answer.text
    assert client.get("/sign-in").status_code == 303
