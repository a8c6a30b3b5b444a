"""What admins and monitoring learn of backups of the portal's database."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broker.portal.database.backup_note import BackupNote, write_note
from tests.unit.portal.pages.reading_html import words
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


def noted(portal: Scene, age: timedelta) -> None:
    at = datetime.now(UTC) - age
    write_note(portal.database.path, BackupNote(at, "/root/<b>portal.backup", 98_304))


def page(portal: Scene, path: str) -> str:
    """The words of a page of an admin."""
    return unescape(words(portal.browser("dora").get(path).text))


def figures(portal: Scene) -> dict[str, float]:
    answer = portal.app.test_client().get("/metrics").text
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer)
        for sample in family.samples
        if "backup" in sample.name or "backup" in sample.labels.values()
    }


def test_where_none_was_made_a_person_is_needed(portal: Scene) -> None:
    assert "No backup of the portal's database was made yet" in page(portal, "/admin/")
    assert "Portal database None yet. needs attention" in page(portal, "/admin/health")
    assert figures(portal) == {"portal_part_upbackup": 1}


def test_the_last_one_is_shown_with_its_age_size_and_file(portal: Scene) -> None:
    noted(portal, timedelta(hours=3))
    health = page(portal, "/admin/health")
    shown = "last backup 3 h ago , 98 kB, written to /root/<b>portal.backup"
    assert shown in health
    assert "A backup should be no older than 7 days" in health
    assert "needs attention" not in health
    assert "backup" not in page(portal, "/admin/")
    found = figures(portal)
    assert found.pop("portal_backup_age_seconds") == pytest.approx(3 * 3600, abs=600)
    assert found == {"portal_part_upbackup": 1, "portal_backup_bytes": 98_304}


def test_an_old_one_needs_attention(portal: Scene) -> None:
    noted(portal, timedelta(days=9))
    health = page(portal, "/admin/health")
    assert "last backup 9 d ago" in health
    assert "needs attention" in health
    sentence = "The last backup of the portal's database is older than 7 days"
    assert sentence in page(portal, "/admin/")
    assert figures(portal)["portal_backup_age_seconds"] > 8 * 86_400


def test_what_is_not_known_of_it_is_said_and_the_rest_works(portal: Scene) -> None:
    noted(portal, timedelta(days=-1))
    health = page(portal, "/admin/health")
    assert "The last backup is not known." in health
    assert "Portal database Not known. needs attention" in health
    assert "of a moment that is yet to come" in page(portal, "/admin/")
    assert figures(portal) == {"portal_part_upbackup": 0}
    assert portal.browser("anna").get("/").status_code == 200
