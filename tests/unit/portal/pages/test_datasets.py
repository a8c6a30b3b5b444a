"""Which datasets laptops get, as a person chooses them."""

from __future__ import annotations

import os
import shlex

import pytest

from broker.catalog.model import CatalogDataset, CatalogIndex, CatalogTable, Relation
from broker.portal.datasets import dataset_states, laptop_command
from tests.unit.catalog.example import NOW
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


def test_the_line_for_a_laptop_has_every_dataset_one_way_or_the_other() -> None:
    words = shlex.split(laptop_command(dataset_states(index(), frozenset({"base"}))))
    assert words == ["bash", "server/scripts/sync_data.sh", "--without", "base", "--dataset", "crm"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
def test_a_choice_is_kept_and_shown_with_its_line(portal: Scene) -> None:
    browser = portal.browser("anna")
    before = browser.get("/datasets").text
    assert "sync_data.sh" not in before
    assert browser.post("/datasets", data={}).status_code == 303
    page = browser.get("/datasets").text
    assert "bash server/scripts/sync_data.sh --without" in page
    assert 'type="checkbox" name="wanted"' in page
    assert " checked" not in page
    assert "sync_data.sh" not in portal.browser("bob").get("/datasets").text
