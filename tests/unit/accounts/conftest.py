from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.manage import Outcome, converge
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths

from .scratch import ScratchSystem, make_root

Ask = Callable[..., Outcome]


@pytest.fixture
def layout(tmp_path: Path) -> HostPaths:
    return make_root(tmp_path / "host")


@pytest.fixture
def system(layout: HostPaths) -> ScratchSystem:
    return ScratchSystem(layout.root)


@pytest.fixture
def ask(layout: HostPaths, system: ScratchSystem) -> Ask:
    """Ask for one analyst, as the command does."""

    def _ask(name: str, *keys: str, check: bool = False, **more: Any) -> Outcome:
        request = parse_request(name, keys=keys or None, **more)
        return converge([request], Host(layout, system), check=check)

    return _ask
