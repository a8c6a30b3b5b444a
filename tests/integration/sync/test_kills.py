"""Nobody ever sees a torn generation, however a sync ends."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from .kills import kill_syncs


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_forty_kills_tear_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    seen = kill_syncs(tmp_path, kills=40, seed=seed)
    assert seen.wrong == [], f"seed {seed}"
    assert seen.reads > 0
    assert seen.pulls > 0
