"""What changed since a person was here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from broker.portal.pages.home import DataOverview
from tests.unit.catalog.example import NOW, example_catalog


def test_a_table_that_was_loaded_without_news_did_not_change() -> None:
    index = example_catalog(3).index
    before = NOW - timedelta(days=1)
    times = (before - timedelta(hours=1), before + timedelta(hours=1), None)
    tables = [
        replace(one, loaded_at=NOW, changed_at=changed)
        for one, changed in zip(index.tables, times, strict=True)
    ]
    found = DataOverview.of(replace(index, tables=tuple(tables)), NOW).changed_since(before)
    assert [one.table.path for one in found] == [index.tables[1].path]
