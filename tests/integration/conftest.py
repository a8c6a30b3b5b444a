"""Object stores of all providers, started once for every test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.fakes.azurite import AzuriteError
from rig.fakes.keboola import Behaviour, StandIn


@pytest.fixture(scope="session", params=["aws", "azure", "gcp"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    """A Keboola project for each provider; the variables that lead its library there are set.

    Whoever uses it leaves no bucket, and is in the xdist group ``object-stores``.
    """
    folder = tmp_path_factory.mktemp(request.param)
    try:
        serving = StandIn(store=request.param, folder=folder)
    except AzuriteError as error:
        pytest.skip(f"Azurite cannot be installed or started here: {error}")
    with serving, pytest.MonkeyPatch.context() as patch:
        for name, value in serving.store.settings.items():
            patch.setenv(name, value)
        serving.project.behaviour = Behaviour(rows_per_slice=3, least_slices=2)
        yield serving
