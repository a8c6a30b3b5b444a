"""Every page is reached by links, answers, and stays small, whatever there is to show."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from broker.portal.acts.accounts import AccountActs
from broker.portal.database.models import PortalPerson
from tests.unit.catalog.example import GENERATION
from tests.unit.portal.scene import Scene, scene

from .reading_html import crawl, read

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")

BEFORE = "2026-11-29T120000Z-0001"
MOST = 150_000  # bytes of a page as they are transferred, with all files that it names
MOST_OF_A_KIND = 6  # pages of one endpoint, of which there may be a thousand
NO_LINK = {
    "catalog.search": "the form at the top of each page",
    "welcome.step": "the script of the page asks it",
    "signing_in.choose": "who is signed in is sent to the first page",
    "signing_in.begin": "a button of the page for signing in",
    "signing_in.come_back": "the provider sends people there",
    "signing_in.open_link": "the link stands in an e-mail",
    "signing_in.link_sent": "the form of the page for signing in leads there",
    "files.static": "the head of each page names them",
    "files.brand": "the head of each page names them",
    "health.answers": "monitoring",
    "health.ready": "monitoring",
    "health.figures": "monitoring",
}
"""Pages that no link leads to, each with what does."""
OF_A_TABLE = {"catalog.in_folder", "catalog.table", "catalog.column", "metrics.metric"}
"""Pages that there are only where there is a table."""
HOST = {
    "syncs": {
        "ended": [{"outcome": "fine", "generation": GENERATION, "invocation": "0" * 32}],
        "failures": 0,
    },
    "log": {"lines": [], "hidden": 0, "is_cut": False},
    "generations": [
        {"generation": BEFORE, "current": False, "error": None, "tables": 3},
        {"generation": GENERATION, "current": True, "error": None, "tables": 3},
    ],
    "units": [{"unit": "broker-sync.service", "load": "loaded", "active": "active"}],
    "more_readers": [],
    "audit": {"events": [], "matches": 0, "garbled": 0},
}


@dataclass
class Crawled:
    """Pages by their endpoint; ``odd`` are those that did not answer with 200, or are large."""

    portal: Scene
    who: str
    endpoints: set[str] = field(default_factory=set)
    odd: dict[str, object] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _files: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for address, status, html in crawl(
            self.portal.browser(self.who), "/", is_wanted=self._few_of_a_kind
        ):
            if status != 200:
                self.odd[address] = status
            elif (size := self._transferred(html)) > MOST:
                self.odd[address] = size

    def _few_of_a_kind(self, address: str) -> bool:
        adapter = self.portal.app.url_map.bind("")
        endpoint, _ = adapter.match(address.partition("?")[0], query_args="")
        self.endpoints.add(str(endpoint))
        self._counts[str(endpoint)] = self._counts.get(str(endpoint), 0) + 1
        return self._counts[str(endpoint)] <= MOST_OF_A_KIND

    def _transferred(self, html: str) -> int:
        """The bytes of a page and of its style, script and pictures, compressed."""
        page = read(html)
        files = {one.attributes.get("href") for one in page.all("link")}
        files |= {one.attributes.get("src") for one in (*page.all("script"), *page.all("img"))}
        for name in map(str, files - self._files.keys()):
            self._files[name] = compressed(self.portal.browser(None).get(name).data)
        return compressed(html.encode()) + sum(self._files[str(name)] for name in files)


def compressed(body: bytes) -> int:
    """As nginx does it, with a little effort."""
    return len(gzip.compress(body, 5))


def pages_of(portal: Scene, *, admin: bool) -> set[str]:
    """The endpoints of a person's pages."""
    return {
        str(rule.endpoint)
        for rule in portal.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.endpoint.startswith("api.")
        and (admin or not rule.endpoint.startswith("admin."))
    }


@contextmanager
def filled(tables: int, people: int = 0) -> Iterator[Scene]:
    """Anna, who has pulled and asked for a class, Dora, an admin, and others.

    So many ``people`` signed in, and the host has as many analysts who did not.
    """
    names = [f"analyst-{number:03}" for number in range(people)]
    with scene(tables=tables) as made, pytest.MonkeyPatch.context() as patch:
        made.door.add("anna", email="anna@example.com", classes=["private"])
        made.door.pulled["anna"] = "2026-11-30T12:00:00Z"
        made.add("anna", "anna")
        made.add("dora", admin=True)
        made.publishing.answers |= HOST
        form = {"class": "finance", "reason": "the yearly report"}
        made.browser("anna").post("/access/request", data=form)
        with made.database.begin() as session:
            session.add_all(
                PortalPerson(
                    email=f"person.of.the.house.{name}@example.com",
                    name=f"Person of the house {name}",
                    created_at=datetime.now(UTC),
                )
                for name in names
            )
        known = made.app.extensions["host_acts"].accounts.analysts()
        others = (
            replace(known[0], name=name, uid=3000 + number, email=f"{name}@example.com", keys=())
            for number, name in enumerate(names)
        )
        facts = (*known, *others)
        patch.setattr(AccountActs, "analysts", lambda *_, **__: facts)
        yield made


@pytest.mark.parametrize(("tables", "people"), [(0, 0), (1, 0), (1_000, 500)])
def test_every_page_is_reached_by_links_and_stays_small(tables: int, people: int) -> None:
    with filled(tables, people) as portal:
        every = pages_of(portal, admin=True)
        assert NO_LINK.keys() <= every
        of_tables = set() if tables else every & OF_A_TABLE
        for who in ("anna", "dora"):
            found = Crawled(portal, who)
            assert found.odd == {}
            wanted = pages_of(portal, admin=who == "dora") - NO_LINK.keys()
            assert wanted - found.endpoints == of_tables
        pages = range(1, 2 + 2 * people // 100)
        dora = portal.browser("dora")
        listed = "".join(dora.get(f"/admin/people?page={one}").text for one in pages)
        assert all(f"/admin/accounts/analyst-{one:03}" in listed for one in range(people))


def test_before_anything_was_published_each_page_answers() -> None:
    with filled(0) as portal:
        (portal.app.extensions["portal"].store / "current").unlink()
        for who in ("anna", "dora"):
            found = Crawled(portal, who)
            assert found.odd == {}
            assert len(found.endpoints) >= 9
