"""A newcomer's way from signing in to the first pull."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import parse_request
from broker.accounts.records.names import check_name
from broker.accounts.service.client import Client
from broker.audit.reading import read_log
from broker.errors import AccountsError
from broker.hostpaths import AUDIT_LOG
from broker.portal.acts.accounts import AccountActs
from broker.portal.acts.host import use_host
from broker.portal.database.models import PortalPerson
from broker.portal.pages.welcome import ordered_commands
from broker.portal.registration import register
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
CLEO = public_key("cleo")


def test_from_no_account_to_the_first_pull(portal: Scene) -> None:
    browser = portal.browser("cleo")
    assert browser.get("/").location == "/welcome"
    page = browser.get("/welcome").text
    assert "will be called <strong><code>cleo</code>" in page
    assert browser.get("/welcome/progress").json == {"step": "key"}
    kind, body, *_ = CLEO.split()
    answer = browser.post("/welcome/key", data={"key": f"{kind} {body[:20]}\n  {body[20:]} desk"})
    assert (answer.status_code, answer.location) == (303, "/welcome#laptop")
    page = browser.get("/welcome").text
    assert "the host accepts it" in page
    assert "cleo@data.example.com" in page
    assert "The host knows of no pull of yours" in page
    assert 'http-equiv="refresh"' in page
    assert browser.get("/welcome/progress").json == {"step": "sync"}
    assert portal.door.classes("cleo") == {"public"}
    portal.door.pulled["cleo"] = "2026-11-30T12:00:00Z"
    portal.app.extensions["host_acts"].accounts.analyst_now("cleo")
    assert browser.get("/welcome/progress").json == {"step": "done"}
    page = browser.get("/welcome").text
    assert 'http-equiv="refresh"' not in page
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(("system", "is_open"), [("Windows NT 10.0", True), ("X11; Linux", False)])
def test_people_on_windows_get_the_lines_for_it(portal: Scene, system: str, is_open: bool) -> None:
    page = portal.browser("bob").get("/welcome", headers={"User-Agent": f"Mozilla/5.0 ({system})"})
    html = unescape(page.text)
    (_, commands) = html.split("<summary>On Windows without WSL</summary>")
    assert (("<details open>" in html), "On Windows with WSL, paste it there" in html) == (
        is_open,
        True,
    )
    assert r"server\scripts\sync_data.cmd bob@data.example.com" in commands
    assert f"echo data-broker {' '.join(public_key('host').split()[:2])}\n" in commands
    assert f"echo data-broker {' '.join(public_key('signer').split()[:2])}\n" in commands


def test_who_loads_the_page_again_and_again_keeps_the_helper_free_for_others(
    portal: Scene,
) -> None:
    browser = portal.browser("bob")
    browser.get("/welcome")
    before = len(read_log(portal.door.layout.at(AUDIT_LOG)).events)
    for _ in range(5):
        assert "data.example.com" in browser.get("/welcome").text
    assert len(read_log(portal.door.layout.at(AUDIT_LOG)).events) == before


def test_a_step_that_another_process_has_done_is_not_shown_again(portal: Scene) -> None:
    browser, first = portal.browser("cleo"), portal.app.extensions["host_acts"]
    door = portal.door.path
    other = AccountActs(lambda behalf: Client(door, behalf=behalf), "10000 per minute")
    use_host(portal.app, replace(first, accounts=other))
    assert "Use this key" in browser.get("/welcome").text
    use_host(portal.app, first)
    browser.post("/welcome/key", data={"key": CLEO})
    use_host(portal.app, replace(first, accounts=other))
    for _ in range(2):
        assert browser.get("/welcome/progress").json == {"step": "sync"}
        page = browser.get("/welcome").text
        assert "the host accepts it" in page
        assert "Use this key" not in page
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page


def test_a_key_that_another_process_has_taken_counts_at_once(portal: Scene) -> None:
    """Of an account that is there already, without a key that is accepted."""
    browser, first = portal.browser("bob"), portal.app.extensions["host_acts"]
    (bob,) = list_analysts(portal.door.host, "bob")
    first.accounts.revoke_key(
        "bob@example.com", portal.door.id("bob"), bob["keys"][0]["fingerprint"]
    )
    door = portal.door.path
    other = AccountActs(lambda behalf: Client(door, behalf=behalf), "10000 per minute")
    use_host(portal.app, replace(first, accounts=other))
    assert "Use this key" in browser.get("/welcome").text
    use_host(portal.app, first)
    browser.post("/welcome/key", data={"key": public_key("bob again")})
    use_host(portal.app, replace(first, accounts=other))
    assert "Use this key" not in browser.get("/welcome").text


def test_a_private_key_is_refused_with_a_warning_and_never_shown_again(portal: Scene) -> None:
    browser = portal.browser("cleo")
    text = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END"
    browser.post("/welcome/key", data={"key": text})
    page = browser.get("/welcome").text
    assert "this is a private key" in page
    assert "Treat it as lost" in page
    assert "b3BlbnNz" not in page
    assert portal.door.classes("cleo") is None


def test_an_account_that_the_operators_made_for_the_address_is_taken_over(portal: Scene) -> None:
    portal.door.add("cmueller", email="Cleo@Example.com", classes=["private"])
    browser = portal.browser("cleo")
    assert "<code>cmueller</code>" in browser.get("/welcome").text
    browser.post("/welcome/key", data={"key": CLEO})
    viewer = portal.viewer("cleo")
    assert viewer is not None
    assert viewer.account == "cmueller"
    assert portal.door.classes("cmueller") == {"public", "private"}


def test_who_came_by_an_untrusted_door_takes_over_no_account(portal: Scene) -> None:
    portal.door.add("cmueller", email="cleo@example.com", classes=["private"])
    portal.is_trusted = False
    browser = portal.browser("cleo")
    assert "<code>cmueller</code>" not in browser.get("/welcome").text
    browser.post("/welcome/key", data={"key": CLEO})
    viewer = portal.viewer("cleo")
    assert viewer is not None
    assert viewer.account not in (None, "cmueller")
    assert portal.door.classes(viewer.account or "") == {"public"}


def test_who_is_removed_while_they_register_gets_no_account(portal: Scene) -> None:
    """Before the host is asked, and while it answers."""
    viewer = portal.viewer("cleo")
    assert viewer is not None
    host, instance = portal.app.extensions["host_acts"], portal.app.extensions["portal"].instance
    key = parse_key(CLEO, where="cleo")
    for hook in ("analysts", "register"):
        portal.restore("cleo")
        whole = getattr(AccountActs, hook)

        def removing(*words: Any, _whole: Any = whole, **more: Any) -> Any:
            done = _whole(*words, **more)
            portal.remove("cleo")
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AccountActs, hook, removing)
            with pytest.raises(AccountsError, match="removed from the portal"):
                register(portal.database, host, viewer, key, instance)
        assert portal.door.classes("cleo") is None, hook


def test_the_account_of_another_person_is_never_given(portal: Scene) -> None:
    portal.door.add("cleo", email="another@example.com", classes=["private"])
    portal.browser("cleo").post("/welcome/key", data={"key": public_key("her own")})
    viewer = portal.viewer("cleo")
    assert viewer is not None
    assert viewer.account not in (None, "cleo")
    assert portal.door.classes(viewer.account or "") == {"public"}


def test_a_name_that_the_host_has_is_not_given_and_whose_it_is_is_not_said(portal: Scene) -> None:
    """Neither that of the system's accounts, nor that of other people."""
    portal.door.names.add("cleo")
    page = portal.browser("cleo").get("/welcome").text
    assert "<code>cleo-example</code></strong>. The name cleo is in use." in page
    portal.browser("cleo").post("/welcome/key", data={"key": CLEO})
    assert portal.door.classes("cleo") is None
    assert portal.door.classes("cleo-example") == {"public"}


