"""The day of a newcomer, in Debian's Chromium: a provider, a broker and a laptop, all of them real.

Nothing is waited for but what a page shows.
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from rig.browser import BrowserMissingError, browser
from rig.hosts import Host, Run, wait_for
from rig.identity_provider import ProviderError, ProviderProcess, handed_on
from tests.system.deploy import Broker
from tests.system.laptop.laptops import boot_laptop, publish
from tests.unseen import NO_BROWSER

pytestmark = [pytest.mark.system, pytest.mark.timeout(1200)]

NEWCOMER = "nora"
PEOPLE = {
    name: {"name": name.title(), "email": f"{name}@example.com", "email_verified": True}
    for name in (NEWCOMER, "boss")
}
TABLES = """\
  - {id: shop.cities, primary_key: city_id, dataset: sales, description: Where we sell}
  - {id: hr.salaries, primary_key: person_id, access: private}
"""
PARTS = ("--tags", "app,accounts_socket,publishing_socket,nginx,portal")
HREFS = "all => all.map(one => one.pathname + one.search)"
SECONDS = 120_000  # of a page that shows what a host does, in milliseconds

# Presses Enter at each prompt.
TERMINAL = """
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "-c", sys.argv[1]])
line = b""
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    os.write(1, read)
    line = (line + read).rpartition(b"\\n")[2]
    if line.endswith(b": "):
        os.write(terminal, b"\\n")
        line = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@dataclass(frozen=True)
class Office:
    """A broker with its portal, an analyst's laptop, and browsers for people."""

    broker: Broker
    laptop: Host
    origin: str
    chromium: Browser
    failed: list[str] = field(default_factory=list)

    def arrive(self, person: str, *, javascript: bool = True) -> Page:
        """A browser of this person's own, signed in by the provider."""
        context = self.chromium.new_context(
            ignore_https_errors=True, java_script_enabled=javascript, base_url=self.origin
        )
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        page.on("response", lambda one: self._note(one.status > 400, one.url, str(one.status)))
        page.on("console", lambda one: self._note(True, one.location["url"], one.text))
        page.goto("/")
        page.get_by_role("link", name="Sign in with the test").click()
        page.get_by_role("button", name=person.title()).click()
        page.wait_for_url(f"{self.origin}/**")
        return page

    def _note(self, is_wrong: bool, url: str, what: str) -> None:
        """What of the portal's own failed in a browser."""
        if is_wrong and url.startswith(self.origin):
            self.failed.append(f"{url}: {what}")

    def type(self, command: str) -> str:
        """Type a command at a terminal of the laptop, and Enter where it asks; what it wrote."""
        line = shlex.join(["python3", "-c", TERMINAL, command])
        done = self.laptop.exec("runuser", "-l", NEWCOMER, "-c", line, check=False, timeout=600)
        return done.stdout.replace("\r\n", "\n")


@pytest.fixture
def laptop(hosts_run: Run) -> Iterator[Host]:
    """A laptop with a person who has no key yet."""
    host = boot_laptop(hosts_run, "laptop-newcomer")
    host.exec("useradd", "--create-home", "--shell", "/bin/bash", NEWCOMER)
    yield host
    hosts_run.remove("laptop-newcomer")


@pytest.fixture
def chromium(laptop: Host) -> Iterator[Browser]:
    """In the network of the laptop: that of this machine changes with each host that boots, at
    which Chromium gives up its connections."""
    try:
        with browser(("nsenter", f"--net=/proc/{laptop.running()}/ns/net", "--")) as started:
            yield started
    except BrowserMissingError as error:
        pytest.skip(f"{NO_BROWSER}{error}")


@pytest.fixture
def provider(
    hosts_run: Run, deployed: Broker, laptop: Host
) -> Iterator[tuple[ProviderProcess, str]]:
    """The same issuer for the portal and for the browser; and the secret of the portal there."""
    secret = secrets.token_urlsafe(24)
    callback = f"https://{deployed.host.address}/sign-in/test/callback"
    gateway = str(hosts_run.network().gateway)
    try:
        process = ProviderProcess([callback], client_secret=secret, people=PEOPLE, beside=[gateway])
    except ProviderError as error:
        pytest.skip(f"{NO_BROWSER}the identity provider cannot be had: {error}")
    for host in (deployed.host, laptop):
        host.exec("sh", "-ec", handed_on(process.issuer, gateway))
    yield process, secret
    process.stop()


@pytest.fixture
def office(
    deployed: Broker, laptop: Host, provider: tuple[ProviderProcess, str], chromium: Browser
) -> Office:
    process, secret = provider
    address = deployed.host.address
    test = {"name": "test", "title": "the test", "issuer": process.issuer, "client_id": "portal"}
    settings = {
        "broker_portal_enabled": True,
        "broker_instance": {"name": "Acme data", "origin": f"https://{address}"},
        "broker_server": {"host": address},
        "broker_datasets": {"sales": {"label": "Sales"}},
        "broker_auth": {
            "allowed_domain": "example.com",
            "admins": "boss@example.com",
            "providers": [{**test, "client_secret": "${TEST_SECRET}", "trusted": True}],
        },
        "broker_portal_secrets": {"TEST_SECRET": secret},
    }
    deployed.play("site.yml", "-e", json.dumps(settings), *PARTS)
    files = {"cities.csv": "city_id,name\n1,Brno\n2,Plzen\n", "salaries.csv": "person_id\n7\n"}
    publish(deployed.host, TABLES, files)
    return Office(deployed, laptop, f"https://{address}", chromium)


