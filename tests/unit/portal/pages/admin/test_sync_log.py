"""The log of a sync as admins see it, and where there is none."""

from __future__ import annotations

import os
from typing import Any

import pytest

from broker.errors import PublishError
from tests.unit.portal.scene import PublishingScript, Scene

from ..reading_html import read, words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
RUN, OTHER = "0123456789abcdef" * 2, "f" * 32
PATH = f"/admin/syncs/runs/{RUN}"
ENDED = {
    "outcome": "failed",
    "reason": "memory ran out (broker_sync_memory_max)",
    "unit": "broker-sync.service",
    "invocation": RUN,
    "began": "2026-11-30T11:59:00+00:00",
    "ended": "2026-11-30T12:00:00+00:00",
}


def line(text: str, level: str = "info", *, is_systemd: bool = False) -> dict[str, Any]:
    at = "2026-11-30T12:00:00.25+00:00"
    return {"at": at, "level": level, "text": text, "is_systemd": is_systemd}


def has(portal: Scene, *lines: dict[str, Any], hidden: int = 0, **run: Any) -> None:
    portal.publishing.answers |= {
        "syncs": {"ended": [{**ENDED, **run}], "failures": 1},
        "log": {"lines": [*lines], "hidden": hidden, "is_cut": False},
    }


def test_lines_are_shown_with_time_and_level_and_hostile_ones_are_inert(portal: Scene) -> None:
    hostile = "table=\u202e<script>alert(1)</script>\x1b[2J"
    has(portal, line("table=shop/orders phase=read"), line(hostile, "error"), hidden=2)
    page = portal.browser("dora").get(PATH).text
    assert read(page).rows("Log") == [
        ["12:00:00", "info", "table=shop/orders phase=read"],
        ["12:00:00", "error", r"table=\u202e<script>alert(1)</script>\x1b[2J"],
    ]
    assert "<script>alert" not in page
    assert "2 lines of a crash or of another program are not shown" in words(page)
    assert "memory ran out" in page
    assert f"sudo journalctl --output=cat _SYSTEMD_INVOCATION_ID={RUN}" in page
    request = portal.publishing.requests[-1]
    assert request == {"verb": "log", "invocation": RUN}


def test_lines_of_systemd_about_the_run_are_marked(portal: Scene) -> None:
    has(portal, line("A process of this unit has been killed", "warning", is_systemd=True))
    page = portal.browser("dora").get(PATH).text
    assert read(page).rows("Log")[0][2] == "systemd: A process of this unit has been killed"


def test_a_journal_that_dropped_the_run_is_one_sentence(portal: Scene) -> None:
    has(portal)
    page = words(portal.browser("dora").get(PATH).text)
    assert "The journal of the host no longer has this sync" in page
    has(portal, line("table=a"))
    assert "no longer has" not in words(portal.browser("dora").get(PATH).text)


def test_a_run_by_hand_says_where_its_lines_went(portal: Scene) -> None:
    has(portal, line("Started", is_systemd=True), unit="broker-run-sync-77.service")
    page = words(portal.browser("dora").get(PATH).text)
    assert "A person typed broker sync on the host: its lines went to their terminal" in page
    assert "_SYSTEMD_INVOCATION_ID" not in page


def test_the_newest_lines_say_that_there_are_older_ones(portal: Scene) -> None:
    has(portal, line("table=a"))
    portal.publishing.answers["log"]["is_cut"] = True
    assert "older ones are on the host" in words(portal.browser("dora").get(PATH).text)


def test_a_run_that_goes_on_has_a_log_as_well(portal: Scene) -> None:
    portal.publishing.answers |= {
        "syncs": {
            "running_since": ENDED["began"],
            "running": [
                {"unit": ENDED["unit"], "invocation": RUN, "began": "2026-11-30T11:59:00+00:00"}
            ],
            "ended": [],
            "failures": 0,
        },
        "log": {"lines": [], "hidden": 0, "is_cut": False},
    }
    dora = portal.browser("dora")
    assert PATH in read(dora.get("/admin/syncs").text).links
    assert "None is on record" not in dora.get("/admin/syncs").text
    page = words(dora.get(PATH).text)
    assert "running" in page
    assert "It has not written anything yet." in page


@pytest.mark.parametrize("path", [f"/admin/syncs/runs/{OTHER}", "/admin/syncs/runs/-u"])
def test_no_other_unit_is_asked_for(portal: Scene, path: str) -> None:
    has(portal)
    assert portal.browser("dora").get(path).status_code == 404
    assert "log" not in [one["verb"] for one in portal.publishing.requests]


def test_the_helper_learns_which_admin_reads_and_what_it_refuses_is_shown(portal: Scene) -> None:
    has(portal)
    behalf: list[str | None] = []

    class Refusing(PublishingScript):
        def call(self, verb: str, **fields: Any) -> dict[str, Any]:
            if verb == "log":
                raise PublishError("no sync of this id is on record", where=fields["invocation"])
            return super().call(verb, **fields)

    script = Refusing(portal.publishing.answers)

    def helper_for(name: str | None) -> PublishingScript:
        behalf.append(name)
        return script

    portal.app.extensions["host_acts"].publishing._helper_for = helper_for
    page = words(portal.browser("dora").get(PATH).text)
    assert "The log cannot be shown." in page
    assert "no sync of this id is on record" in page
    assert behalf[-1] == "dora@example.com"


def test_where_the_host_does_not_answer_the_page_says_so(portal: Scene) -> None:
    portal.publishing.is_down = True
    page = words(portal.browser("dora").get(PATH).text)
    assert "The log cannot be shown." in page
    assert "no longer has" not in page
