"""What monitoring asks, and who gets an answer."""

from __future__ import annotations

import os

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broker.portal.tokens import Scope
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_only_this_host_and_operators_get_an_answer(portal: Scene, path: str) -> None:
    portal.publishing.answers["syncs"] = {"failures": 0}
    client = portal.app.test_client()
    assert client.get(path).status_code == 200
    assert client.get(path, environ_overrides={"REMOTE_ADDR": ""}).status_code == 200
    for token in ("", portal.token("anna"), portal.token("dora", Scope.ME), "x"):
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get(path, headers=headers, environ_overrides=ELSEWHERE)
        assert answer.status_code == 404
    headers = {"Authorization": f"Bearer {portal.token('dora', Scope.OPERATIONS)}"}
    assert client.get(path, headers=headers, environ_overrides=ELSEWHERE).status_code == 200


def test_it_is_ready_when_database_and_catalog_can_be_read(portal: Scene) -> None:
    assert portal.app.test_client().get("/readyz").text == "database: ok\ncatalog: ok\n"
    (portal.app.extensions["portal"].store / "current").unlink()
    answer = portal.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.text == "database: ok\ncatalog: nothing was published yet\n"


def test_figures_say_which_part_does_not_answer(portal: Scene) -> None:
    portal.publishing.answers |= {
        "syncs": {"failures": 2},
        "disks": [{"path": "/data", "bytes_free": 7}],
    }
    figures = values(portal)
    assert figures["portal_people", ()] == 4
    assert figures["broker_sync_failures", ()] == 2
    assert figures["broker_disk_free_bytes", (("path", "/data"),)] == 7
    assert figures["broker_tables", (("status", "held"),)] == 1
    portal.app.extensions["host_acts"].publishing._kept.clear()
    portal.publishing.is_down = True
    figures = values(portal)
    assert figures["portal_part_up", (("part", "publishing"),)] == 0
    assert figures["portal_part_up", (("part", "database"),)] == 1
    assert ("broker_sync_failures", ()) not in figures


def values(portal: Scene) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = portal.app.test_client().get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
