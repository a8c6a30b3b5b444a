from __future__ import annotations

from pathlib import Path

import pytest

from broker.publish import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store without groups, as on a laptop."""
    return Store(tmp_path / "data", reserve_bytes=0)
