"""A sync killed at any point: nothing is lost, the data work, and the next sync is whole."""

from __future__ import annotations

import os

import pytest

from .stages import Stage

POINTS = 100 if os.environ.get("BROKER_TORTURE") else 4
KILLED = -9


@pytest.fixture(scope="module", params=["folder", "rsync"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    made = Stage(tmp_path_factory.mktemp("kills"))
    if request.param == "rsync":
        made.over_a_wire()
    return made


def test_killed_before_any_change_of_the_disk_it_leaves_what_works(stage: Stage) -> None:
    for point in stage.points(POINTS):
        stage.put_back()
        with stage.start(point) as process:
            process.communicate(timeout=120)
        assert process.returncode == KILLED
        stage.check()
