"""A disk that is full at any point, and places in which a laptop's folder may stand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.disk import small_disk

from .stages import Stage

POINTS = 100 if os.environ.get("BROKER_TORTURE") else 4


@pytest.fixture(params=["folder", "rsync"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with small_disk(tmp_path, "100m") as disk:
        made = Stage(tmp_path, disk / "laptop")
        if request.param == "rsync":
            made.over_a_wire()
        yield made


def test_a_disk_that_is_full_before_any_change_is_one_sentence_and_nothing_is_lost(
    stage: Stage,
) -> None:
    filler = stage.laptop.with_name("filler")
    for point in stage.points(POINTS):
        stage.put_back()
        with stage.start(point, str(filler)) as process:
            _, errors = process.communicate(timeout=120)
        assert process.returncode in (0, 1), errors
        lines = errors.splitlines()
        assert len(lines) == process.returncode, errors
        assert all(line.startswith("broker: ") for line in lines)
        filler.unlink()
        stage.check()
