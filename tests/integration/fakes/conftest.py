"""A stand-in of Keboola's API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.fakes.keboola import Behaviour, StandIn

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
