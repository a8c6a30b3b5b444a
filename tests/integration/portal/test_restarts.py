"""A restart loses no request, and a worker that is killed no more than what it held."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.portal.server import threads
from tests.benchmarks.portal.restarts import failed, killed, restarted, served, workers_of
from tests.benchmarks.portal.served import FOLDER, cookie, portal
from tests.unit.catalog.example import write_example

from .ended_early import FIRST
from .running import free_port

TABLE = "/catalog/table/shop/table_0"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, str]]:
    """The cookie of someone who is signed in, and the environment of a portal with ten tables."""
    write_example(tmp_path / "store", 10, audiences=(("finance", "private"),))
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return cookie(portal()), {FOLDER: str(tmp_path)}


def test_a_restart_under_load_loses_no_request(work: tuple[str, dict[str, str]]) -> None:
    header, environment = work
    found = restarted(free_port(), TABLE, header, environment, restarts=3, between=50)
    assert failed(found) == 0, found
    assert min(found["GET 200"], found["POST 400"]) >= 50


def test_a_worker_that_is_killed_loses_no_more_than_its_threads_held(
    work: tuple[str, dict[str, str]],
) -> None:
    header, environment = work
    found = killed(free_port(), TABLE, header, environment, kills=2, between=50)
    assert failed(found) <= 2 * threads, found
    assert min(found["GET 200"], found["POST 400"]) >= 50


def test_a_worker_that_gets_the_signal_to_end_as_it_begins_ends(
    work: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    first = tmp_path / "first"
    environment = {**work[1], FIRST: str(first), "PORTAL_WORKERS": "1"}
    application = "tests.integration.portal.ended_early:portal()"
    with served(free_port(), environment, application) as master:
        assert int(first.read_text()) not in workers_of(master.pid)
