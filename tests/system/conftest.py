"""A deployed broker per Debian release, shared by all tests that do not break it."""

from __future__ import annotations

import pytest

from tests.hosts import RELEASES, Release, Run

from .deploy import Broker, deploy_once


@pytest.fixture(scope="session")
def deployed(hosts_run: Run, request: pytest.FixtureRequest) -> Broker:
    """The broker that ``ansible-playbook site.yml`` made of a virgin host.

    ``parametrize("deployed", RELEASES, indirect=True)`` asks for every release.
    """
    schedule = {"broker_sync_schedule": "*-01-02"}  # no hour strikes in the middle of a test
    return deploy_once(hosts_run, getattr(request, "param", RELEASES[0]), schedule)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests start first; those that share hosts stay in one xdist worker, in order."""
    items.sort(key=_turn)
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "deployed" in fixtures:
            item.add_marker(pytest.mark.xdist_group(f"broker-{_release(item).number}"))
        elif "pair" in fixtures:
            item.add_marker(pytest.mark.xdist_group("pair"))


def _release(item: pytest.Item) -> Release:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    release = parameters.get("deployed", RELEASES[0])
    assert isinstance(release, Release)
    return release


def _turn(item: pytest.Item) -> int:
    if "test_molecule" in item.nodeid:
        return 0
    return 1 if item.get_closest_marker("system") else 2
