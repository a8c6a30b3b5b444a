"""A pristine broker for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.hosts import DEFAULT, Run

from .deploy import Broker, pristine


@pytest.fixture
def deployed(hosts_run: Run, request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The broker that ``ansible-playbook site.yml`` made of a virgin host, booted for this test.

    Of ``DEFAULT``; ``parametrize("deployed", RELEASES, indirect=True)`` asks for every release.
    """
    with pristine(hosts_run, getattr(request, "param", DEFAULT)) as broker:
        yield broker
