"""Stand-ins of Keboola: one for the API, one for each provider's object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.azurite import AzuriteError
from tests.fakes.keboola import Behaviour, StandIn

from .client import Client

SLICED = Behaviour(rows_per_slice=3, least_slices=2)


@pytest.fixture
def keboola(tmp_path: Path) -> Iterator[StandIn]:
    """Without a provider."""
    with StandIn(folder=tmp_path) as serving:
        serving.project.behaviour = SLICED
        yield serving


@pytest.fixture
def client(keboola: StandIn) -> Iterator[Client]:
    """Asks it, with a master token."""
    with Client(keboola.url, keboola.token) as asking:
        yield asking


@pytest.fixture(scope="session", params=["aws", "azure", "gcp"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    """One for each provider; the variables that lead its library there are set meanwhile."""
    folder = tmp_path_factory.mktemp(request.param)
    try:
        serving = StandIn(store=request.param, folder=folder)
    except AzuriteError as error:
        pytest.skip(f"Azurite cannot be installed or started here: {error}")
    with serving, pytest.MonkeyPatch.context() as patch:
        for name, value in serving.store.settings.items():
            patch.setenv(name, value)
        serving.project.behaviour = SLICED
        yield serving
