"""Signing in through a real provider and a real mail server, at a portal that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from broker.portal.database.engine import Database
from broker.portal.database.models import LoginSession, PortalPerson, SignInIdentity
from broker.portal.database.upgrade import upgrade
from rig.identity_provider import ProviderProcess
from tests.documented import documented

from ..running import Browser, RunningPortal, free_port
from .mailbox import Mailbox

pytestmark = pytest.mark.xdist_group("portal-sign-in")
IN = "/sign-in?next=/healthz"
BROKER = Path(sys.executable).with_name("broker")


def is_signed_in(browser: Browser) -> bool:
    """The sign-in page sends on who is signed in."""
    return browser.get(IN).text == "ok\n"


def state(portal: RunningPortal) -> Database:
    return Database(f"sqlite:///{portal.state / 'portal.sqlite3'}")


def test_a_person_signs_in_by_the_provider_and_out_again(
    portal: RunningPortal, browser: Browser, provider: ProviderProcess
) -> None:
    assert not is_signed_in(browser)
    done = browser.choose_person("1001", "/sign-in/demo?next=/healthz")
    assert (done.url, done.text) == (f"{portal.origin}/healthz", "ok\n")
    assert is_signed_in(browser)
    with state(portal).read() as session:
        ann = select(SignInIdentity).where(SignInIdentity.subject == "1001")
        identity = session.scalars(ann).one()
        assert (identity.issuer, identity.subject) == (provider.issuer, "1001")
        assert (identity.person.email, identity.person.name) == ("ann@example.com", "Ann Lee")
    out = Browser(portal.origin)
    out.cookies.update(browser.cookies)
    page = browser.get("/sign-in/link/x")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    left = browser.post("/sign-out", data={"csrf_token": token[1]})
    assert "You are signed out" in left.text
    assert not is_signed_in(browser)
    assert not is_signed_in(out)  # nor by a copy of the cookie


def test_who_is_not_of_the_company_is_refused_with_the_reason(
    portal: RunningPortal, browser: Browser
) -> None:
    reasons = {
        "1004": (403, "is not one that may sign in here"),
        "1005": (403, "did not verify your e-mail address"),
        "": (403, "declined the sign-in"),
    }
    for subject, (status, sentence) in reasons.items():
        refused = Browser(portal.origin).choose_person(subject)
        assert (refused.status_code, sentence in refused.text) == (status, True), refused.text
        assert "No one of these people" not in refused.text
    assert browser.choose_person("1003", "/sign-in/demo?next=/healthz").text == "ok\n"


def test_what_came_back_once_is_worth_nothing_afterwards(
    portal: RunningPortal, browser: Browser
) -> None:
    done = browser.choose_person("1001", "/sign-in/demo?next=/healthz")
    callback = next(one.url for one in done.history if "/callback?" in one.url)
    for again in (browser, Browser(portal.origin)):
        refused = again.get(callback)
        assert (refused.status_code, "not begun in this browser" in refused.text) == (400, True)
    # A code that is used up, with a state that is fresh: the provider itself refuses.
    code = re.search(r"code=([^&]+)", callback)
    begun = Browser(portal.origin)
    location = begun.get("/sign-in/demo", allow_redirects=False).headers["Location"]
    fresh = re.search(r"state=([^&]+)", location)
    issuer = re.search(r"iss=([^&]+)", callback)
    assert code is not None
    assert fresh is not None
    assert issuer is not None
    url = f"/sign-in/demo/callback?code={code[1]}&state={fresh[1]}&iss={issuer[1]}"
    late = begun.get(url)
    assert (late.status_code, "took too long" in late.text) == (400, True)


def test_a_person_outside_signs_in_by_a_mailed_link(
    portal: RunningPortal, browser: Browser, mailbox: Mailbox
) -> None:
    sent = browser.submit(browser.get(IN), "/sign-in/email", email="Eva@Outside.com")
    assert "is on its way" in sent.text
    assert mailbox.arrived.acquire(timeout=60)
    message = message_from_string(mailbox.messages[-1], policy=default)
    assert message["To"] == "eva@outside.com"
    link = re.search(rf"{re.escape(portal.origin)}/sign-in/link/\S+", message.get_content())
    assert link is not None
    other = Browser(portal.origin)
    assert other.submit(other.get(link[0]), "/sign-in/link").url == f"{portal.origin}/healthz"
    again = Browser(portal.origin)
    refused = again.submit(again.get(link[0]), "/sign-in/link")
    assert (refused.status_code, "was used before" in refused.text) == (410, True)
    assert link[0].rpartition("/")[2] not in portal.log


def test_a_host_that_is_not_the_portal_s_is_refused(portal: RunningPortal) -> None:
    port = portal.origin.rpartition(":")[2]
    answer = requests.get(
        f"{portal.origin}/sign-in/demo",
        headers={"Host": f"evil.example:{port}"},
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 421
    assert "evil.example" not in answer.text


def test_the_console_lets_an_admin_in_and_sessions_outlast_a_kill(
    portal: RunningPortal, browser: Browser
) -> None:
    (command,) = documented("portal-admin")
    words = command.replace("sudo broker", "").split()
    words = [word.replace("boss@example.com", "root@elsewhere.com") for word in words]
    done = subprocess.run(
        [BROKER, *words, "--config", portal.config, "--state", portal.state],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    assert link.startswith(f"{portal.origin}/sign-in/link/")
    browser.submit(browser.get(link), "/sign-in/link")
    with state(portal).read() as session:
        person = session.scalars(
            select(PortalPerson).where(PortalPerson.email == "root@elsewhere.com")
        ).one()
        assert person.is_admin
    portal.stop(kill=True)
    portal.start()
    assert is_signed_in(browser)
    with state(portal).begin() as session:
        for found in session.scalars(select(LoginSession)):
            session.delete(found)
    assert not is_signed_in(browser)


def test_without_the_provider_others_sign_in_and_the_page_says_so(
    portal: RunningPortal, browser: Browser, provider: ProviderProcess, mailbox: Mailbox
) -> None:
    portal.stop()
    portal.start()
    provider.stop()
    try:
        failed = browser.get("/sign-in/demo")
        assert (failed.status_code, "does not answer" in failed.text) == (502, True)
        assert "Traceback" not in portal.log
        browser.submit(browser.get(IN), "/sign-in/email", email="eva@outside.com")
        assert mailbox.arrived.acquire(timeout=60)
    finally:
        provider.start()
    assert browser.choose_person("1001", "/sign-in/demo?next=/healthz").text == "ok\n"


def test_a_provider_that_has_a_new_key_is_asked_for_it(
    portal: RunningPortal, browser: Browser, provider: ProviderProcess
) -> None:
    assert browser.choose_person("1001", "/sign-in/demo?next=/healthz").text == "ok\n"
    provider.stop()
    provider.start()
    other = Browser(portal.origin)
    assert other.choose_person("1001", "/sign-in/demo?next=/healthz").text == "ok\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_root_makes_the_link_with_the_rights_of_the_portal_s_account(
    portal: RunningPortal, tmp_path: Path
) -> None:
    """What is in that folder is not root's to open, least of all through a link."""
    nobody = 65534
    folder = Path(tempfile.mkdtemp(prefix="portal-state-"))  # pytest's own is root's alone
    try:
        Database(f"sqlite:///{folder / 'portal.sqlite3'}", upgrade).ready()
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody, nobody)
        command = [BROKER, "portal", "admin", "a@b.de", "--config", portal.config]
        command += ["--state", folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert {path.stat().st_uid for path in folder.iterdir()} == {nobody}
        secret = tmp_path / "of_root"
        secret.write_bytes((folder / "portal.sqlite3").read_bytes())
        secret.chmod(0o600)
        (folder / "portal.sqlite3").unlink()
        (folder / "portal.sqlite3").symlink_to(secret)
        refused = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "look at its owner and mode" in refused.stderr
        assert "chown" not in refused.stderr
    finally:
        shutil.rmtree(folder)


def test_the_command_for_developers_starts_it(tmp_path: Path) -> None:
    (command,) = documented("portal-for-developers")
    port = free_port()
    config = tmp_path / "config"
    config.mkdir()
    origin = f"http://127.0.0.1:{port}"
    (config / "instance.yaml").write_text(f"instance: {{origin: '{origin}'}}\n")
    words = command.replace("./", f"{tmp_path}/").split()
    with subprocess.Popen([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == f"The portal is at {origin}\n"
        run.terminate()
    (config / "instance.yaml").write_text("instance: {origin: 'https://data.example.com'}\n")
    refused = subprocess.run(
        [sys.executable, *words[1:]], check=False, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "instance.yaml:1: this way of starting the portal serves this machine" in refused.stderr
