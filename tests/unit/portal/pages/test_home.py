"""The first page: how fresh what I read is, my laptop, and what changed since I was here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker.catalog.model import CatalogTable
from broker.manifest import Status
from broker.portal.acts.accounts import AccountActs
from broker.portal.acts.facts import CertificateOfKey
from tests.unit.catalog import example
from tests.unit.portal.conftest import ORIGIN
from tests.unit.portal.scene import Scene, scene

from .reading_html import read, words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
HOUR = timedelta(hours=1)


def table_now(at: int, one: CatalogTable, now: datetime) -> CatalogTable:
    """Of the tables: 0 is fresh, 3 and 12 are late, 6 was not loaded, 9 has no promise."""
    since, promise, status = {
        0: (now - HOUR, 86_400, Status.OK),
        3: (now - 50 * HOUR, 86_400, Status.OK),
        12: (now - 26 * HOUR, 86_400, Status.OK),
        6: (now - HOUR, 86_400, Status.FAILED),
    }.get(at, (now - HOUR, None, Status.OK))
    changed = now - 10 * HOUR if at else now - timedelta(minutes=10)
    return replace(
        one,
        as_of=since,
        loaded_at=since,
        changed_at=changed,
        freshness_seconds=promise,
        status=status,
    )


@pytest.fixture
def recent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Bob reads five public tables of each kind."""
    whole, now = example._table, datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(
        example, "_table", lambda at, *given, **more: table_now(at, whole(at, *given, **more), now)
    )
    with scene(tables=13) as made:
        made.door.add("bob", email="bob@example.com")
        made.add("bob", "bob")
        made.add("dora", admin=True)
        yield made


def facts(html: str) -> dict[str, str]:
    """The figures at the top by their title."""
    found = read(html)
    return dict(
        zip(
            [one.text for one in found.all("dt")],
            [" ".join(one.text.split()) for one in found.all("dd")],
            strict=True,
        )
    )


def came_before(browser: FlaskClient, ago: timedelta) -> None:
    """This browser was here so long ago, and not since."""
    with browser.session_transaction(base_url=ORIGIN) as cookies:
        cookies["visit.last"] = (datetime.now(UTC) - ago).isoformat()


def test_freshness_is_counted_and_what_needs_attention_comes_first(recent: Scene) -> None:
    html = recent.browser("bob").get("/").text
    found = facts(html)
    assert found["Tables you may read"].startswith("5")
    assert found["As fresh as promised"] == "1" + "2 late, 1 not loaded"
    rows = read(html).rows("Freshness of tables")
    assert [row[0] for row in rows] == ["table_6", "table_12", "table_3", "table_0", "table_9"]
    assert ["late" in row[1] for row in rows] == [False, True, True, False, False]
    assert [row[2] for row in rows] == ["1 d", "1 d", "1 d", "1 d", "none"]
    assert "last load failed" in rows[0][1]


def test_what_changed_since_the_last_visit_is_named(recent: Scene) -> None:
    browser = recent.browser("bob")
    assert "Since your last visit" not in browser.get("/").text
    came_before(browser, 2 * HOUR)
    page = words(browser.get("/").text)
    assert "Since your last visit 2 h ago" in page
    assert "1 table with other rows: table_0" in page.replace(" :", ":")
    came_before(browser, timedelta(minutes=31))
    assert "table_0" in words(browser.get("/").text).split("Freshness")[0]
    other = recent.browser("bob")
    came_before(other, timedelta(minutes=29))  # the same visit goes on
    assert "Since your last visit" not in other.get("/").text


def test_without_a_catalog_what_changed_is_not_known(recent: Scene) -> None:
    browser = recent.browser("bob")
    came_before(browser, timedelta(minutes=31))
    store = recent.app.extensions["portal"].store
    (store / "current").unlink()
    assert "Which tables have other rows is not known" in browser.get("/").text


def test_a_decided_request_is_named_once_it_is_decided(recent: Scene) -> None:
    browser = recent.browser("bob")
    browser.post("/access/request", data={"class": "private", "reason": "a report"})
    came_before(browser, 2 * HOUR)
    assert "Your request for" not in words(browser.get("/").text)
    form = {"answer": "grant", "comment": "until May"}
    recent.browser("dora").post("/admin/requests/1", data=form)
    page = words(browser.get("/").text)
    assert "Your request for private was granted" in page
    assert "until May" in page
    late = recent.browser("bob")
    came_before(late, -2 * HOUR)  # a visit after it was decided
    assert "Your request for" not in words(late.get("/").text)


def test_the_laptop_keys_tokens_and_certificates_are_those_of_the_host(
    recent: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, now = recent.browser("bob"), datetime.now(UTC)
    assert facts(browser.get("/").text)["Your last pull"].startswith("none")
    assert "You have not pulled yet" in browser.get("/").text
    recent.door.pulled["bob"] = (now - 3 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    accounts = recent.app.extensions["host_acts"].accounts
    known = accounts.analyst_now("bob")
    recent.token("bob")
    end = now + HOUR
    monkeypatch.setattr(AccountActs, "analyst", lambda *_, **__: certified(known, end))
    html = browser.get("/").text
    found = facts(html)
    assert found["Your last pull"].startswith("3 h ago")
    assert found["Your keys"].startswith("1")
    assert found["Your tokens"].startswith("1")
    assert "You have not pulled yet" not in html
    assert "Serial 17 for SHA256:abc" in words(html)
    assert end.strftime("%Y-%m-%d %H:%M UTC") in words(html)


def certified(known: Any, until: datetime) -> Any:
    """The same analyst with a certificate that counts."""
    return replace(known, certificates=(CertificateOfKey(17, "SHA256:abc", until),))
