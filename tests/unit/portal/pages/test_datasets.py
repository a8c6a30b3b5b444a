"""Which datasets laptops get, as a person chooses them."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from broker.accounts.debian.activity import Activity
from broker.accounts.debian.settings_folder import read_chosen
from broker.accounts.manage import list_analysts
from broker.accounts.records.laptops import LaptopContact
from broker.accounts.service.client import Client
from broker.catalog.model import CatalogDataset, CatalogIndex, CatalogTable, Relation
from broker.foreign.dataset_choice import DatasetChoice
from broker.portal.acts.accounts import AccountActs
from broker.portal.acts.host import use_host
from broker.portal.datasets import dataset_states
from tests.unit.catalog.example import GENERATION, NOW
from tests.unit.portal.scene import Scene

SHA = "0" * 64


def index() -> CatalogIndex:
    return CatalogIndex(
        generation="2026-11-30T120000Z-0001",
        created_at=NOW,
        classes=("public",),
        tables=tuple(
            CatalogTable(path, path, path, path, "public", SHA, dataset=dataset)
            for path, dataset in (("a/orders", "crm"), ("a/customers", "base"))
        ),
        relations=(Relation("a/orders", "customer", "a/customers", "id"),),
        datasets=(
            CatalogDataset("crm", "CRM", requires=("base", "private"), tables=1, bytes=5),
            CatalogDataset("base", "Base", tables=1, bytes=7),
        ),
    )


def test_what_a_dataset_needs_and_refers_to_is_said() -> None:
    base, crm = dataset_states(index(), frozenset({"base"}))
    assert (crm.needs, crm.refers_to, crm.is_wanted) == (("base",), ("a/customers",), True)
    assert (base.needed_by, base.is_wanted) == (("crm",), False)


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
AT = "2026-11-30T11:00:00Z"
EVIL = "<b>mac</b>"


def laptop(choice: str, name: str = "annas-mac", code: int = 0) -> LaptopContact:
    return LaptopContact("0" * 16, name, choice, AT, None, AT, code)


def chosen(portal: Scene, account: str) -> DatasetChoice | None:
    layout = portal.door.layout
    return read_chosen(layout.at(layout.homes), account, portal.door.host.system)


def wanted(page: str) -> list[str]:
    return re.findall(r'name="wanted" value="([^"]+)" checked', page)


def test_a_choice_reaches_the_host_and_the_page_says_which_laptops_have_it(portal: Scene) -> None:
    browser = portal.browser("anna")
    names = wanted(browser.get("/datasets").text)
    assert len(names) >= 1
    assert browser.post("/datasets", data={}).status_code == 303
    choice = chosen(portal, "anna")
    assert choice is not None
    assert sorted(choice.without) == sorted(names)
    page = browser.get("/datasets").text
    assert wanted(page) == []
    assert "Unknown: the journal of the host" in page
    portal.door.seen["anna"] = Activity(
        None,
        AT,
        {},
        (
            laptop(choice.id),
            laptop("none", EVIL),
            laptop("own", "desk", 20),
            laptop("none", ""),
        ),
    )
    forget(portal)
    page = browser.get("/datasets").text
    states = re.findall(r">(reached|not yet|decides by itself|unknown)</span>", page)
    assert states == ["reached", "not yet", "decides by itself", "unknown"]
    assert "last transfer broke off" in page
    assert EVIL not in page
    assert "&lt;b&gt;mac&lt;/b&gt;" in page
    assert chosen(portal, "bob") is None
    assert wanted(portal.browser("bob").get("/datasets").text) != []


def test_a_choice_that_is_shown_is_that_of_the_host_and_not_of_this_process(portal: Scene) -> None:
    """Two workers of the portal: each has looked before the other one acted."""
    browser, first = portal.browser("anna"), portal.app.extensions["host_acts"]
    names = wanted(browser.get("/datasets").text)
    door = portal.door.path
    other = AccountActs(lambda behalf: Client(door, behalf=behalf), "10000 per minute")
    use_host(portal.app, replace(first, accounts=other))
    browser.get("/")
    use_host(portal.app, first)
    answer = browser.post("/datasets", data={"wanted": names[1:]})
    use_host(portal.app, replace(first, accounts=other))
    assert wanted(browser.get(answer.location).text) == names[1:]


def test_where_the_host_does_not_say_nothing_is_shown_as_chosen(portal: Scene) -> None:
    portal.door.close()
    page = portal.browser("anna").get("/datasets").text
    assert "The host does not say which datasets you chose" in page
    assert 'name="wanted"' not in page


def test_a_damaged_choice_is_said_and_can_be_made_anew(portal: Scene) -> None:
    browser = portal.browser("anna")
    browser.post("/datasets", data={})
    forget(portal)
    layout = portal.door.layout
    (layout.at(layout.home("anna")) / "server/settings/datasets.json").write_text("{")
    assert "cannot be read. Choose again." in browser.get("/datasets").text
    browser.post("/datasets", data={})
    assert "cannot be read" not in browser.get("/datasets").text


def test_without_an_account_there_is_no_laptop_to_choose_for(portal: Scene) -> None:
    browser = portal.browser("cleo")
    browser.post("/datasets", data={})
    page = browser.get("/datasets").text
    assert "you have no account on the host yet" in page
    assert "Send this choice" not in page


def test_home_says_what_each_laptop_has_and_how_its_last_transfer_ended(portal: Scene) -> None:
    browser = portal.browser("anna")
    assert "Unknown: the journal of the host, as far as it reaches back" in browser.get("/").text
    newest = replace(laptop("none"), generation=GENERATION)
    older = replace(laptop("none", "", 30), generation="2026-01-01T000000Z-0000")
    portal.door.seen["anna"] = Activity(None, AT, {}, (newest, older))
    forget(portal)
    page = browser.get("/").text
    assert "annas-mac" in page
    assert "it has the newest data" in page
    assert "unknown laptop" in page
    assert "last transfer broke off" in page


def test_a_key_shows_its_last_use_and_unknown_where_there_is_none_on_record(portal: Scene) -> None:
    browser = portal.browser("anna")
    assert "last use unknown" in browser.get("/keys").text
    (anna,) = (one for one in list_analysts(portal.door.host, "anna"))
    portal.door.seen["anna"] = Activity(None, AT, {anna["keys"][0]["fingerprint"]: AT})
    forget(portal)
    page = browser.get("/keys").text
    assert "last login with it" in page
    assert "last use unknown" not in page


def forget(portal: Scene) -> None:
    """As if the seconds had passed for which a list is kept."""
    portal.app.extensions["host_acts"].accounts._kept = None
