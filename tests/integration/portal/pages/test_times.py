"""Instants in the reader's own zone, in a real browser; in UTC without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from broker.portal.database.models import PortalPerson

from ..judging import opened
from .gallery import Stage, staged

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone"),
]
# In Prague summer time begins and ends at 01:00 UTC, in New York six and five hours later.
BEFORE_ITS_END = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
AFTER_ITS_END = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
AFTER_ITS_BEGIN = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
IN_WINTER = datetime(2026, 1, 1, 4, 59, tzinfo=UTC)
LOCAL = {
    ("Europe/Prague", BEFORE_ITS_END): "2026-10-25 02:30 UTC+2",
    ("Europe/Prague", AFTER_ITS_END): "2026-10-25 02:30 UTC+1",
    ("Europe/Prague", AFTER_ITS_BEGIN): "2026-03-29 03:30 UTC+2",
    ("America/New_York", AFTER_ITS_END): "2026-10-24 21:30 UTC-4",
    ("America/New_York", IN_WINTER): "2025-12-31 23:59 UTC-5",
    ("Asia/Kolkata", IN_WINTER): "2026-01-01 10:29 UTC+5:30",
    ("Europe/London", IN_WINTER): "2026-01-01 04:59 UTC",
    ("UTC", IN_WINTER): "2026-01-01 04:59 UTC",
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def since(chromium: Browser, stage: Stage, instant: datetime, **options: Any) -> Page:
    """The page of Anna, who is here since then."""
    person = stage.scene.people["anna"]
    with stage.scene.database.begin() as session:
        session.get_one(PortalPerson, person).created_at = instant
    return opened(chromium, f"{stage.origin}/admin/people/{person}", **options)


@pytest.mark.parametrize(("zone", "instant"), LOCAL)
@pytest.mark.parametrize("locale", ["en-US", "fa-IR"])
def test_an_instant_is_shown_in_the_zone_of_the_reader_with_its_offset(
    chromium: Browser, stage: Stage, zone: str, instant: datetime, locale: str
) -> None:
    page = since(chromium, stage, instant, timezone_id=zone, locale=locale)
    shown = page.locator("dt", has_text="Here since").locator("xpath=following::time[1]")
    assert shown.text_content() == LOCAL[zone, instant]
    assert shown.get_attribute("title") == f"{instant:%Y-%m-%d %H:%M} UTC"
    page.close()


def test_an_age_stays_one_and_its_title_has_both(chromium: Browser, stage: Stage) -> None:
    page = since(chromium, stage, BEFORE_ITS_END, timezone_id="Asia/Kolkata")
    page.goto(f"{stage.origin}/")
    age = page.locator("time", has_text="3 h ago").first
    utc = datetime.fromisoformat(str(age.get_attribute("datetime")))
    title = str(age.get_attribute("title"))
    local, _, rest = title.partition(", ")
    assert rest == f"{utc:%Y-%m-%d %H:%M} UTC"
    assert local.endswith(" UTC+5:30")
    assert datetime.strptime(f"{local[:16]} +0530", "%Y-%m-%d %H:%M %z") == utc.replace(second=0)
    page.close()


def test_without_javascript_it_is_utc(chromium: Browser, stage: Stage) -> None:
    page = since(
        chromium, stage, AFTER_ITS_END, timezone_id="Europe/Prague", java_script_enabled=False
    )
    shown = page.locator("dt", has_text="Here since").locator("xpath=following::time[1]")
    assert shown.text_content() == "2026-10-25 01:30 UTC"
    page.close()