def test_a_newcomer_gets_going_sees_the_data_and_leaves(office: Office) -> None:
    page, admin = office.arrive(NEWCOMER), office.arrive("boss")
    _gets_a_key_and_pulls(office, page)
    _browses(page)
    _changes_a_setting(page)
    _is_granted_a_class(page, admin)
    _sees_what_the_admin_lets_run(office, page, admin)
    _reads_every_page_without_javascript(office)
    assert office.failed == []
    _leaves(office, page, admin)


def _gets_a_key_and_pulls(office: Office, page: Page) -> None:
    """By the commands that the page shows, and no others; then the page goes on by itself."""
    assert page.url == f"{office.origin}/welcome"
    expect(page.get_by_text(f"will be called {NEWCOMER}")).to_be_visible()
    commands = page.locator("#key h3", has_text="On Linux").locator("xpath=following-sibling::*")
    make, show = commands.locator("pre").all_inner_texts()[:2]
    office.type(make)
    page.get_by_label("Public key").fill(office.type(show))
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("the host accepts it")).to_be_visible()
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    written = office.type(page.locator("#contact").inner_text())
    assert re.search(r"generation \S+: 1 table", written), written
    expect(page.locator("#first").get_by_text("done", exact=True)).to_be_visible(timeout=SECONDS)


def _browses(page: Page) -> None:
    page.get_by_role("link", name="Go to your first page").click()
    expect(page.get_by_role("heading", name="Hello, Nora")).to_be_visible()
    page.get_by_role("link", name="Catalog").first.click()
    expect(page.get_by_role("main")).not_to_contain_text("salaries")
    page.get_by_role("main").get_by_role("link", name="cities").first.click()
    expect(page.get_by_role("heading", name="cities", exact=True)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Brno")


def _changes_a_setting(page: Page) -> None:
    page.goto("/datasets")
    page.get_by_label("Sales").uncheck()
    page.get_by_role("main").locator("form button.first").click()
    expect(page.get_by_label("Sales")).not_to_be_checked()
    expect(page.get_by_text("left out", exact=True).first).to_be_visible()


def _is_granted_a_class(page: Page, admin: Page) -> None:
    page.goto("/access")
    page.get_by_label("Class").select_option("private")
    page.get_by_label("What for").fill("The yearly report.")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    admin.goto("/admin/requests")
    expect(admin.get_by_text("The yearly report.")).to_be_visible()
    admin.get_by_role("button", name="Grant").click()
    expect(admin.get_by_text("No request waits.")).to_be_visible()
    page.reload()
    expect(page.locator("ul.chips")).to_contain_text("private")
    page.goto("/catalog")
    expect(page.get_by_role("main")).to_contain_text("salaries")


def _sees_what_the_admin_lets_run(office: Office, page: Page, admin: Page) -> None:
    cities = office.broker.host.root / "data/input/cities.csv"
    cities.write_text("city_id,name\n1,Brno\n2,Plzen\n3,Ostrava\n")
    admin.goto("/admin/syncs")
    admin.get_by_role("button", name="Run now").click()

    def shows_the_new_row() -> bool:
        page.goto("/catalog/table/shop/cities")
        return "Ostrava" in page.get_by_role("main").inner_text()

    wait_for("the page of the table with the new row", shows_the_new_row, seconds=120)


def _reads_every_page_without_javascript(office: Office) -> None:
    """Each page that a link leads to from the first one, as an analyst."""
    page = office.arrive(NEWCOMER, javascript=False)
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert page.locator("h1").count() == 1, path
        links = page.locator("a[href^='/']").evaluate_all(HREFS)
        found = {one for one in links if not one.startswith(("/static", "/brand", "/api"))} - seen
        seen |= found
        waiting += found
    assert {"/catalog/table/hr/salaries", "/keys", "/datasets", "/activity"} <= seen
    page.context.close()


def _leaves(office: Office, page: Page, admin: Page) -> None:
    admin.goto("/admin/people")
    admin.get_by_role("link", name=re.compile(f"^{NEWCOMER}", re.IGNORECASE)).first.click()
    admin.locator("summary", has_text="Off-board").click()
    admin.get_by_role("button", name="Off-board").click()
    expect(admin.get_by_text("No access is left")).to_be_visible()
    page.goto("/")
    page.wait_for_url("**/sign-in**")
    page.get_by_role("link", name="Sign in with the test").click()
    expect(page.get_by_role("heading", name="Hello")).to_have_count(0)
    assert page.goto("/catalog").url.partition("?")[0].endswith("/sign-in")  # type: ignore[union-attr]
    again = office.type("cd ~/data-broker && bash server/scripts/sync_data.sh; echo code $?")
    assert "code 0" not in again
    assert office.broker.host.run(f"id {NEWCOMER}", check=False).returncode != 0