def test_a_name_of_the_configuration_is_for_who_came_by_a_trusted_door(portal: Scene) -> None:
    portal.app.extensions["portal"].instance.username_mapping["cleo"] = "cmueller"
    assert "<code>cmueller</code>" in portal.browser("cleo").get("/welcome").text
    portal.is_trusted = False
    assert "<code>cmueller</code>" not in portal.browser("cleo").get("/welcome").text


def test_of_two_who_get_a_name_at_once_one_is_refused(portal: Scene) -> None:
    viewer = portal.viewer("cleo")
    assert viewer is not None
    host, instance = portal.app.extensions["host_acts"], portal.app.extensions["portal"].instance
    whole = host.classes.has_name

    def late(name: str) -> bool:
        with portal.database.begin() as session:
            session.get_one(PortalPerson, portal.people["dora"]).account = "cleo"
        return bool(whole(name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portal.door, "has_name", late)
        with pytest.raises(AccountsError, match="another person got this account name just now"):
            register(portal.database, host, viewer, parse_key(CLEO, where="cleo"), instance)
    assert portal.door.classes("cleo") is None


def test_a_refusal_of_the_host_leaves_no_account_behind(portal: Scene) -> None:
    portal.door.close()
    browser = portal.browser("cleo")
    browser.post("/welcome/key", data={"key": CLEO})
    viewer = portal.viewer("cleo")
    assert viewer is not None
    assert viewer.account is None
    assert "does not answer" in browser.get("/welcome").text


def test_who_was_removed_from_the_host_does_not_register_again(portal: Scene) -> None:
    converge([parse_request("bob", state="absent")], portal.door.host)
    browser = portal.browser("bob")
    browser.post("/welcome/key", data={"key": public_key("bob2")})
    assert "was removed from the host" in browser.get("/welcome").text
    assert portal.door.classes("bob") is None


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows with WSL"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
    ],
)
def test_the_command_of_the_own_system_comes_first_and_the_others_follow(
    agent: str, first: str
) -> None:
    found = [one.system for one in ordered_commands(agent)]
    assert found[0] == first
    assert sorted(found) == ["Linux", "Windows with WSL", "Windows without WSL", "macOS"]


def test_names_that_are_suggested_are_valid(portal: Scene) -> None:
    for name in ("root", "data", "1st", "x" * 60):
        portal.people.pop(name, None)
        portal.add(name)
        page = portal.browser(name).get("/welcome").text
        found = re.search(r"will be called <strong><code>([^<]+)</code>", page)
        assert found is not None
        try:
            check_name(found[1])
        except AccountsError as error:  # pragma: no cover - the failure
            pytest.fail(str(error))
